"""The revisions of a template as lines: what each changed, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from reconciler.wire.templates import Template
from tui.ages import age, clock
from tui.ink import Line, line
from tui.lines.finding import inside_lines


def revision_lines(revisions: Sequence[Template]) -> Iterator[Line]:
    """Yield each revision with what differs from the one before; the oldest whole."""
    for revision in revisions:
        yield line(
            (f"revision {revision.revision}", "strong"),
            (f"  {clock(revision.updated_at)}  ({age(revision.updated_at)} ago)", "dim"),
        )
        yield from _changed(revision)
        yield ()


def _changed(revision: Template) -> Iterator[Line]:
    comparison = revision.comparison
    if comparison is None:
        text = orjson.dumps(revision.template_definition, option=orjson.OPT_INDENT_2).decode()
        yield from (line(f"    {each}") for each in text.splitlines())
    elif comparison.only_order:
        yield line("    ", ("order or spelling only", "info"))
    elif comparison.complete and not comparison.differences:
        yield line("    ", ("the declared form is that of the revision before", "dim"))
    else:
        yield from inside_lines(comparison)
