"""`trueup policy`: which drift is corrected, and how."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from reconciler.cli.client.api import Listed
from reconciler.cli.completing import POLICIES
from reconciler.cli.examples import examples
from reconciler.cli.identities import find_one, shortened
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import spoken, text_of
from reconciler.cli.moments import moment_past
from reconciler.cli.policy_options import MORE, WRITABLE, changes_of, policy_options
from reconciler.cli.related import POLICY
from reconciler.cli.table import Cell, Column
from reconciler.domain.errors import InvalidError
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column("ORDER", right=True),
    Column("NAME", least=20),
    Column("ACTION"),
    Column("THRESHOLD"),
    Column("MATCH", least=32),
    Column("SOURCE", spare=True),
    Column("EXPIRES", spare=True),
    Column("ID"),
)
FILE: Final = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group()
def policy() -> None:
    """List, add, change, remove and test policies: which drift is corrected how."""


@policy.command(
    "list", short_help="List policies in their order.", epilog=examples("trueup policy list")
)
@asks_daemon
def list_policies(invocation: Invocation) -> None:
    """List policies in the order they are evaluated; the first that matches decides."""
    body = invocation.api.listed(routes.LIST_POLICIES)
    invocation.answer(body, _list_lines(invocation, body))


@policy.command(
    "show",
    short_help="Show a policy.",
    epilog=examples("trueup policy show 'close security groups'"),
)
@click.argument("policy_id", metavar="POLICY", shell_complete=POLICIES)
@asks_daemon
def show_policy(invocation: Invocation, *, policy_id: str) -> None:
    """Show one POLICY, given by name or id."""
    body = find_one(invocation.api, POLICY, policy_id)
    invocation.answer(body, policy_lines(invocation, body))


@policy.command(
    "add",
    short_help="Add policies.",
    epilog=examples(
        "trueup policy add --name tags --type aws_sqs_queue --path 'tags.*' --action auto_correct",
        "trueup policy add policies.toml",
    ),
)
@click.argument("file", type=FILE, required=False)
@policy_options
@asks_daemon
def add_policy(invocation: Invocation, *, file: Path | None, **flags: Any) -> None:
    """Add a policy from options, or the policies of a FILE (TOML as in trueup.toml, or JSON).

    They are evaluated after the existing ones, in the order of the FILE.
    """
    for number, body in enumerate(_bodies(file, flags)):
        made = invocation.api.ask(routes.CREATE_POLICY, body=body)
        apart = [""] if number else []
        invocation.answer(made, (*apart, *policy_lines(invocation, made)))


@policy.command(
    "edit",
    short_help="Change a policy.",
    epilog=examples(
        "trueup policy edit tags --action manual_review", "trueup policy edit tags tags.toml"
    ),
)
@click.argument("policy_id", metavar="POLICY", shell_complete=POLICIES)
@click.argument("file", type=FILE, required=False)
@policy_options
@asks_daemon
def edit_policy(invocation: Invocation, *, policy_id: str, file: Path | None, **flags: Any) -> None:
    """Change the given options of a POLICY, or replace it by that of a FILE."""
    found = find_one(invocation.api, POLICY, policy_id)
    if file:
        (body,) = _one_of(_bodies(file, flags), file)
    else:
        # As the daemon said it: a newer one may select by what this version does not know.
        stated = found.received
        kept = {key: stated[key] for key in WRITABLE if stated.get(key) is not None}
        changes = changes_of(flags)
        if not changes:
            raise InvalidError("no option was given", remedy="see `trueup policy edit --help`")
        match = {**kept.get("match", {}), **changes.pop("match", {})}
        body = {**kept, **changes, "match": match}
    made = invocation.api.ask(routes.UPDATE_POLICY, found.policy_id, body=body)
    invocation.answer(made, policy_lines(invocation, made))


@policy.command(
    "remove", short_help="Remove a policy.", epilog=examples("trueup policy remove tags")
)
@click.argument("policy_id", metavar="POLICY", shell_complete=POLICIES)
@asks_daemon
def remove_policy(invocation: Invocation, *, policy_id: str) -> None:
    """Remove a POLICY that was added with `policy add`; remove one of trueup.toml in that file."""
    found = find_one(invocation.api, POLICY, policy_id)
    invocation.api.do(routes.DELETE_POLICY, found.policy_id)
    invocation.answer(found, [f"removed policy {text_of(found.name)}"])


@policy.command(
    "test",
    short_help="Show what the policies of a file would decide.",
    epilog=examples(
        "trueup policy test policies.toml",
        "trueup policy test policies.toml --history 30d",
        "trueup policy test policies.toml --expect expected.toml",
    ),
)
@click.argument("file", type=FILE)
@click.option(
    "--history",
    metavar="T",
    callback=moment_past,
    help="Test on drift recorded since T: 30d, or a time. Default: on open findings.",
)
@click.option(
    "--expect",
    "expectations",
    type=FILE,
    metavar="FILE",
    help="Check the decisions that FILE expects; needs no daemon.",
)
@asks_daemon
def test_policy(
    invocation: Invocation, *, file: Path, history: str | None, expectations: Path | None
) -> int:
    """Show what the policies of FILE alone would decide on the findings that are open now.

    Nothing is sent to the daemon, and nothing is changed.
    """
    from reconciler.cli.policy_test import test_policies  # noqa: PLC0415 - it reads settings too

    return test_policies(invocation, file, history=history, expectations=expectations)


def _bodies(file: Path | None, flags: Mapping[str, Any]) -> list[dict[str, Any]]:
    changes = changes_of(flags)
    if file is None:
        if "name" not in changes:
            raise InvalidError("a policy needs a name", remedy="give --name, or a FILE")
        return [{"match": {}, **changes}]
    if changes:
        raise InvalidError("options and a FILE cannot be combined", remedy="give one of them")
    # Reading settings takes longer than all the rest of a short command.
    from reconciler.cli.policy_file import policy_body, read_policies  # noqa: PLC0415

    return [policy_body(item) for item in read_policies(file).policies]


def _one_of(bodies: list[dict[str, Any]], file: Path) -> list[dict[str, Any]]:
    if len(bodies) != 1:
        raise InvalidError(f"{file}: it contains {len(bodies)} policies; `policy edit` takes one")
    return bodies


def _list_lines(invocation: Invocation, body: Listed[wire.Policy]) -> Iterator[str]:
    if not body.items:
        yield "no policies: drift is reported, and nothing is corrected without a request"
        return
    short = shortened(item.policy_id for item in body.items)
    # Those of trueup.toml and those of the API are counted apart: two have the position 0.
    rows = [_row(invocation, number, item, short) for number, item in enumerate(body.items, 1)]
    yield from invocation.table(_COLUMNS, rows)


def _row(
    invocation: Invocation, number: int, item: wire.Policy, short: Mapping[str, str]
) -> tuple[Cell, ...]:
    return (
        ("plain", str(number)),
        ("strong", text_of(item.name)),
        ("plain", spoken(item.action_type)),
        (item.drift_threshold, _threshold(item)),
        ("plain", _match(item) or "everything"),
        ("dim", text_of(item.source)),
        ("plain", invocation.ahead(item.expires_at) if item.expires_at else ""),
        ("dim", item.policy_id if invocation.verbose else short[item.policy_id]),
    )


def _threshold(item: wire.Policy) -> str:
    score = f", score {item.min_score}" if item.min_score else ""
    return f"{text_of(item.drift_threshold)}{score}"


def _match(item: wire.Policy) -> str:
    parts = [f"{key}:{text_of(value)}" for key, value in item.match.as_json().items()]
    if item.template_id:
        parts.append(f"template:{text_of(item.template_id)}")
    return " ".join(parts)


def policy_lines(invocation: Invocation, item: wire.Policy) -> Iterator[str]:
    """Yield one policy whole."""
    yield invocation.paint("strong", text_of(item.name))
    facts = (
        ("action", spoken(item.action_type)),
        ("threshold", _threshold(item)),
        ("position", text_of(item.position)),
        ("match", _match(item) or "everything"),
        ("script", text_of(item.script)),
        ("edges", ", ".join(map(text_of, item.edges or ()))),
        ("owner", text_of(item.owner)),
        ("reason", text_of(item.reason)),
        ("expires", invocation.ahead(item.expires_at) if item.expires_at else ""),
        *((fact.label, fact.said(item, ahead=invocation.ahead)) for fact in MORE),
        ("source", text_of(item.source)),
        ("id", text_of(item.policy_id)),
    )
    yield from invocation.facts(facts)
