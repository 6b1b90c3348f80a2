"""YAML that is only another spelling of JSON: no anchors, no tags of its own, no surprises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from reconciler.api.refusal import Refusal
from reconciler.api.strict_json import DEPTH, MOST_VALUES, check_tree

_MOST_EVENTS: Final = 4 * MOST_VALUES
"""A value is at most two, and its key one more."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_HIGHEST_INTEGER: Final = 2**63 - 1


def parse_yaml(body: bytes) -> Any:
    """Return what the one document of `body` says, as JSON could have said it.

    A date stays the text it was written as.

    Raises:
        Refusal: 400 when it is no YAML, 422 when it is YAML we do not take.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(400, "not-utf-8", f"the body is not UTF-8 (byte {error.start})") from error
    try:
        _check_events(text)
        tree = yaml.load(text, Loader=_PlainLoader)  # noqa: S506 - derived from SafeLoader
    except yaml.YAMLError as error:
        raise Refusal(400, "not-yaml", f"the body is not YAML: {_first_line(error)}") from error
    except (ValueError, RecursionError) as error:
        raise Refusal(422, "unfit-yaml", "the body holds a value that cannot be read") from error
    plain = _plain(tree)
    check_tree(plain)
    return plain


def _check_events(text: str) -> None:
    """Refuse what grows while it is built, before anything is built."""
    depth = 0
    for count, event in enumerate(_events(text)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Refusal(422, "yaml-alias", "anchors and aliases are not accepted; write it out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH:
            raise Refusal(422, "too-deep", f"the body is nested more than {DEPTH} levels deep")
        if count > _MOST_EVENTS:
            raise Refusal(422, "too-large", "the body holds too many values")


def _events(text: str) -> Iterator[yaml.Event]:
    return yaml.parse(text, Loader=_Loader)


class _PlainLoader(_Loader):  # type: ignore[misc] # whichever there is
    """SafeLoader whose mappings name a key once and whose dates stay text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's own signature
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if len({repr(key) for key in keys}) != len(keys):
            raise Refusal(422, "duplicate-key", "a mapping has a key twice")
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 would read `on` as true, 0755 as 493, 22:22 as 1342 and 2026-05-01 as a date;
# what is taken here is what JSON has, and everything else is the text it looks like.
_PlainLoader.yaml_implicit_resolvers = {}
_WORDS: Final = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+0123456789."),
    ),
}
for _name, (_pattern, _first) in _WORDS.items():
    _PlainLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(rf"^(?:{_pattern})$"), _first
    )


def _plain(value: Any) -> Any:
    """Return `value` when JSON has it; a key that is a number or truth becomes text."""
    match value:
        case dict():
            return {_key(key): _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case bool() | None | str():
            return value
        case int() if abs(value) <= _HIGHEST_INTEGER:
            return value
        case float() if value == value and abs(value) != float("inf"):  # noqa: PLR0124 - NaN
            return value
        case int() | float():
            raise Refusal(422, "number-out-of-range", "a number is too large or none at all")
        case _:
            raise Refusal(422, "unfit-yaml", f"JSON has no {type(value).__name__}")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    raise Refusal(422, "unfit-yaml", f"the key {str(key)[:40]!r} is not text; put it in quotes")


def _first_line(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split())[:200]
