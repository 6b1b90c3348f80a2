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
    inside = [f"  {line}" for path, live in _by_place(changes) for line in _hcl_lines(path, live)]
    return "\n".join([*lines, *inside, "}", ""])


def yaml_declaration(urn: str, changes: Sequence[Change]) -> str:
    """Return what to write into a resource's inputs, as YAML: JSON is YAML."""
    lines = [f"# {urn}", "properties:"]
    for path, live in _by_place(changes):
        if live is None:
            lines.append(f"  # {_text(path)} {_GONE}")
        else:
            lines.append(f"  {_text(path)}: {json.dumps(_plain(live), ensure_ascii=False)}")
    return "\n".join([*lines, ""])


def _block_name(address: str) -> tuple[str, str]:
    bare = re.sub(r"\[[^\]]*\]", "", address)
    parts = bare.split(".")
    return (parts[-2], parts[-1]) if len(parts) > 1 else ("TYPE", bare)


def _by_place(changes: Sequence[Change]) -> Iterator[tuple[Steps, Value]]:
    for change in changes:
        steps = steps_of(change.path)
        # The index of an element is ours; code names none.
        yield tuple(step for step in steps if isinstance(step, str)), change.live


def _hcl_lines(path: Steps, live: Value) -> Iterator[str]:
    if live is None:
        yield f"# {_text(path)} {_GONE}"
        return
    *around, name = path
    for depth, block in enumerate(around):
        yield f"{'  ' * depth}{_key(str(block))} {{"
    indent = "  " * len(around)
    if isinstance(live, dict):
        yield f"{indent}{_key(str(name))} {{"
        for key, value in _said(live):
            yield f"{indent}  {_key(key)} = {_hcl(value, indent + '  ')}"
        yield f"{indent}}}"
    else:
        yield f"{indent}{_key(str(name))} = {_hcl(live, indent)}"
    for depth in reversed(range(len(around))):
        yield f"{'  ' * depth}}}"


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
    return ".".join(map(str, path))


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
