"""`trueup audit`: who did what to what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import click

from reconciler.cli.asking import Asking, asks_daemon, examples, limit_option
from reconciler.cli.table import Cell, Column
from reconciler.cli.words import text_of
from reconciler.domain.records import Json

_COLUMNS: Final = (
    Column("SEQ", right=True),
    Column("WHEN"),
    Column("WHO", least=10),
    Column("KIND", spare=True),
    Column("DID"),
    Column("TO WHAT", least=20),
    Column("DETAILS", least=12, spare=True),
)


@click.command(epilog=examples("trueup audit", "trueup audit --subject 7d1e44c0 -v"))
@click.option("--subject", metavar="ID", help="Only about this: a whole id or a name.")
@limit_option(50)
@asks_daemon
def audit(asking: Asking, *, subject: str | None, limit: int) -> None:
    """List what was decided and done, newest first."""
    body = asking.api.listed("audit", limit=limit, subject=subject)
    asking.answer(body, _lines(asking, body))


def _lines(asking: Asking, body: Json) -> Iterator[str]:
    if not body["items"]:
        yield "nothing of that kind was done"
        return
    yield from asking.table(_COLUMNS, [_row(asking, one) for one in body["items"]])
    if body["next"]:
        yield "\nthere is more: --limit 0 lists all"


def _row(asking: Asking, one: Json) -> tuple[Cell, ...]:
    details = one.get("details") or {}
    told = {key: text for key, value in details.items() if (text := text_of(value))}
    return (
        ("dim", text_of(one["seq"])),
        ("plain", asking.ago(one["at"])),
        ("strong", text_of(one["actor"])),
        ("dim", text_of(one.get("actor_kind"))),
        ("plain", text_of(one["action"])),
        ("plain", text_of(one["subject"])),
        ("dim", " ".join(f"{text_of(key)}={text}" for key, text in told.items())),
    )
