"""`trueup approve`: a person's approval of exactly one plan."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import click

from reconciler.cli.completing import REMEDIATIONS
from reconciler.cli.digests import check_digest
from reconciler.cli.examples import examples
from reconciler.cli.holds import hold_lines, holds_of
from reconciler.cli.identities import SHORTEST
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import counted, state_cell, text_of
from reconciler.cli.paint import paint_for
from reconciler.cli.plan_lines import destroys, plan_overview
from reconciler.cli.related import find_remediation
from reconciler.cli.remediations import About, next_step, remediation_lines
from reconciler.cli.waiting import until_settled, wait_option
from reconciler.domain.errors import ConflictError, InvalidError, PermanentError, ReconcilerError
from reconciler.domain.remediation_states import OPEN
from reconciler.wire import models as wire
from reconciler.wire import routes
from reconciler.wire.holds import is_about

_AROUND: Final = 6
"""Lines of the screen that the question and what stands around it take."""

_PLANNING: Final = frozenset({"detected", "confirmed", "decided", "queued", "planning"})


@click.command(
    epilog=examples(
        "trueup approve 7d1e44c0",
        "trueup approve 7d1e44c0 --address aws_security_group.web",
        "trueup approve 7d1e44c0 --digest 9b1c... --wait",
    )
)
@click.argument("remediation_id", metavar="REMEDIATION", shell_complete=REMEDIATIONS)
@click.option("--digest", metavar="D", help="All 64 characters of the digest of its plan.")
@click.option(
    "--address",
    "addresses",
    multiple=True,
    metavar="A",
    help="Approve this resource alone, by a plan of its own; repeatable.",
)
@wait_option
@asks_daemon
def approve(
    invocation: Invocation,
    *,
    remediation_id: str,
    digest: str | None,
    addresses: tuple[str, ...],
    wait: bool,
) -> int:
    """Approve exactly the plan of a REMEDIATION.

    Without --digest the plan is shown and, in a terminal, you are asked. Before anything is
    changed, a new plan is made; it is applied only if it has the same digest.
    """
    found = find_remediation(invocation.api, remediation_id)
    check_digest(invocation, digest, found.id)
    if addresses:
        found = _alone(invocation, found, addresses, digest)
    chosen = digest if digest is not None else _asked(invocation, found)
    done = invocation.api.ask(routes.APPROVE_REMEDIATION, found.id, body={"plan_digest": chosen})
    if wait:
        done = until_settled(invocation, done)
    invocation.answer(done, _approved(invocation, done))
    return 0 if not wait or done.state == "converged" else 1


def _alone(
    invocation: Invocation, found: wire.Remediation, addresses: Sequence[str], digest: str | None
) -> wire.Remediation:
    """Return a remediation of `addresses` alone, as soon as it has its plan.

    Raises:
        InvalidError: `digest` is that of the plan of all its resources.
        ConflictError: its plan cannot be approved.
    """
    if sorted(addresses) == sorted(found.addresses):
        return found
    if digest is not None and digest == found.plan_digest:
        # Dividing it first would leave the person with a refusal and two remediations.
        raise InvalidError(
            f"{digest[:SHORTEST]}... is the digest of the plan of all"
            f" {len(found.addresses)} resources",
            remedy="--address makes a plan of its own; leave out --digest to see it",
        )
    made = invocation.api.ask(
        routes.SPLIT_REMEDIATION,
        found.id,
        body={"addresses": sorted(set(addresses))},
    )
    invocation.narrate(
        f"{invocation.id(made.id)}  planning {', '.join(map(text_of, addresses))} alone"
    )
    return until_settled(invocation, made)


def _approved(invocation: Invocation, done: wire.Remediation) -> Iterator[str]:
    style, word = state_cell(done.state)
    short = invocation.id(done.id)
    yield f"{short}  approved, now {invocation.paint(style, word)}"
    held = _holds(invocation, done)
    if held and done.state in OPEN:
        yield from hold_lines(invocation, held)
    elif done.state in _PLANNING:
        yield f"Follow: trueup remediation {short}"
    else:
        yield from filter(None, [next_step(invocation, done)])


def _holds(invocation: Invocation, done: wire.Remediation) -> list[wire.Hold]:
    """Return the holds that keep an approved plan waiting; the breaker lets it pass."""
    try:
        holds = holds_of(invocation.api.ask(routes.READ_HOLD))
    except ReconcilerError:
        # The approval has been given: what is said beside it must not look like its failure.
        return []
    return [
        hold
        for hold in holds
        if not hold.unasked
        and any(
            is_about(hold, stack=done.stack, address=address) for address in done.addresses or [""]
        )
    ]


def _asked(invocation: Invocation, found: wire.Remediation) -> str:
    """Return the digest a person said yes to, after having seen its plan.

    Raises:
        PermanentError: there is no terminal to ask in, or the answer was no.
        ConflictError: there is no plan to say yes to.
    """
    digest, plan = found.plan_digest, found.plan
    if plan is None or found.state != "awaiting_approval" or not digest:
        note = f": {text_of(found.note)}" if found.note else ""
        raise ConflictError(
            f"{invocation.id(found.id)} does not wait for an approval:"
            f" it is {state_cell(found.state)[1]}{note}",
            code="not-awaiting",
            remedy=next_step(invocation, found)
            or _until_planned(invocation, found)
            or "list those that do: trueup remediations --state awaiting_approval",
        )
    # The answer goes to stdout, so the question and what it is about go to stderr.
    shown = replace(invocation, paint=paint_for(sys.stderr))
    about = About.of(invocation, found)
    lines = list(remediation_lines(shown, found, about))
    _write(shown, lines)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PermanentError(
            "an approval needs the digest of the plan",
            remedy=f"trueup approve {invocation.id(found.id)} --digest {text_of(digest)}",
        )
    if len(lines) + _AROUND > _height():
        _write(shown, ["", *_overview(shown, plan, about)])
    _confirm(plan, lines)
    return digest


def _until_planned(invocation: Invocation, found: wire.Remediation) -> str:
    if found.state not in _PLANNING:
        return ""
    return f"its plan is being made; watch it: trueup remediation {invocation.id(found.id)}"


def _overview(invocation: Invocation, plan: wire.Plan, about: About) -> Iterator[str]:
    """Yield what fits above the question: the most severe resources, nearest to it the worst."""
    title = f"{counted(len(plan.resources), 'resource')} of {text_of(plan.stack)}"
    policy = f', policy "{text_of(about.policy)}"' if about.policy else ""
    yield f"{invocation.paint('strong', title)}{policy}: {text_of(plan.summary)}"
    room = max(_height() - _AROUND - 3, 3)
    yield from plan_overview(plan, paint=invocation.paint, findings=about.findings, most=room)


def _confirm(plan: wire.Plan, lines: Sequence[str]) -> None:
    """Return once the answer is yes, or the stack's name where something is destroyed.

    Raises:
        PermanentError: it is anything else.
    """
    word = plan.stack if destroys(plan) else "yes"
    question = "this destroys something: type the stack's name" if word != "yes" else "type yes"
    pages = " (p pages through the plan)" if sys.stdout.isatty() else ""
    while True:
        try:
            answer = click.prompt(f"\nto apply exactly this plan, {question}{pages}", err=True)
        except click.Abort:
            click.echo("\nnot approved; nothing was changed", err=True)
            raise
        if answer == "p" and word != "p" and pages:
            click.echo_via_pager("\n".join(lines) + "\n", color=False)
            continue
        if answer != word:
            raise PermanentError("not approved; nothing was changed")
        return


def _write(invocation: Invocation, lines: Sequence[str]) -> None:
    for line in lines:
        click.echo(line, err=True, color=invocation.paint.colour)


def _height() -> int:
    return shutil.get_terminal_size((80, 24)).lines
