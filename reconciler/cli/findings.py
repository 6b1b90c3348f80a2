"""`trueup findings`: drift, most severe first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import click

from reconciler.cli import watching
from reconciler.cli.client.api import Listed
from reconciler.cli.examples import examples
from reconciler.cli.identities import shortened
from reconciler.cli.invocation import Invocation, asks_daemon, limit_option
from reconciler.cli.labels import (
    by_severity,
    counted,
    severity_cell,
    short_address,
    spoken,
    text_of,
)
from reconciler.cli.stack_filter import check_stack, stack_of
from reconciler.cli.table import Cell, Column
from reconciler.cli.watching import watch_option
from reconciler.domain.sources import SCAN
from reconciler.wire import models as wire
from reconciler.wire import routes
from reconciler.wire.findings import source_words

_COLUMNS: Final = (
    Column("SEVERITY"),
    Column("STACK", least=8),
    Column("ADDRESS", least=36),
    Column("CHANGED", least=9, spare=True),
    Column("WHY", least=24, spare=True),
    Column("STATE"),
    Column("SEEN BY"),
    Column("FIRST SEEN"),
    Column("ID"),
)
_WHOLE: Final = {"missing": "not found", "unmanaged": "not in code", "added": "added by hand"}
_NOT_CREATED: Final = "not created"
_TYPES: Final = ("drift.",)
_TERMS: Final = frozenset({"stack", "kind", "severity", "sev", "state", "type", "address"})
_MOST_COUNTED: Final = 500


class _Filtered(click.Command):
    """Tells who writes a filter as an option how it is written."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name.lstrip("-")
            if name not in _TERMS:
                raise
            message = f"No such option '--{name}'; write it as a filter: {name}:VALUE"
            raise click.UsageError(message, ctx) from error


@click.command(
    cls=_Filtered,
    epilog=examples(
        "trueup findings",
        "trueup findings stack:web 'severity:>=high'",
        "trueup findings kind:missing state:all",
        "trueup findings security_group -o yaml",
    ),
)
@click.argument("terms", nargs=-1, metavar="[FILTER]...")
@limit_option(200)
@watch_option
@asks_daemon
def findings(invocation: Invocation, *, terms: tuple[str, ...], limit: int, watch: bool) -> None:
    """List findings, most severe first.

    A FILTER is stack:, kind:, severity:, state:, type: or address: with a value, or plain
    text. All of them must match. state:ignored lists suppressed findings, state:all lists
    all, and without either open findings are listed.
    """
    wanted = " ".join(map(_term, terms)) or None

    def read() -> Listed[wire.Finding]:
        found = invocation.api.listed(routes.LIST_FINDINGS, limit=limit, filter=wanted)
        check_stack(invocation.api, stack_of((wanted or "").split()), found)
        return found

    def lines(body: Listed[wire.Finding]) -> Iterator[str]:
        return _lines(invocation, body, filtered=bool(terms))

    if watch:
        watching.watch(invocation, read, lines, types=_TYPES)
        return
    body = read()
    invocation.answer(body, lines(body))


def _term(written: str) -> str:
    """Return a term as the daemon reads it: what the shell kept together stays together."""
    key, colon, value = written.partition(":")
    if not re.search(r"\s", written) or '"' in written or _is_several(written):
        return written
    return f'{key}:"{value}"' if colon and key.isalpha() else f'"{written}"'


def _is_several(written: str) -> bool:
    """Whether each word is a term of its own, such as `severity:>=high stack:net*`."""
    return all(word.partition(":")[0] in _TERMS and ":" in word for word in written.split())


def _lines(invocation: Invocation, body: Listed[wire.Finding], *, filtered: bool) -> Iterator[str]:
    items = body.items
    if not items:
        if filtered:
            yield "no findings match"
        else:
            yield from _nothing_open(invocation)
        return
    yield from finding_table(invocation, items)
    yield ""
    tally = Counter[str](item.severity for item in items)
    more = " shown; --limit 0 lists all" if body.next else ""
    yield f"{counted(len(items), 'finding')}{more}: {by_severity(tally, invocation.paint)}"


def _nothing_open(invocation: Invocation) -> Iterator[str]:
    """Say that nothing is open, and never let that hide what is suppressed or isolated."""
    hidden = [
        f"{count} {word}: trueup findings state:{state}"
        for state, word in (("ignored", "suppressed"), ("quarantined", "in quarantine"))
        if (count := count_of(invocation, state)) is not None
    ]
    yield "; ".join(("no open findings", *hidden))


def count_of(invocation: Invocation, state: str) -> str | None:
    """Return how many findings are in `state`; None where none is."""
    found = invocation.api.listed(
        routes.LIST_FINDINGS, limit=_MOST_COUNTED, filter=f"state:{state}"
    )
    if not found.bodies:
        return None
    return f"{len(found.bodies)} or more" if found.next else str(len(found.bodies))


def finding_table(invocation: Invocation, items: list[wire.Finding]) -> Iterator[str]:
    """Yield findings as rows, their ids as short as they may be given."""
    short = shortened(item.id for item in items)
    mixed = any(item.state != "open" for item in items)
    others = any(item.seen_by != SCAN for item in items)
    yield from invocation.table(
        _COLUMNS, [_row(invocation, item, short, mixed=mixed, others=others) for item in items]
    )


def _row(
    invocation: Invocation,
    finding: wire.Finding,
    short: Mapping[str, str],
    *,
    mixed: bool,
    others: bool,
) -> tuple[Cell, ...]:
    return (
        severity_cell(finding),
        ("plain", text_of(finding.stack)),
        ("strong", (text_of if invocation.verbose else short_address)(finding.address)),
        ("dim", _what_changed(finding)),
        ("dim", text_of(finding.severity_reason or "")),
        ("plain", spoken(finding.state) if mixed else ""),
        ("plain", text_of(source_words(finding)) if others else ""),
        ("plain", invocation.ago(finding.first_seen)),
        ("dim", finding.id if invocation.verbose else short[finding.id]),
    )


def _what_changed(finding: wire.Finding) -> str:
    if finding.kind == "missing" and finding.origin == "unapplied":
        return _NOT_CREATED
    paths = ", ".join(change.path for change in finding.changes)
    return text_of(_WHOLE.get(finding.kind) or paths)
