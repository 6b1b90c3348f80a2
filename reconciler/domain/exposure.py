"""Whether a value lets in more than was meant: the whole internet, or any principal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from reconciler.domain.values import Value

_WORLD: Final = frozenset({"0.0.0.0/0", "::/0"})
_EVERYWHERE: Final = frozenset({"*", "internet", "any"})
_ANYONE: Final = frozenset(
    {
        "*",
        "allusers",
        "allauthenticatedusers",
        "public-read",
        "public-read-write",
        "publicread",
        "publicreadwrite",
        "authenticated-read",
        "http://acs.amazonaws.com/groups/global/allusers",
        "http://acs.amazonaws.com/groups/global/authenticatedusers",
    }
)
_WHOM: Final = frozenset({"principal", "principals", "aws", "members", "member", "identifiers"})


def lets_in_the_world(value: Value) -> bool:
    """Tell whether an address range in `value` covers every address.

    Azure's words for everywhere (`*`, `Internet`) count only as a source: as a port or
    a protocol they say something else.
    """
    return any(
        leaf.lower() in _WORLD or (leaf.lower() in _EVERYWHERE and "source" in key)
        for key, leaf in _leaves(value, "")
    )


def admits_anyone(value: Value) -> bool:
    """Tell whether a policy, a grant or an access list in `value` admits everybody.

    A lone `*` counts only as the value itself or as a principal: `Action: "*"` says
    what may be done, not who may do it. A Deny statement admits nobody.
    """
    return any(
        leaf.lower() in _ANYONE and (leaf != "*" or key in _WHOM)
        for key, leaf in _leaves(value, "principal")
    )


def allows_everything(value: Value) -> bool:
    """Tell whether a policy document in `value` allows every action: `Action` is `*` or `*:*`."""
    document = parsed_document(value) if isinstance(value, str) else value
    return any(
        str(statement.get("Effect", "")).lower() == "allow" and _has_every_action(statement)
        for statement in _objects(document)
    )


def _has_every_action(statement: dict[str, Any]) -> bool:
    action = statement.get("Action")
    return any(one in {"*", "*:*"} for one in (action if isinstance(action, list) else [action]))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for below in value.values():
            yield from _objects(below)
    elif isinstance(value, list):
        for below in value:
            yield from _objects(below)


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        parsed = parsed_document(value)
        if parsed is None:
            yield key, value
        else:
            yield from _leaves(parsed, "")
    elif isinstance(value, dict):
        if str(value.get("Effect", value.get("effect", ""))).lower() == "deny":
            return
        for name, below in value.items():
            yield from _leaves(below, str(name).lower())
    elif isinstance(value, list):
        for below in value:
            yield from _leaves(below, key)


def parsed_document(text: str) -> dict[str, Any] | list[Any] | None:
    """Return the JSON object or array that `text` is, or None when it is plain text."""
    if text[:1] not in ("{", "["):
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict | list) else None
