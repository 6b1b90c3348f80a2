"""What stands where there is nothing to show yet: why, and the next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.ink import Line, line
from tui.lines.next_steps import lacks_credentials, mending, variables_for
from tui.lines.words import counted, is_due

if TYPE_CHECKING:
    from reconciler.wire.stacks import Stack
    from tui.session import Session

_NEXT = ("n", "key")


def empty_fleet_lines(session: Session) -> Iterator[Line]:
    """Yield why there is no row, and the next step."""
    link = session.pump.link
    if link.state in {"lost", "denied"}:
        yield from _unreached(session)
    elif not session.pump.loaded:
        yield line(f"reading the findings: {session.pump.progress:,} so far")
        if link.unread:
            yield _unread(session)
    elif not session.store.stacks:
        yield line(("no stack is watched yet", "strong"))
        yield line("write a trueup.toml:        ", ("trueup init DIR", "strong"))
        yield line("or add a stack:             ", ("trueup stack add DIR", "strong"))
        yield line("then have it taken in:      ", ("trueup reload", "strong"))
        yield line(_NEXT, " copies one of them")
    else:
        yield from _stacks(session)


def _unread(session: Session) -> Line:
    """Return why something could not be read yet."""
    return line((session.pump.link.reason, "high"), "; it is asked again")


def _unreached(session: Session) -> Iterator[Line]:
    link = session.pump.link
    yield line((link.reason, "high"))
    if link.state == "denied":
        # What the daemon advises is for whoever writes HTTP by hand.
        yield line("give another token: TRUEUP_TOKEN, or --token-file FILE")
        yield line("an admin makes one: ", ("trueup token add NAME --role viewer", "strong"))
    elif link.remedy:
        offer = ("   ", _NEXT, " starts it from here") if session.can_start else ()
        yield line((link.remedy, "strong"), *offer)
    yield ()
    yield line("trueup tui goes on trying and shows the fleet as soon as the daemon answers.")


def _stacks(session: Session) -> Iterator[Line]:
    """Yield how the stacks are, those first that nobody can read."""
    stacks = session.store.stacks.values()
    for stack in stacks:
        if stack.error:
            yield line(("x ", "high"), (stack.name, "strong"), " could not be scanned: ",
                       (stack.error, "high"))  # fmt: skip
            yield from remedy_lines(stack)
    groups: dict[str, int] = {}
    for stack in stacks:
        if not stack.error:
            what = _known(session, stack)
            groups[what] = groups.get(what, 0) + 1
    yield from _group_lines(groups)
    if session.pump.link.unread:
        yield _unread(session)


def _group_lines(groups: Mapping[str, int]) -> Iterator[Line]:
    """Yield how many stacks there are of each kind."""
    if count := groups.get("checking"):
        yield line(("? ", "busy"), f"{counted(count, 'stack')} unknown, checking")
    if count := groups.get("never_run"):
        yield line((". ", "dim"), f"{counted(count, 'stack')} never read; ",
                   ("R", "key"), " scans now")  # fmt: skip
    if count := groups.get("incomplete"):
        yield line(("? ", "high"), f"{counted(count, 'stack')} not read completely; ",
                   ("5", "key"), " shows them")  # fmt: skip
    if count := groups.get("drifted"):
        yield line(("~ ", "medium"), f"{counted(count, 'stack')} drifted, ",
                   "and nothing on the list: it is ignored, or not read yet")  # fmt: skip
        yield line("  ", ("8", "key"), " shows what is ignored")
    if count := groups.get("in_sync"):
        yield line(("v ", "good"), f"{counted(count, 'stack')} in sync: no drift")


def _known(session: Session, stack: Stack) -> str:
    """Return what is known of a stack without an error and without drift on the list.

    Drift that was found stays found while the stack is scanned again.
    """
    due = session.store.sent.of(stack.name) or is_due(stack, now=datetime.now(UTC))
    return "checking" if due and stack.health in {"never_run", "in_sync"} else stack.health


def remedy_lines(stack: Stack) -> Iterator[Line]:
    """Yield what to do about a stack that could not be scanned."""
    if command := mending(stack):
        yield line("    run: ", (command, "strong"), "  ", _NEXT, " copies it")
    elif lacks_credentials(stack):
        yield line("    set ", (variables_for(stack), "strong"), " in a file, name that as")
        yield line("    ", (f'env_file = "{stack.name}.env"', "strong"),
                   " of the stack in trueup.toml, then: ", ("trueup reload", "strong"))  # fmt: skip
        yield line("    ", ("trueup doctor", "strong"), " says which credentials are found")
    else:
        yield line("    see: ", ("trueup doctor", "strong"))
