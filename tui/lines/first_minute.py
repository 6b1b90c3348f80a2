"""What stands where there is nothing to show yet: what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import TYPE_CHECKING

from tui.ink import Line, line
from tui.lines.words import counted

if TYPE_CHECKING:
    from reconciler.wire.stacks import Stack
    from tui.session import Session


def empty_fleet_lines(session: Session) -> Iterator[Line]:
    """Yield why there is no row, and the next step."""
    link, store = session.pump.link, session.store
    if link.state in {"lost", "denied"}:
        yield line((link.reason, "high"))
        if link.state == "denied":
            # What the daemon advises is for whoever writes HTTP by hand.
            yield line("give another token: TRUEUP_TOKEN, or --token-file FILE")
            yield line("an admin makes one: ", ("trueup token add NAME --role viewer", "strong"))
        elif link.remedy:
            yield line((link.remedy, "strong"))
        yield ()
        yield line("trueup tui goes on trying and shows the fleet as soon as the daemon answers.")
        return
    if not session.pump.loaded:
        yield line(f"reading the findings: {session.pump.progress:,} so far")
        if link.unread:
            yield line((link.reason, "high"), "; it is asked again")
        return
    if not store.stacks:
        yield line(("no stack is watched yet", "strong"))
        yield line("write a trueup.toml:        ", ("trueup init DIR", "strong"))
        yield line("or add a stack:             ", ("trueup stack add DIR", "strong"))
        yield line("then have it taken in:      ", ("trueup reload", "strong"))
        return
    broken = [stack for stack in store.stacks.values() if stack.error]
    for stack in broken:
        yield line(("x ", "high"), (stack.name, "strong"), " could not be scanned: ",
                   (stack.error or "", "high"))  # fmt: skip
        yield from remedy_lines(stack.error or "", stack.directory)
    fresh = [stack for stack in store.stacks.values() if stack.health == "never_run"]
    if fresh:
        yield line(f"{counted(len(fresh), 'stack')} not scanned yet; ", ("R", "key"), " scans now")
    if not broken and not fresh:
        yield line(("v ", "good"), f"{counted(len(store.stacks), 'stack')} in sync: no drift")


def next_commands(session: Session) -> Iterator[str]:
    """Yield what would be typed next where there is no row, for the clipboard."""
    link, store = session.pump.link, session.store
    if link.state in {"lost", "denied"}:
        yield "trueup serve" if link.state == "lost" else "trueup token list"
    elif session.pump.loaded and not store.stacks:
        yield "trueup init"
        yield "trueup reload"
    for stack in store.stacks.values():
        if stack.error:
            yield next_command(stack)


def next_command(stack: Stack) -> str:
    """Return what mends a stack that could not be scanned, or says what would."""
    return _init(stack.directory) if "init" in (stack.error or "").lower() else "trueup doctor"


def _init(directory: str) -> str:
    return f"terraform -chdir={quote(directory)} init"


def remedy_lines(error: str, directory: str) -> Iterator[Line]:
    """Yield what to do about a stack that could not be scanned."""
    words = error.lower()
    if "init" in words:
        yield line("    run: ", (_init(directory), "strong"), "  ", ("y", "key"), " copies it")
    elif "credential" in words or "token" in words or "denied" in words:
        yield line("    give the daemon credentials: `env_file` of the stack in trueup.toml; ",
                   ("trueup doctor", "strong"), " says what is missing")  # fmt: skip
    else:
        yield line("    see: ", ("trueup doctor", "strong"))
