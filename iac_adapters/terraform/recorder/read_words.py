"""What providers quote when a data source cannot be read: no secret of it is told on.

The state tells what is secret of the data sources that an apply has read, with the arguments that
they had then. Of one that is new, or asked with another value by now, nobody else knows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson

from iac_adapters.redaction.recognise import secret_texts
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.terraform.command import ToolRun
from iac_adapters.terraform.diagnostics_text import Diagnostic, parse_events
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.recorder.capture import ConnectionCapture, DataRead
from iac_adapters.terraform.recorder.failed_reads import is_failed_read
from iac_adapters.terraform.redaction import secrets_of
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.values import decode
from reconciler.bounded_files import apart, read_text

_MARK: Final = "sensitive"


async def without_secrets(
    diagnostics: Sequence[Diagnostic],
    captures: Sequence[ConnectionCapture],
    schemas: Mapping[str, ProviderSchema],
    *,
    files: Sequence[Path],
    place: Path,
) -> Sequence[Diagnostic]:
    """Return `diagnostics`, what is secret of data sources blanked in those of failed reads.

    The wire does not say which argument is secret. Where the code in `files` calls any value so,
    all that it sets in a data source that could not be read counts as that.

    Raises:
        PermanentError: a configuration does not fit its schema.
    """
    if not any(map(is_failed_read, diagnostics)):
        return diagnostics
    without = (await _redactor(captures, schemas, files=files, place=place)).without
    return tuple(
        replace(one, summary=without(one.summary), detail=without(one.detail))
        if is_failed_read(one)
        else one
        for one in diagnostics
    )


async def run_without_secrets(
    run: ToolRun,
    captures: Sequence[ConnectionCapture],
    schemas: Mapping[str, ProviderSchema],
    *,
    files: Sequence[Path],
    place: Path,
) -> ToolRun:
    """Return `run`, which says why nothing could be recorded, blanked in the same way."""
    diagnostics, events = parse_events(run.stdout)
    if not any(map(is_failed_read, diagnostics)):
        return run
    without = (await _redactor(captures, schemas, files=files, place=place)).without
    for event in events:
        told = event.get("diagnostic")
        for texts, name in ((event, "@message"), (told, "summary"), (told, "detail")):
            if isinstance(texts, dict) and isinstance(texts.get(name), str):
                texts[name] = without(texts[name])
    return replace(run, stdout=b"\n".join(map(orjson.dumps, events)))


async def _redactor(
    captures: Sequence[ConnectionCapture],
    schemas: Mapping[str, ProviderSchema],
    *,
    files: Sequence[Path],
    place: Path,
) -> Redactor:
    marked = await apart(lambda: _marks_secrets(files), place=place)
    words = {
        word
        for capture in captures
        for read in capture.data_reads
        for word in _words(read, schemas[capture.source], marked=marked)
    }
    return Redactor(frozenset(words))


def _marks_secrets(files: Iterable[Path]) -> bool:
    """Whether code calls any value of its own secret, by a variable or by the function."""
    return any(_MARK in read_text(file, errors="replace") for file in files)


def _words(read: DataRead, schema: ProviderSchema, *, marked: bool) -> Iterator[str]:
    asked = message("ReadDataRequest").FromString(read.request)
    known = schema.data_source(asked.type_name)
    if known is None:
        return
    config = decode(asked.config.msgpack, known)
    # What one data source has told may be what the next is asked with.
    answered = decode(read.state, known) if read.state else None
    yield from secrets_of(known, ()).with_words_of([config, answered]).words
    if marked and not read.state:
        yield from secret_texts(config)
