"""What the local values of a stack's code refer to, by their text alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from iac_adapters.terraform.hcl_text import NAME_BEGINS, statements
from reconciler.bounded_files import read_text
from reconciler.domain.values import texts_in

_LOCALS: Final = "locals"
_TRAVERSAL: Final = re.compile(
    NAME_BEGINS + r"[^\W\d][\w-]*(?:(?:\[[^\[\]\n]*\]|\.\*|\.\d+)*\.[^\W\d][\w-]*)+"
)
_INDEX: Final = re.compile(r"\[([^\[\]\n]*)\]")


def local_references(files: Iterable[Path]) -> dict[str, frozenset[str]]:
    """Return by name the references in each local value of `files`, which are read.

    A file that cannot be read adds nothing: the plan says why.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in files:
        try:
            text = read_text(file, errors="replace")
        except OSError:
            continue
        for name, value in _in_json(text) if file.name.endswith(".json") else _in_hcl(text):
            found[name].update(_traversals(value))
    return {name: frozenset(references) for name, references in found.items()}


def _in_hcl(text: str) -> Iterator[tuple[str, str]]:
    if _LOCALS not in text:
        return
    for block in statements(text):
        if block.is_block and block.name == _LOCALS:
            for argument in statements(text, block.start, block.end):
                yield argument.name, text[argument.start : argument.end]


def _in_json(text: str) -> Iterator[tuple[str, str]]:
    try:
        document = orjson.loads(text)
    except ValueError:
        return
    blocks: Any = document.get(_LOCALS, ()) if isinstance(document, dict) else ()
    for block in blocks if isinstance(blocks, list) else [blocks]:
        if isinstance(block, dict):
            for name, value in block.items():
                yield name, "\n".join(texts_in(value))


def _traversals(text: str) -> Iterator[str]:
    for part in (text, *_INDEX.findall(text)):
        yield from _TRAVERSAL.findall(part)
