"""Whether a value lets in more than was meant: the whole internet, or any principal."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from typing import Any, Final

from reconciler.domain.values import Value

_EVERYWHERE: Final = frozenset({"*", "internet", "any", "everywhere"})
_RANGES: Final = frozenset({"0.0.0.0-255.255.255.255", "0/0"})
_HALF: Final = {4: 1, 6: 3}
"""Prefixes up to this length count as every address: two halves make the whole."""
# A policy's `Resource` is no source.
_SOURCE: Final = re.compile(r"(?<!re)source")
_BETWEEN: Final = re.compile(r"[,;\s]+")
_ANYONE: Final = frozenset(
    {
        "allusers",
        "allauthenticatedusers",
        "public-read",
        "public-read-write",
        "publicread",
        "publicreadwrite",
        "authenticated-read",
        "http://acs.amazonaws.com/groups/global/allusers",
        "http://acs.amazonaws.com/groups/global/authenticatedusers",
        "system:authenticated",
        "system:unauthenticated",
        "system:anonymous",
        "user:*",
        "group:*",
        "all users",
        "authenticated users",
    }
)
_ANYONE_AS_PRINCIPAL: Final = frozenset({"*", "public", "everyone", "anyone", "anonymous", "world"})
_WHOM: Final = frozenset(
    {
        *("principal", "principals", "aws", "members", "member", "identifiers", "federated"),
        *("subject", "subjects", "user", "users", "grantee", "grantees", "group", "groups"),
    }
)


def lets_in_the_world(value: Value) -> bool:
    """Tell whether an address range in `value` covers every address, or half of them.

    Azure's words for everywhere (`*`, `Internet`) count only as a source: as a port or
    a protocol they say something else.
    """
    return any(
        _is_world(part) or (part in _EVERYWHERE and _SOURCE.search(key) is not None)
        for key, leaf in _leaves(value, "")
        for part in _BETWEEN.split(leaf.lower())
    )


def _is_world(text: str) -> bool:
    if text in _RANGES:
        return True
    address, slash, length = text.partition("/")
    if not (slash and address[:1] in "0123456789abcdef:" and length.isdecimal()):
        return False
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.prefixlen <= _HALF[network.version]


def admits_anyone(value: Value) -> bool:
    """Tell whether a policy, a grant or an access list in `value` admits everybody.

    A lone `*` or `public` counts only as the value itself or as a principal: `Action: "*"`
    says what may be done, not who may do it. A Deny statement admits nobody.
    """
    return any(
        leaf.lower() in _ANYONE or (leaf.lower() in _ANYONE_AS_PRINCIPAL and key in _WHOM)
        for key, leaf in _leaves(value, "principal")
    )


def allows_everything(value: Value) -> bool:
    """Tell whether `value` allows every action.

    A policy statement whose `Action` is `*` or `*:*`, or a rule whose `verbs` and `resources`
    are both `*`.
    """
    document = parsed_document(value) if isinstance(value, str) else value
    return any(_is_whole_statement(part) or _is_whole_rule(part) for part in _objects(document))


def _is_whole_statement(statement: dict[str, Any]) -> bool:
    keys = {str(key).lower(): item for key, item in statement.items()}
    if str(keys.get("effect", "")).lower() != "allow":
        return False
    return any(_holds_star(keys.get(name)) for name in ("action", "actions"))


def _is_whole_rule(rule: dict[str, Any]) -> bool:
    return _holds_star(rule.get("verbs")) and _holds_star(rule.get("resources"))


def _holds_star(value: Any) -> bool:
    return any(entry in ("*", "*:*") for entry in (value if isinstance(value, list) else [value]))


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
