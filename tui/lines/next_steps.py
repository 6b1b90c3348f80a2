"""The next step, where something keeps a stack from being read or the fleet from being shown.

What a tool of infrastructure as code has to do is a command to copy: nothing here runs one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from reconciler.wire.stacks import Stack
    from tui.session import Session

_COMMANDS: Final = re.compile(r"`((?:terraform|tofu|terragrunt|pulumi) [^`]*)`")
# Only what installs or signs in: an error holds words of others, and may hold any command. What
# begins a backend anew or moves its state is chosen by a person, who has read the error.
_MENDS: Final = re.compile(
    r"(?:terraform|tofu|terragrunt) init(?: -upgrade)?|pulumi (?:install|login|stack init)"
)
_CREDENTIALS: Final = re.compile(
    r"credential|bad token|(?:expired|invalid)\w* ?token|access ?denied|unauthori[sz]ed|forbidden"
    r"|log ?in|passphrase|\b40[13]\b",
    re.IGNORECASE,
)
_VARIABLES: Final = (
    (r"passphrase", "PULUMI_CONFIG_PASSPHRASE"),
    (r"azure|azurerm|subscription", "ARM_CLIENT_ID, ARM_CLIENT_SECRET, ARM_TENANT_ID"),
    (r"google|gcp|gcloud", "GOOGLE_APPLICATION_CREDENTIALS"),
    (r"pulumi.*log ?in|pulumi access", "PULUMI_ACCESS_TOKEN"),
    (r"\baws\b|\bs3\b|ExpiredToken|InvalidClientTokenId|\bsts\b|assume.?role",
     "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do next; `value` is a command to copy, or the name of a stack to scan."""

    does: Literal["start", "scan", "copy"]
    value: str
    words: str


def steps_of_fleet(session: Session) -> Iterator[Step]:
    """Yield what can be done next where the fleet has nothing to show."""
    link, store = session.pump.link, session.store
    if link.state == "lost":
        if session.can_start:
            yield Step("start", "trueup serve", "start the daemon; it goes on after this is left")
        yield Step("copy", "trueup serve", "copy the command")
    elif link.state == "denied":
        yield Step("copy", "trueup token list", "copy the command")
    elif session.pump.loaded and not store.stacks:
        yield Step("copy", "trueup init", "copy: writes a trueup.toml")
        yield Step("copy", "trueup reload", "copy: has it taken in")
    for stack in store.stacks.values():
        if stack.error or stack.health == "never_run":
            yield from steps_of(stack)


def steps_of(stack: Stack) -> Iterator[Step]:
    """Yield what can be done next about a stack."""
    if command := next_command(stack):
        yield Step("copy", command, f"copy: what {stack.name} needs")
    yield Step("scan", stack.name, f"scan {stack.name} now")


def next_command(stack: Stack) -> str:
    """Return what would be typed about a stack that could not be scanned; empty for any other."""
    return (mending(stack) or "trueup doctor") if stack.error else ""


def mending(stack: Stack) -> str:
    """Return the command that its error asks for, for its directory.

    Empty where it is another, and where the error names several to choose from.
    """
    named = {*_COMMANDS.findall(stack.error or "")}
    command = named.pop() if len(named) == 1 else ""
    if not _MENDS.fullmatch(command):
        return ""
    tool, _, rest = command.partition(" ")
    directory = quote(stack.directory)
    match tool:
        case "pulumi":
            return f"pulumi -C {directory} {rest}"
        case "terragrunt":
            return f"cd {directory} && terragrunt {rest}"
        case _:
            return f"{tool} -chdir={directory} {rest}"


def lacks_credentials(stack: Stack) -> bool:
    """Whether the error of a stack is about who may read."""
    return bool(_CREDENTIALS.search(stack.error or ""))


def variables_for(stack: Stack) -> str:
    """Return what is to be set for the provider or backend that an error names."""
    error = stack.error or ""
    named = (names for words, names in _VARIABLES if re.search(words, error, re.IGNORECASE))
    return next(named, "the variables of its provider")
