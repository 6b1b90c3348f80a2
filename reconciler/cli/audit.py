"""`trueup audit`: who did what to what."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Final

import click

from reconciler.cli.client.api import Listed
from reconciler.cli.completing import STACKS
from reconciler.cli.examples import examples
from reconciler.cli.identities import nearest
from reconciler.cli.invocation import Invocation, asks_daemon, limit_option
from reconciler.cli.labels import text_of, wrapped
from reconciler.cli.related import STACK
from reconciler.cli.table import Cell, Column
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column("SEQ", right=True),
    Column("WHEN"),
    Column("WHO", least=10),
    Column("DID"),
    Column("TO WHAT", least=12),
    Column("DETAILS", least=12, spare=True),
    Column("KIND", spare=True),
)


_SENTENCES: Final = ("reason", "text")
"""What people wrote, which is worth nothing without its end."""
_BELOW: Final = " " * 6
_SHORTEST: Final = 4
"""So many characters of an id are enough to search by."""

_ID: Final = re.compile(r"[0-9a-f]{20}")


@click.command(
    epilog=examples("trueup audit", "trueup audit --subject 7d1e44c0 -v", "trueup audit --verify")
)
@click.option(
    "--subject",
    metavar="S",
    help="Only about this: an id or its beginning, or a stack with its remediations.",
    shell_complete=STACKS,
)
@click.option(
    "--verify", is_flag=True, help="Check that no entry was changed or removed; ends with 1 if so."
)
@click.option("--export", is_flag=True, help="Write all entries, oldest first, as JSON lines.")
@limit_option(50)
@asks_daemon
def audit(
    invocation: Invocation, *, subject: str | None, limit: int, verify: bool, export: bool
) -> int:
    """List what was decided and done, newest first."""
    if verify and export:
        raise click.UsageError("give --verify or --export, not both")
    if verify:
        return _verify(invocation)
    if export:
        return _export(invocation)
    body = _read(invocation, subject, limit)
    invocation.answer(body, _lines(invocation, body, subject))
    return 0


def _verify(invocation: Invocation) -> int:
    found = invocation.api.ask(routes.VERIFY_AUDIT)
    invocation.answer(found, _verdict(found))
    return 0 if found.broken is None else 1


def _verdict(found: wire.AuditVerified) -> Iterator[str]:
    if found.broken is not None:
        yield f"BROKEN at entry {found.broken}: {text_of(found.why)}"
        yield f"{found.entries} entries before it are as they were written"
        return
    numbers = f"{found.first} to {found.last}"
    yield f"{found.entries} entries are as they were written, {numbers}"
    yield f"digest of the last: {found.digest}"


def _export(invocation: Invocation) -> int:
    """Write the entries; the lists come newest first, so all are held once."""
    entries = list(invocation.api.each(routes.LIST_AUDIT))
    for entry in reversed(entries):
        click.echo(json.dumps(entry.received, ensure_ascii=False, separators=(",", ":")))
    return 0


def _read(invocation: Invocation, subject: str | None, limit: int) -> Listed[wire.AuditEntry]:
    """Return the rows; of a stack, those of what belongs to it as well."""
    if subject is None or invocation.api.find(routes.READ_STACK, subject) is None:
        body = invocation.api.listed(routes.LIST_AUDIT, limit=limit, subject=subject)
        if subject is None or body.items:
            return body
    entries = invocation.api.each(routes.LIST_AUDIT)
    found = itertools.islice(
        (entry for entry in entries if _is_about(entry, subject)), limit or None
    )
    bodies = [entry.received for entry in found]
    return Listed(wire.AuditEntry, bodies, None)


def _is_about(entry: wire.AuditEntry, subject: str) -> bool:
    begins = len(subject) >= _SHORTEST and entry.subject.startswith(subject)
    return subject in {entry.subject, entry.details.get("stack")} or begins


def _lines(
    invocation: Invocation, body: Listed[wire.AuditEntry], subject: str | None
) -> Iterator[str]:
    if not body.items:
        yield f"no entries about {_unknown(invocation, subject)}" if subject else "no entries yet"
        return
    heading, *rows = invocation.table(_COLUMNS, [_row(invocation, it) for it in body.items])
    yield heading
    for entry, row in zip(body.items, rows, strict=True):
        yield row
        # A column of a screen would be cut before the end of a sentence.
        for key in _on_own_lines(invocation, entry):
            said = text_of(entry.details[key])
            yield from wrapped(said, indent=_BELOW, paint=invocation.paint, style="dim")
    if body.next:
        yield f"\n{len(body.items)} entries shown; --limit 0 lists all"


def _unknown(invocation: Invocation, subject: str) -> str:
    """Return what nothing is about, and the stack that may have been meant."""
    near = nearest(invocation.api.each(routes.LIST_STACKS), STACK, subject)
    meant = f"; {near}" if near.startswith("did you mean") else ""
    return f"{text_of(subject)}{meant}"


def _row(invocation: Invocation, entry: wire.AuditEntry) -> tuple[Cell, ...]:
    own_lines = _on_own_lines(invocation, entry)
    pairs = {
        key: text
        for key, value in sorted(entry.details.items(), key=lambda pair: pair[0] not in _SENTENCES)
        if key not in own_lines and (text := _text(value))
    }
    return (
        ("dim", text_of(entry.seq)),
        ("plain", invocation.ago(entry.at)),
        ("strong", text_of(entry.actor)),
        ("plain", text_of(entry.action)),
        ("plain", _short(invocation, text_of(entry.subject))),
        ("dim", " ".join(f"{text_of(key)}={text}" for key, text in pairs.items())),
        ("dim", text_of(entry.actor_kind)),
    )


def _on_own_lines(invocation: Invocation, entry: wire.AuditEntry) -> list[str]:
    """Return the details that a screen shows below the row."""
    return [] if invocation.width is None else [key for key in _SENTENCES if entry.details.get(key)]


def _text(value: object) -> str:
    """Return a value as people read it: `a:1,b:2` of an object, `a,b` of a list."""
    if isinstance(value, dict):
        return ",".join(f"{text_of(key)}:{_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return text_of(value)


def _short(invocation: Invocation, subject: str) -> str:
    return invocation.id(subject) if _ID.fullmatch(subject) else subject
