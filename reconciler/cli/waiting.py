"""`--wait`: until a remediation, or a scan, has come to where it stays."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import click

from reconciler.cli.client.follow import Pace, follow
from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import text_of
from reconciler.domain.remediation_states import FOR_PERSON, TERMINAL, RemediationState
from reconciler.wire import models as wire
from reconciler.wire import routes

wait_option = click.option(
    "--wait", is_flag=True, help="Wait for the outcome; ends with 1 if it failed or needs a person."
)
wait_for_scan_option = click.option(
    "--wait", is_flag=True, help="Wait for the scan; ends with 1 if it failed."
)
PLANNED: Final = frozenset({*TERMINAL, *FOR_PERSON, RemediationState.HELD})
"""Where a remediation stays until somebody or something else moves it."""

_PACE: Final = Pace(tick_s=2.0, pause_s=0.2)


def until_settled(
    invocation: Invocation, remediation: wire.Remediation, *, states: Collection[str] = PLANNED
) -> wire.Remediation:
    """Return the remediation as soon as it is in one of `states`; each step is narrated."""
    seen = [remediation]

    def look() -> bool:
        now = invocation.api.ask(routes.READ_REMEDIATION, remediation.id)
        if now.state != seen[-1].state:
            invocation.narrate(f"{invocation.id(now.id)}  {now.state.replace('_', ' ')}")
        seen.append(now)
        return now.state in states

    short = invocation.id(remediation.id)
    _follow(
        invocation, look, "remediation.", goes_on=f"{short} goes on: trueup remediation {short}"
    )
    return seen[-1]


def until_scanned(invocation: Invocation, before: wire.Stack) -> wire.Stack:
    """Return the stack after the first scan that ended after `before` was read."""
    seen = [before]

    def look() -> bool:
        seen.append(invocation.api.ask(routes.READ_STACK, before.name))
        return seen[-1].last_scan_at != before.last_scan_at

    goes_on = f"the scan goes on: trueup status {text_of(before.name)}"
    _follow(invocation, look, "stack.", goes_on=goes_on)
    return seen[-1]


def _follow(invocation: Invocation, look: Callable[[], bool], prefix: str, *, goes_on: str) -> None:
    """Wait until `look` is true; who stops waiting is told what `goes_on`."""
    try:
        follow(
            invocation.api,
            look,
            types=(prefix,),
            pace=_PACE,
            reached=True,
            lost=lambda error: invocation.narrate(f"{error}; waiting"),
        )
    except KeyboardInterrupt:
        invocation.narrate(f"\nno longer waiting; {goes_on}")
        raise
