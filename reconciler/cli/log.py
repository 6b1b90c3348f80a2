"""`trueup log`: the output of a run."""

from __future__ import annotations

import sys
from typing import Final

import click

from reconciler.cli.client.follow import Pace, follow
from reconciler.cli.completing import RUNS
from reconciler.cli.examples import examples
from reconciler.cli.identities import find_one
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.paint import safe
from reconciler.cli.related import RUN
from reconciler.wire import models as wire
from reconciler.wire import routes

_STYLES: Final = {"done": "good", "failed": "critical"}
_TYPES: Final = ("run.",)
_PACE: Final = Pace(tick_s=2.0, pause_s=0.2)


@click.command(epilog=examples("trueup log 91ab3c2e", "trueup log 91ab3c2e -f"))
@click.argument("run_id", metavar="RUN", shell_complete=RUNS)
@click.option(
    "-f", "--follow", "following", is_flag=True, help="Follow the output until the run has ended."
)
@asks_daemon
def log(invocation: Invocation, *, run_id: str, following: bool) -> None:
    """Print the output of a RUN. Ctrl-C ends the printing, never the run.

    With --json: one object per line of the log.
    """
    found = find_one(invocation.api, RUN, run_id)
    reading = _Reading(invocation, found.id)
    if not following:
        reading.catch_up()
        return
    follow(
        invocation.api,
        reading.catch_up,
        reached=True,
        types=_TYPES,
        pace=_PACE,
        lost=lambda error: invocation.narrate(f"{error}; waiting; the run goes on"),
    )


class _Reading:
    """How far a log was printed."""

    def __init__(self, invocation: Invocation, run_id: str) -> None:
        self._asking = invocation
        self._run_id = run_id
        self._offset = 0

    def catch_up(self) -> bool:
        """Print what is new; return whether there will be nothing more."""
        while True:
            body = self._asking.api.ask(routes.READ_LOG, self._run_id, offset=self._offset)
            for item in body.items:
                self._print(item)
            at_end = body.next_offset == self._offset
            self._offset = body.next_offset
            if at_end:
                sys.stdout.flush()
                return body.ended

    def _print(self, item: wire.LogLine) -> None:
        style = _STYLES.get(item.step or "", "plain")
        # Tools indent their messages, so a line is kept as it is but for its control characters.
        text = safe(item.text.expandtabs().rstrip())
        self._asking.answer(item, [self._asking.paint(style, text)])
