"""`trueup stack`: the stacks of the daemon, and how often each is scanned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from reconciler.cli.ages import span, took
from reconciler.cli.client.api import Listed
from reconciler.cli.completing import STACKS
from reconciler.cli.examples import examples
from reconciler.cli.identities import find_one
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import (
    by_severity,
    doubt_line,
    fallen,
    health_cells,
    paragraphs,
    tally_of,
    text_of,
)
from reconciler.cli.related import STACK
from reconciler.cli.table import Cell, Column
from reconciler.cli.tool_options import any_option, said_to_tool
from reconciler.cli.waiting import until_scanned, wait_for_scan_option
from reconciler.domain.errors import InvalidError
from reconciler.wire import models as wire
from reconciler.wire import routes

F = TypeVar("F", bound=Callable[..., Any])
_COLUMNS: Final = (
    Column("NAME", least=12),
    Column("TOOL"),
    Column("EVERY"),
    Column("HEALTH"),
    Column("SOURCE", spare=True),
    Column("DIRECTORY", least=28),
)
_PLACES: Final = ("directory", "env_file")
_OPTIONS: Final = (
    click.option("--tool", metavar="NAME", help="Its tool, if more than one claims it."),
    click.option("--workspace", metavar="NAME", help="Which Terraform workspace."),
    click.option("--pulumi-stack", metavar="NAME", help="Which Pulumi stack of the project."),
    click.option(
        "--interval", metavar="TIME", help="Time between scans: 5m, 15m, 1h; at least 10s."
    ),
    click.option("--adaptive/--no-adaptive", default=None, help="Scan more often after drift."),
    click.option(
        "--engine",
        type=click.Choice(["auto", "plugin", "cli"]),
        help="How to read it; see `trueup scan --help`.",
    ),
    click.option(
        "--var-file",
        "var_files",
        multiple=True,
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="Variables, as terraform takes them; repeatable.",
    ),
    click.option(
        "--env-file",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        help="File with credentials. The daemon reads it at each scan and never stores them.",
    ),
    click.option(
        "--dynamic-providers/--no-dynamic-providers",
        default=None,
        help="Run Pulumi providers that are code inside the stack's state, to read with them.",
    ),
    click.option(
        "--working-directory",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="Run terraform from here, with -chdir: `path.cwd` in the code.",
    ),
    click.option(
        "--run-code/--no-run-code",
        default=None,
        help="Whether programs of the stack may run during a scan.",
    ),
    any_option,
)


def _stack_options(function: F) -> F:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group()
def stack() -> None:
    """List, add, change, remove and scan stacks."""


@stack.command("list", epilog=examples("trueup stack list"))
@asks_daemon
def list_stacks(invocation: Invocation) -> None:
    """List the stacks that the daemon scans."""
    body = invocation.api.listed(routes.LIST_STACKS)
    invocation.answer(body, _list_lines(invocation, body))


@stack.command("show", short_help="Show one stack.", epilog=examples("trueup stack show webshop"))
@click.argument("name", shell_complete=STACKS)
@asks_daemon
def show_stack(invocation: Invocation, *, name: str) -> None:
    """Show one stack: how it is read, and the result of its last scan."""
    body = _named(invocation, name)
    invocation.answer(body, stack_lines(invocation, body))


@stack.command(
    "add",
    short_help="Add a stack.",
    epilog=examples("trueup stack add infra/webshop --interval 5m --env-file web.env"),
)
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--name", metavar="NAME", help="Its name; default: the name of DIRECTORY.")
@_stack_options
@asks_daemon
def add_stack(invocation: Invocation, *, directory: Path, name: str | None, **flags: Any) -> None:
    """Add the stack in DIRECTORY. The daemon must see the same directory."""
    body = {"directory": str(directory.resolve()), **_given({"name": name, **flags})}
    made = invocation.api.ask(routes.REGISTER_STACK, body=body)
    invocation.answer(made, stack_lines(invocation, made))


@stack.command(
    "edit",
    short_help="Change the options of a stack.",
    epilog=examples("trueup stack edit webshop --interval 1h --no-adaptive"),
)
@click.argument("name", shell_complete=STACKS)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Its new directory.",
)
@_stack_options
@asks_daemon
def edit_stack(invocation: Invocation, *, name: str, directory: Path | None, **flags: Any) -> None:
    """Change the options of a stack that was added with `stack add`; others keep their value."""
    changes = _given({"directory": directory, **flags})
    if not changes:
        raise InvalidError("no option was given", remedy="see `trueup stack edit --help`")
    found = _named(invocation, name)
    body = {**_definition(found), **changes}
    made = invocation.api.ask(routes.UPDATE_STACK, found.name, body=body)
    invocation.answer(made, stack_lines(invocation, made))


@stack.command("remove", epilog=examples("trueup stack remove webshop"))
@click.argument("name", shell_complete=STACKS)
@asks_daemon
def remove_stack(invocation: Invocation, *, name: str) -> None:
    """Remove a stack from the daemon. Its resources and its code stay as they are."""
    found = _named(invocation, name)
    invocation.api.do(routes.REMOVE_STACK, found.name)
    invocation.answer(found, [f"{text_of(found.name)} removed"])


@stack.command("scan", epilog=examples("trueup stack scan webshop"))
@click.argument("name", shell_complete=STACKS)
@wait_for_scan_option
@asks_daemon
def scan_stack(invocation: Invocation, *, name: str, wait: bool) -> int:
    """Scan a stack now instead of at its next time."""
    found = _named(invocation, name)
    body = invocation.api.ask(routes.SCAN_STACK, found.name)
    if not wait:
        line = f"{text_of(found.name)}: scan requested. Next: trueup status {found.name}"
        invocation.answer(body, [line])
        return 0
    scanned = until_scanned(invocation, found)
    invocation.answer(scanned, stack_lines(invocation, scanned))
    return 1 if scanned.health == "error" else 0


@stack.command(
    "accept-state",
    short_help="Accept the state a stack has now.",
    epilog=examples("trueup stack accept-state webshop"),
)
@click.argument("name", shell_complete=STACKS)
@asks_daemon
def accept_state(invocation: Invocation, *, name: str) -> None:
    """Accept the state a stack has now, though it does not follow the last one."""
    found = _named(invocation, name)
    body = invocation.api.ask(routes.ACCEPT_STATE, found.name)
    invocation.answer(body, [f"{text_of(found.name)}: its state is accepted at the next scan"])


def _named(invocation: Invocation, name: str) -> wire.Stack:
    return find_one(invocation.api, STACK, name)


def _given(flags: dict[str, Any]) -> dict[str, Any]:
    """Return what was given; places as the daemon, which runs elsewhere, finds them."""
    body = said_to_tool(flags)
    for name, value in flags.items():
        if name not in body and name != "more" and value is not None and value != ():
            body[name] = str(value.resolve()) if name in _PLACES else value
    return body


def _definition(found: wire.Stack) -> dict[str, Any]:
    """Return a stack as it would be added, so that what is not named stays as it is."""
    kept = found.definition
    return {
        # False is said as well: `run_code` would be true otherwise.
        **{key: value for key, value in kept.items() if value or value is False},
        "directory": found.directory,
        "interval": f"{found.interval_s:.3f}s",
        "adaptive": found.adaptive,
    }


def _list_lines(invocation: Invocation, body: Listed[wire.Stack]) -> Iterator[str]:
    if not body.items:
        yield "no stacks yet: `trueup init` writes a trueup.toml, `trueup stack add DIR` adds one"
        return
    yield from invocation.table(_COLUMNS, [_row(item) for item in body.items])


def _row(item: wire.Stack) -> tuple[Cell, ...]:
    return (
        ("strong", text_of(item.name)),
        ("plain", text_of(item.tool)),
        ("plain", span(item.interval_s)),
        health_cells(item.health)[1],
        ("dim", text_of(item.source)),
        ("plain", text_of(item.directory)),
    )


def stack_lines(invocation: Invocation, item: wire.Stack) -> Iterator[str]:
    """Yield one stack whole."""
    paint = invocation.paint
    style, word = health_cells(item.health)[1]
    yield f"{paint('strong', text_of(item.name))}  {paint(style, word)}"
    if item.error:
        yield from paragraphs(item.error, indent="  ", paint=paint, style="medium")
    for doubt in item.provider_doubts:
        yield from paragraphs(doubt_line(doubt), indent="  ", paint=paint, style="medium")
    yield ""
    yield from invocation.facts(_facts(invocation, item))


def _option(key: str, value: object) -> str:
    """Return an option's value; a switch that stands as usual is not worth a line."""
    if not isinstance(value, bool):
        return text_of(value)
    usual = key == "run_code"
    return "" if value is usual else "yes" if value else "no"


def _facts(invocation: Invocation, item: wire.Stack) -> Iterator[tuple[str, str]]:
    yield "tool", text_of(item.tool)
    yield "directory", text_of(item.directory)
    for key, value in item.definition.items():
        if key in {"directory", "tool"}:
            continue
        text = ", ".join(map(text_of, value)) if isinstance(value, list) else _option(key, value)
        yield key.replace("_", " "), text
    adaptive = ", more often after drift" if item.adaptive else ""
    yield "scanned", f"every {span(item.interval_s)}{adaptive}"
    yield "findings", by_severity(tally_of(item.findings), invocation.paint)
    yield "suppressed", text_of(item.suppressed or "")
    if item.counts:
        others = (text for text, _ in fallen(item.counts))
        parts = ", ".join((f"{item.counts.in_sync} in sync", *others))
        yield "resources", f"{item.counts.resources}: {parts}"
    yield "verified", invocation.ago(item.verified_at) if item.verified_at else "never"
    if item.error_since:
        yield "failing", f"since {invocation.ago(item.error_since)}"
    if item.last_scan_at:
        lasted = f", took {took(item.last_scan_ms / 1000)}" if item.last_scan_ms else ""
        yield "last scan", f"{invocation.ago(item.last_scan_at)}{lasted}"
    yield "next scan", invocation.ahead(item.next_due_at)
    yield "source", text_of(item.source)
