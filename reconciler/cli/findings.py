"""`trueup findings`: what deviates, gravest first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import click

from reconciler.cli.asking import Asking, asks_daemon, examples, limit_option
from reconciler.cli.identities import shortened
from reconciler.cli.table import Cell, Column
from reconciler.cli.words import by_severity, counted, severity_cell, short_address, spoken, text_of
from reconciler.domain.records import Json

_COLUMNS: Final = (
    Column("SEVERITY"),
    Column("STACK", least=8),
    Column("ADDRESS", least=36),
    Column("CHANGED", least=9, spare=True),
    Column("STATE"),
    Column("FIRST SEEN"),
    Column("ID"),
)
_WHOLE: Final = {"missing": "deleted", "unmanaged": "not in code"}
_NOT_CREATED: Final = "not created"


@click.command(
    epilog=examples(
        "trueup findings",
        "trueup findings stack:web 'severity:>=high'",
        "trueup findings kind:missing state:all",
        "trueup findings security_group",
    )
)
@click.argument("terms", nargs=-1, metavar="[FILTER]...")
@limit_option(200)
@asks_daemon
def findings(asking: Asking, *, terms: tuple[str, ...], limit: int) -> None:
    """List findings, gravest first.

    A FILTER is stack:, kind:, severity:, state:, type: or address: with a value, or plain
    text. All must hold. Without state: only what is open is listed.
    """
    body = asking.api.listed("findings", limit=limit, filter=" ".join(map(_term, terms)) or None)
    asking.answer(body, _lines(asking, body, filtered=bool(terms)))


def _term(written: str) -> str:
    """Return a term as the daemon reads it: what the shell kept together stays together."""
    key, colon, value = written.partition(":")
    if not re.search(r"\s", written) or '"' in written:
        return written
    return f'{key}:"{value}"' if colon and key.isalpha() else f'"{written}"'


def _lines(asking: Asking, body: Json, *, filtered: bool) -> Iterator[str]:
    items = body["items"]
    if not items:
        yield "nothing matches" if filtered else "no findings: nothing is known to deviate"
        return
    yield from finding_table(asking, items)
    yield ""
    tally = Counter(one["severity"] for one in items)
    more = "; there are more: --limit 0 lists all" if body["next"] else ""
    yield f"{counted(len(items), 'finding')}: {by_severity(tally, asking.paint)}{more}"


def finding_table(asking: Asking, items: list[Json]) -> Iterator[str]:
    """Yield findings as rows, their ids as short as they may be given."""
    short = shortened(one["id"] for one in items)
    mixed = any(one["state"] != "open" for one in items)
    yield from asking.table(_COLUMNS, [_row(asking, one, short, mixed=mixed) for one in items])


def _row(
    asking: Asking, finding: Json, short: Mapping[str, str], *, mixed: bool
) -> tuple[Cell, ...]:
    return (
        severity_cell(finding),
        ("plain", text_of(finding["stack"])),
        ("strong", (text_of if asking.verbose else short_address)(finding["address"])),
        ("dim", _what_changed(finding)),
        ("plain", spoken(finding["state"]) if mixed else ""),
        ("plain", asking.ago(finding["first_seen"])),
        ("dim", finding["id"] if asking.verbose else short[finding["id"]]),
    )


def _what_changed(finding: Json) -> str:
    if finding["kind"] == "missing" and finding.get("origin") == "unapplied":
        return _NOT_CREATED
    paths = ", ".join(str(change["path"]) for change in finding.get("changes") or ())
    return text_of(_WHOLE.get(finding["kind"]) or paths)
