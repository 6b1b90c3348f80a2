"""The code that would declare an undeclared change. Pure; it is printed, and put nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from reconciler.domain.exposure import parsed_document
from reconciler.domain.model import Change
from reconciler.domain.paths import Steps, steps_of
from reconciler.domain.values import Sensitive, Unknown, Value

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_GONE: Final = "is not there any more: nothing can be declared"


def hcl_declaration(address: str, changes: Sequence[Change]) -> str:
    """Return what to write into the resource's block at `address`, as HCL."""
    kind, name = _block_name(address)
    lines = [f'resource "{kind}" "{name}" {{', "  # what stands in the block already stays"]
    return _hcl_block(lines, changes)


def hcl_child(kind: str, parent: str, changes: Sequence[Change]) -> str:
    """Return a block of its own for an added child of `parent`, as far as its content is known."""
    lines = [
        f"# refers to {parent}; an import block for it keeps an apply from making it again",
        f'resource "{kind}" "added" {{',
    ]
    return _hcl_block(lines, changes)


def _hcl_block(lines: Sequence[str], changes: Sequence[Change]) -> str:
    inside = [
        f"  {line}" for change in changes for line in _hcl_lines(steps_of(change.path), change.live)
    ]
    return "\n".join([*lines, *inside, "}", ""])


def yaml_declaration(urn: str, changes: Sequence[Change]) -> str:
    """Return what to write into a resource's inputs, as YAML: JSON is YAML."""
    return "\n".join([f"# {urn}", "properties:", *_yaml_lines(changes), ""])


def yaml_child(kind: str, parent: str, changes: Sequence[Change]) -> str:
    """Return a resource of its own for an added child of `parent`, as far as that is known."""
    lines = [
        f"# refers to {parent}; `options: {{import: ID}}` keeps an update from making it again",
        "added:",
        f"  type: {kind}",
        "  properties:",
    ]
    return "\n".join([*lines, *(f"  {line}" for line in _yaml_lines(changes)), ""])


def _yaml_lines(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        path, live = _text(steps_of(change.path)), change.live
        if live is None:
            yield f"  # {path} {_GONE}"
        else:
            # In Pulumi's YAML `${` begins a reference.
            text = json.dumps(_plain(live), ensure_ascii=False).replace("${", "$${")
            yield f"  {path}: {text}"


def _block_name(address: str) -> tuple[str, str]:
    bare = re.sub(r"\[[^\]]*\]", "", address)
    parts = bare.split(".")
    return (parts[-2], parts[-1]) if len(parts) > 1 else ("TYPE", bare)


def _hcl_lines(path: Steps, live: Value) -> Iterator[str]:
    if live is None:
        yield f"# {_text(path)} {_GONE}"
        return
    yield from _nested(path, live, "")


def _nested(path: Steps, live: Value, indent: str) -> Iterator[str]:
    """Yield the lines of one place: blocks have an index behind their name, maps have a key."""
    name, rest = _key(str(path[0])), path[1:]
    is_element = bool(rest) and isinstance(rest[0], int)
    below = rest[1:] if is_element else rest
    if not below and not (is_element and isinstance(live, dict)):
        yield f"{indent}{name} = {_hcl(live, indent)}"
        return
    yield f"{indent}{name} {{" if is_element else f"{indent}{name} = {{"
    if below:
        yield from _nested(below, live, f"{indent}  ")
    elif isinstance(live, dict):
        for key, value in _said(live):
            yield f"{indent}  {_key(key)} = {_hcl(value, indent + '  ')}"
    yield f"{indent}}}"


def _said(value: dict[str, Value]) -> Iterator[tuple[str, Value]]:
    for key, item in value.items():
        if item not in (None, "", [], {}):
            yield key, item


def _hcl(value: Value, indent: str) -> str:
    match value:
        case Sensitive() | Unknown():
            return "var.secret # a secret: give it by a variable"
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value)
        case str():
            document = parsed_document(value)
            if document is not None:
                return f"jsonencode({_hcl(document, indent)})"
            return _quoted(value)
        case list():
            return f"[{', '.join(_hcl(item, indent) for item in value)}]"
        case dict():
            inner = "".join(
                f"\n{indent}  {_key(key)} = {_hcl(item, indent + '  ')}"
                for key, item in value.items()
            )
            return f"{{{inner}\n{indent}}}" if inner else "{}"


def _quoted(text: str) -> str:
    # In a template `${` and `%{` begin code.
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted.replace("${", "$${").replace("%{", "%%{")


def _key(name: str) -> str:
    return name if _NAME.match(name) else _quoted(name)


def _text(path: Steps) -> str:
    # The index of an element is ours; code names none.
    return ".".join(step for step in path if isinstance(step, str))


def _plain(value: Value) -> Any:
    match value:
        case Sensitive() | Unknown():
            return "a secret: give it by a configuration value"
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case Decimal():
            return float(value)
        case _:
            return value
