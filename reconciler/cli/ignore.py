"""`trueup ignore, snooze, ignores, ack, comment, assign`: what people say of one finding."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar, get_args

import click

from reconciler.cli.client.api import Listed
from reconciler.cli.completing import FINDINGS
from reconciler.cli.examples import examples
from reconciler.cli.expiring import expiring
from reconciler.cli.findings import count_of
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import text_of
from reconciler.cli.moments import moment_given
from reconciler.cli.related import find_finding
from reconciler.cli.table import Cell, Column
from reconciler.domain.errors import ConflictError
from reconciler.wire import models as wire
from reconciler.wire import routes
from reconciler.wire.ignores import CoverWord
from reconciler.wire.rules import read_time

T = TypeVar("T", bound=Callable[..., Any])
_COLUMNS: Final = (
    Column("RULE", least=12),
    Column("MATCHED", right=True),
    Column("LAST", least=8),
    Column("EXPIRES", least=8),
    Column("OWNER", spare=True),
    Column("IGNORES", least=20),
    Column("WHY", least=12, spare=True),
)
_MATCH: Final = ("stack", "type", "address", "path", "kind", "value")
_SNOOZED: Final = "snoozed"
_FINDING = click.argument("finding", shell_complete=FINDINGS)
_COVERS = click.option(
    "--covers",
    type=click.Choice(get_args(CoverWord)),
    multiple=True,
    help="Ignore it although it is missing, or critical; repeatable.",
)


@dataclass(frozen=True, slots=True)
class _Span:
    """For how long: as it was typed, and when that ends."""

    typed: str
    end: str


def _span(context: click.Context, parameter: click.Parameter, text: str | None) -> _Span | None:
    end = moment_given(context, parameter, text)
    return None if text is None or end is None else _Span(text, end)


def _for(*, required: bool) -> Callable[[T], T]:
    usual = "" if required else " Default: until the drift changes."
    return click.option(
        "--for", "until", metavar="T", required=required, callback=_span,
        help=f"For how long: 30d, or until a time.{usual}",
    )  # fmt: skip


@click.command(epilog=examples("trueup ignore 3f9c21ab --for 30d --reason 'the vendor is on it'"))
@_FINDING
@_for(required=False)
@click.option("--reason", required=True, metavar="R", help="Why; kept in the audit log.")
@_COVERS
@asks_daemon
def ignore(
    invocation: Invocation,
    *,
    finding: str,
    until: _Span | None,
    reason: str,
    covers: tuple[str, ...],
) -> None:
    """Take a FINDING off the list until its drift changes, or for a time.

    It is kept, and the stack stays drifted. `trueup findings state:ignored` lists it,
    `trueup unsuppress` ends it. Rules for many findings are `[[ignore]]` in trueup.toml.
    """
    _ignore(invocation, finding, until=until, reason=reason, covers=covers)


@click.command(epilog=examples("trueup snooze 3f9c21ab --for 4h"))
@_FINDING
@_for(required=True)
@click.option("--reason", default=_SNOOZED, metavar="R", help="Why; kept in the audit log.")
@_COVERS
@asks_daemon
def snooze(
    invocation: Invocation,
    *,
    finding: str,
    until: _Span | None,
    reason: str,
    covers: tuple[str, ...],
) -> None:
    """Take a FINDING off the list for a time."""
    _ignore(invocation, finding, until=until, reason=reason, covers=covers)


def _ignore(
    invocation: Invocation, given: str, *, until: _Span | None, reason: str, covers: tuple[str, ...]
) -> None:
    found = find_finding(invocation.api, given)
    body: dict[str, Any] = {"reason": reason, "covers": list(covers)}
    if until is not None:
        body["until"] = until.end
    try:
        made = invocation.api.ask(routes.IGNORE_FINDING, found.id, body=body)
    except ConflictError as error:
        if error.code == "not-covered":
            error.remedy = f"name it: {_covering(invocation, found, until, reason)}"
        raise
    end = (
        f", and listed again {invocation.ahead(read_time(until.end))}"
        if until
        else " until its drift changes"
    )
    line = f"{invocation.id(made.id)}  {text_of(made.address)} is ignored{end}"
    invocation.answer(made, [line])


def _covering(invocation: Invocation, found: wire.Finding, until: _Span | None, reason: str) -> str:
    """Return the command that was given, with what `--covers` has to name."""
    is_so = {"missing": found.kind == "missing", "critical": found.severity == "critical"}
    words = [*click.get_current_context().command_path.split(), invocation.id(found.id)]
    words += [] if until is None else ["--for", until.typed]
    words += [] if reason == _SNOOZED else ["--reason", reason]
    for word in get_args(CoverWord):
        words += ["--covers", word] if is_so[word] else []
    return shlex.join(words)


@click.command(epilog=examples("trueup ack 3f9c21ab"))
@_FINDING
@click.option("--comment", "text", metavar="TEXT", help="A comment to add.")
@asks_daemon
def ack(invocation: Invocation, *, finding: str, text: str | None) -> None:
    """Mark a FINDING as seen; it stays open, and policies act as before."""
    _note(invocation, finding, "ack", text, "acknowledged")


@click.command(epilog=examples("trueup comment 3f9c21ab 'ticket OPS-12'"))
@_FINDING
@click.argument("text")
@asks_daemon
def comment(invocation: Invocation, *, finding: str, text: str) -> None:
    """Add the comment TEXT to a FINDING; `trueup show` and the audit log show it."""
    _note(invocation, finding, "comment", text, "commented")


@click.command(epilog=examples("trueup assign 3f9c21ab bob"))
@_FINDING
@click.argument("person")
@asks_daemon
def assign(invocation: Invocation, *, finding: str, person: str) -> None:
    """Assign a FINDING to a PERSON; `trueup show` shows the last one."""
    _note(invocation, finding, "assign", person, f"assigned to {person}")


def _note(invocation: Invocation, given: str, kind: str, text: str | None, done: str) -> None:
    found = find_finding(invocation.api, given)
    body = {"kind": kind, **({"text": text} if text else {})}
    made = invocation.api.ask(routes.NOTE_FINDING, found.id, body=body)
    invocation.answer(made, [f"{invocation.id(made.id)}  {text_of(made.address)} {done}"])


@click.command(epilog=examples("trueup ignores"))
@asks_daemon
def ignores(invocation: Invocation) -> None:
    """List the ignore rules of trueup.toml, with how often each matched, and when last."""
    body = invocation.api.listed(routes.LIST_IGNORES)
    invocation.answer(body, _lines(invocation, body))


def _lines(invocation: Invocation, body: Listed[wire.IgnoreRule]) -> Iterator[str]:
    if body.items:
        yield from invocation.table(_COLUMNS, [_row(invocation, rule) for rule in body.items])
        yield from expiring(invocation, body.items)
    else:
        yield "no ignore rules; add [[ignore]] to trueup.toml"
    if count := count_of(invocation, "ignored"):
        are = "finding is" if count == "1" else "findings are"
        yield f"{count} {are} ignored: trueup findings state:ignored"


def _row(invocation: Invocation, rule: wire.IgnoreRule) -> tuple[Cell, ...]:
    last, end = rule.last_matched_at, rule.expires_at
    named = {name: getattr(rule, name) for name in _MATCH}
    parts = [f"{name}={value}" for name, value in named.items() if value]
    parts += [f"covers {word}" for word in rule.covers]
    return (
        ("strong", text_of(rule.name)),
        ("plain", str(rule.matched)),
        ("plain", invocation.ago(last) if last else "never"),
        ("plain", invocation.ahead(end) if end else "never"),
        ("plain", text_of(rule.owner)),
        ("plain", text_of(" ".join(parts) or "everything")),
        ("dim", text_of(rule.reason)),
    )
