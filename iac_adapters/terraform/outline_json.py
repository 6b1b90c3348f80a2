"""The outline of a `*.tf.json` file.

Source: Terraform's JSON configuration syntax: block types and labels are object keys, a
block's body is an object or an array of objects, and references are strings.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from iac_adapters.terraform.hcl_errors import hcl_error
from iac_adapters.terraform.outline import (
    LABELS,
    SUBJECTS,
    BlockOutline,
    Outline,
    local_source,
)


def outline_of_json(text: str, *, file: str) -> Outline:
    """Return the outline of JSON configuration `text`; without blocks when it is broken."""
    try:
        document = parse_json(text, file=file)
    except ValueError as error:
        return Outline((), warning=str(error))
    return Outline(tuple(_blocks(text, document)))


def parse_json(text: str, *, file: str) -> dict[str, Any]:
    """Return the document.

    Raises:
        ValueError: it is broken; the message has file, line and caret.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        broken = hcl_error(
            file, text, line=error.lineno, column=error.colno, what=f"invalid JSON: {error.msg}"
        )
        raise ValueError(str(broken)) from None
    except RecursionError:
        raise ValueError(f"{file}:1:1: is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError(f"{file}:1:1: a configuration is a JSON object")  # noqa: TRY004 - its text
    return document


def _blocks(text: str, document: Mapping[str, Any]) -> Iterator[BlockOutline]:
    for kind, count in LABELS.items():
        for labels, body in _labelled(document.get(kind), count):
            yield _block(text, kind, labels, body)


def _labelled(node: Any, count: int) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for body in _bodies(node):
        if count == 0:
            yield (), body
            continue
        for label, inner in body.items():
            if label == "//":
                continue
            for labels, found in _labelled(inner, count - 1):
                yield (label, *labels), found


def _bodies(node: Any) -> list[Mapping[str, Any]]:
    nodes = node if isinstance(node, list) else [node]
    return [body for body in nodes if isinstance(body, dict)]


def _block(text: str, kind: str, labels: tuple[str, ...], body: Mapping[str, Any]) -> BlockOutline:
    lifecycle: dict[str, Any] = {}
    for inner in _bodies(body.get("lifecycle")):
        lifecycle.update(inner)
    subject = body.get(SUBJECTS[kind]) if kind in SUBJECTS else None
    return BlockOutline(
        type=kind,
        labels=labels,
        line=_line(text, (kind, *labels)),
        ignore_changes=_text(lifecycle.get("ignore_changes")),
        source=local_source(json.dumps(body.get("source"))) if kind == "module" else None,
        subject=subject if isinstance(subject, str) else None,
        backend=_backend(body) if kind == "terraform" else None,
        ephemeral=kind == "variable" and body.get("ephemeral") is True,
    )


def _text(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _backend(body: Mapping[str, Any]) -> str | None:
    for entry in _bodies(body.get("backend")):
        if entry:
            return str(next(iter(entry)))
    return "cloud" if "cloud" in body else None


def _line(text: str, keys: tuple[str, ...]) -> int:
    """Return the line of the last key, looking for each behind the one before it."""
    position = 0
    for key in keys:
        match = re.compile(rf"{re.escape(json.dumps(key, ensure_ascii=False))}\s*:").search(
            text, position
        )
        if match is None:
            break
        position = match.end()
    return text.count("\n", 0, position) + 1
