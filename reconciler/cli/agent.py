"""`trueup agent`: hosts that report what they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from reconciler.cli.ages import absolute
from reconciler.cli.client.api import Listed
from reconciler.cli.examples import examples
from reconciler.cli.identities import choose, shortened
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import counted, text_of
from reconciler.cli.paint import safe
from reconciler.cli.related import AGENT
from reconciler.cli.table import Cell, Column
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column("HOST", least=12),
    Column("STATE"),
    Column("LAST REPORT"),
    Column("GAPS", spare=True),
    Column("ACCEPTED", spare=True),
    Column("VERSION", spare=True),
    Column("ID"),
)


_AGENT = click.argument("agent_id", metavar="AGENT")
_SECTIONS = click.option(
    "--section",
    "sections",
    multiple=True,
    metavar="NAME",
    help="files, packages, services, sysctl or firewall; repeatable; default: all.",
)


@click.group()
def agent() -> None:
    """List agents, enroll hosts, rotate keys, accept hosts as they are, and revoke agents."""


@agent.command("list", epilog=examples("trueup agent list"))
@asks_daemon
def list_agents(invocation: Invocation) -> None:
    """List the agents of hosts."""
    body = invocation.api.listed(routes.LIST_AGENTS)
    invocation.answer(body, _list_lines(invocation, body))


@agent.command(
    "enroll-token",
    short_help="Create a token that enrolls one host.",
    epilog=examples("trueup agent enroll-token --host web-1 --expires-in 30m"),
)
@click.option("--host", metavar="HOST", help="The only host that may use it; default: any host.")
@click.option("--expires-in", metavar="TIME", help="Such as 30m or 1d; default: 1h.")
@click.option("--interval", metavar="TIME", help="How often the agent reports; default: 5m.")
@click.option("--replace", is_flag=True, help="Revoke the agent the host already has.")
@asks_daemon
def enroll_token(
    invocation: Invocation,
    *,
    host: str | None,
    expires_in: str | None,
    interval: str | None,
    replace: bool,
) -> None:
    """Create a token that enrolls one host, and print it to stdout. It is shown only this once."""
    given = {"host": host, "expires_in": expires_in, "interval": interval}
    body: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    body["replace"] = replace
    made = invocation.api.ask(routes.CREATE_ENROLL_TOKEN, body=body)
    invocation.narrate(
        f"created a token for {text_of(made.host or 'any host')}; it works once, until"
        f" {absolute(made.expires_at)}, and is shown only now"
    )
    invocation.answer(made, [made.token])


@agent.command("revoke", epilog=examples("trueup agent revoke web-1"))
@_AGENT
@asks_daemon
def revoke(invocation: Invocation, *, agent_id: str) -> None:
    """Revoke an AGENT, named by id or host. Its reports are refused at once."""
    found = _active(invocation, agent_id)
    invocation.api.do(routes.REVOKE_AGENT, found.agent_id)
    invocation.answer(found, [f"revoked agent {text_of(found.agent_id)} of {text_of(found.host)}"])


@agent.command(
    "rotate",
    short_help="Give an agent another key.",
    epilog=examples("trueup agent rotate web-1"),
)
@_AGENT
@asks_daemon
def rotate(invocation: Invocation, *, agent_id: str) -> None:
    """Give an AGENT, named by id or host, another key with the answer to its next report.

    Its key works until then. Every agent is given another one after 45 days by itself.
    """
    found = _active(invocation, agent_id)
    asked = invocation.api.ask(routes.ROTATE_AGENT_KEY, found.agent_id)
    invocation.answer(asked, [f"{text_of(asked.host)} gets another key at its next report"])


@agent.command(
    "accept",
    short_help="Accept a host as it is now.",
    epilog=examples(
        "trueup agent accept web-1 --section firewall --reason 'opened for the vendor'",
        "trueup agent accept web-1 --undo",
    ),
)
@_AGENT
@_SECTIONS
@click.option("--reason", metavar="R", help="Why; kept in the audit log.")
@click.option("--undo", is_flag=True, help="Compare with the stack's code alone again.")
@asks_daemon
def accept(
    invocation: Invocation,
    *,
    agent_id: str,
    sections: tuple[str, ...],
    reason: str | None,
    undo: bool,
) -> None:
    """Accept the host of an AGENT as it was reported last: it is right from now on.

    A further change of the same place is a finding again, and so is one of what the stack
    declares there. It ends for a place that is as declared again, and when the agent is revoked.
    Nothing is changed on the host or in the code.
    """
    if undo and (reason or sections):
        raise click.UsageError("--undo takes no other option")
    if not undo and not (reason or "").strip():
        raise click.UsageError("Missing option '--reason': say why the host is right.")
    found = _active(invocation, agent_id)
    host = text_of(found.host)
    if undo:
        made = invocation.api.ask(routes.UNDO_ACCEPT_HOST, found.agent_id)
        invocation.answer(made, [f"{host} is compared with its stack's code alone"])
        return
    body = {"reason": reason, "sections": list(sections), "root": found.root or None}
    made = invocation.api.ask(routes.ACCEPT_HOST, found.agent_id, body=body)
    are = "is" if made.accepted == 1 else "are"
    line = f"{counted(made.accepted, 'difference')} of {host} {are} accepted"
    if unread := ", ".join(map(text_of, made.unreadable)):
        stays = "stays a finding" if len(made.unreadable) == 1 else "stay findings"
        line += f"; {unread} could not be read and {stays}"
    invocation.answer(made, [f"{line}. To undo: trueup agent accept {host} --undo"])


@agent.command(
    "template",
    short_help="Print a host as a template for others.",
    epilog=examples(
        "trueup agent template web-1 --path '/etc/ssh/*' > web.yaml",
        "trueup agent template web-1 --section packages --json",
    ),
)
@_AGENT
@_SECTIONS
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="GLOB",
    help="Only files whose path it matches; repeatable.",
)
@asks_daemon
def template(
    invocation: Invocation, *, agent_id: str, sections: tuple[str, ...], paths: tuple[str, ...]
) -> None:
    """Print what a stack would declare for the host of an AGENT to be as it is, as YAML."""
    if any("," in path for path in paths):
        raise click.UsageError("--path takes no comma; write ? in its place, or repeat --path.")
    import yaml  # noqa: PLC0415 - only this command needs it

    found = _active(invocation, agent_id)
    made = invocation.api.ask(
        routes.READ_HOST_TEMPLATE,
        found.agent_id,
        sections=",".join(sections),
        paths=",".join(paths),
    )
    text = yaml.safe_dump({"trueup_host": dict(made.trueup_host)}, sort_keys=False)
    invocation.answer(made, [safe(line) for line in text.splitlines()])


def _active(invocation: Invocation, agent_id: str) -> wire.Agent:
    active = (item for item in invocation.api.each(routes.LIST_AGENTS) if item.state != "revoked")
    return choose(active, AGENT, agent_id)


def _list_lines(invocation: Invocation, body: Listed[wire.Agent]) -> Iterator[str]:
    if not body.items:
        yield "no agents"
        return
    short = shortened(item.agent_id for item in body.items)
    yield from invocation.table(_COLUMNS, [_row(invocation, item, short) for item in body.items])


def _row(invocation: Invocation, item: wire.Agent, short: Mapping[str, str]) -> tuple[Cell, ...]:
    return (
        ("strong", text_of(item.host)),
        ("plain" if item.state == "active" else "medium", text_of(item.state)),
        ("plain", invocation.ago(item.last_seen_at)),
        ("plain", str(item.gaps)),
        ("medium", _accepted(invocation, item.accepted)),
        ("dim", text_of(item.version)),
        ("dim", item.agent_id if invocation.verbose else short[item.agent_id]),
    )


def _accepted(invocation: Invocation, accepted: wire.AcceptedPlaces | None) -> str:
    """Say how many places of a host are accepted, since when, and by whom."""
    if accepted is None:
        return ""
    by = f" by {', '.join(map(text_of, accepted.by))}" if accepted.by else ""
    since = f", {invocation.ago(accepted.since)}" if accepted.since else ""
    return f"{accepted.places} places{by}{since}"
