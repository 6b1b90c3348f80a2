"""Outlines of configuration files, kept on disk by what the file holds.

Parsing HCL takes about a second per 7,000 lines; a file that did not change is never
parsed twice. Losing the cache, or finding rubbish in it, only costs that time.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Final

import orjson

from iac_adapters.freed_memory import give_back_memory
from iac_adapters.terraform.outline import BlockOutline, Outline, outline_of
from iac_adapters.terraform.outline_json import outline_of_json

_FORMAT: Final = "outline 4"
# python-hcl2 answers wrongly, and goes on doing so, once two threads were in it.
PARSER: Final = threading.Lock()


def cached_outline(text: str, *, file: str, cache_dir: Path | None) -> Outline:
    """Return the outline of `text`, parsing it only when no equal text was seen before."""
    is_json = file.endswith(".json")
    digest = hashlib.sha256(f"{_FORMAT} {is_json}\n{text}".encode()).hexdigest()
    entry = None if cache_dir is None else cache_dir / digest[:2] / f"{digest}.json"
    if entry is not None and (found := _read(entry)) is not None:
        return found
    with PARSER:
        outline = (outline_of_json if is_json else outline_of)(text, file=file)
    # A warning names the file and quotes its line: neither belongs into the cache.
    if entry is not None and outline.warning is None:
        _write(entry, outline)
    return outline


def forget_parser() -> None:
    """Let go of the parser's tables, 13 MB; whatever is parsed next loads them again, in 80 ms."""
    loaded = sys.modules.get("hcl2.parser")
    if loaded is None or not loaded.parser.cache_info().currsize:
        return
    with PARSER:
        loaded.parser.cache_clear()
    give_back_memory()


def _read(entry: Path) -> Outline | None:
    try:
        return Outline(tuple(_block(block) for block in orjson.loads(entry.read_bytes())))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _block(record: dict[str, object]) -> BlockOutline:
    record["labels"] = tuple(record["labels"])  # type: ignore[arg-type] # checked by TypeError
    return BlockOutline(**record)  # type: ignore[arg-type] # likewise


def _write(entry: Path, outline: Outline) -> None:
    try:
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=entry.parent)
        with os.fdopen(handle, "wb") as stream:
            stream.write(orjson.dumps([asdict(block) for block in outline.blocks]))
        Path(name).replace(entry)
    except OSError:
        return  # A cache that cannot be written makes the next scan slower, nothing else.
