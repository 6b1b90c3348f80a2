"""`trueup runs`: executions of terraform or pulumi, and their outcome."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

import click

from reconciler.cli.ages import took
from reconciler.cli.client.api import Listed
from reconciler.cli.completing import RUNS, STACKS
from reconciler.cli.examples import examples
from reconciler.cli.identities import find_one, shortened
from reconciler.cli.invocation import Invocation, asks_daemon, limit_option
from reconciler.cli.labels import counted, run_cell, text_of, wrapped
from reconciler.cli.related import RUN
from reconciler.cli.stack_filter import check_stack
from reconciler.cli.table import Cell, Column
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column("STATE"),
    Column("STACK", least=8),
    Column("STARTED"),
    Column("TOOK", right=True),
    Column("SUMMARY", least=20, spare=True),
    Column("ID"),
)
_STEPS: Final = {
    "pending": ("dim", "."),
    "creating": ("plus", "+"),
    "updating": ("medium", "~"),
    "deleting": ("minus", "-"),
    "done": ("good", "="),
    "failed": ("critical", "!"),
}


@click.command(
    epilog=examples("trueup runs", "trueup runs --stack webshop", "trueup runs 91ab3c2e")
)
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=RUNS)
@click.option("--stack", metavar="NAME", help="Only of this stack.", shell_complete=STACKS)
@limit_option(50)
@asks_daemon
def runs(invocation: Invocation, *, run_id: str | None, stack: str | None, limit: int) -> None:
    """List runs, newest first, or show one RUN resource by resource."""
    if run_id:
        run = find_one(invocation.api, RUN, run_id)
        invocation.answer(run, _run_lines(invocation, run))
        return
    body = invocation.api.listed(routes.LIST_RUNS, limit=limit, stack=stack)
    check_stack(invocation.api, stack, body)
    invocation.answer(body, _list_lines(invocation, body, stack))


def _list_lines(invocation: Invocation, body: Listed[wire.Run], stack: str | None) -> Iterator[str]:
    items = body.items
    if not items:
        of_stack = f" of {text_of(stack)}" if stack else ""
        yield f"no runs{of_stack} yet: nothing was corrected so far"
        return
    short = shortened(item.id for item in items)
    yield from invocation.table(_COLUMNS, [_row(invocation, item, short) for item in items])
    if body.next:
        yield f"\n{counted(len(items), 'run')} shown; --limit 0 lists all"


def _row(invocation: Invocation, run: wire.Run, short: Mapping[str, str]) -> tuple[Cell, ...]:
    return (
        run_cell(run.state),
        ("plain", text_of(run.stack)),
        ("plain", invocation.ago(run.started_at)),
        ("plain", _took(run)),
        ("dim", text_of(run.summary)),
        ("dim", run.id if invocation.verbose else short[run.id]),
    )


def _run_lines(invocation: Invocation, run: wire.Run) -> Iterator[str]:
    paint = invocation.paint
    style, word = run_cell(run.state)
    yield f"{paint('strong', text_of(run.stack))}  {paint(style, word)}"
    if run.summary:
        yield from wrapped(text_of(run.summary), indent="  ", paint=paint)
    yield ""
    for address, step in sorted(run.progress.items()):
        step_style, glyph = _STEPS.get(str(step), ("plain", "?"))
        yield f"{paint(step_style, f'{glyph} {text_of(step):<9}')} {text_of(address)}"
    if run.progress:
        yield ""
    yield from invocation.facts(_facts(invocation, run))
    yield ""
    yield paint("dim", f"Its output: trueup log {invocation.id(run.id)}")


def _facts(invocation: Invocation, run: wire.Run) -> Iterator[tuple[str, str]]:
    yield "started", invocation.ago(run.started_at)
    yield "took", _took(run)
    if run.exit_code is not None:
        yield "exit code", text_of(run.exit_code)
    yield "digest", text_of(run.plan_digest)
    yield "remediation", invocation.id(run.remediation_id)
    yield "id", invocation.id(run.id)


def _took(run: wire.Run) -> str:
    if run.ended_at is None and run.state != "started":
        return "-"
    return took(((run.ended_at or datetime.now(UTC)) - run.started_at).total_seconds())
