"""`trueup token`: who has access to the API, and with which role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from reconciler.cli.client.api import Listed
from reconciler.cli.completing import TOKENS
from reconciler.cli.examples import examples
from reconciler.cli.identities import choose, shortened
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import text_of
from reconciler.cli.related import TOKEN
from reconciler.cli.table import Cell, Column
from reconciler.domain.principals import Role
from reconciler.wire import models as wire
from reconciler.wire import routes

_COLUMNS: Final = (
    Column("NAME", least=12),
    Column("ROLE"),
    Column("PERSON", spare=True),
    Column("LAST USED"),
    Column("EXPIRES"),
    Column("CREATED", spare=True),
    Column("ID"),
)
_ROLES: Final = tuple(role.value for role in Role)


@click.group()
def token() -> None:
    """List, create and revoke API tokens."""


@token.command("list", epilog=examples("trueup token list"))
@asks_daemon
def list_tokens(invocation: Invocation) -> None:
    """List tokens. Their secrets are not stored."""
    body = invocation.api.listed(routes.LIST_TOKENS)
    invocation.answer(body, _list_lines(invocation, body))


@token.command(
    "add",
    epilog=examples(
        "trueup token add ana --role approver --expires-in 90d",
        "trueup token add ana-phone --person ana --role viewer",
    ),
)
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(_ROLES),
    required=True,
    help="What the token may do; docs/team.md lists it.",
)
@click.option(
    "--expires-in",
    "--expires",
    metavar="TIME",
    help="Such as 12h or 90d; default: it never expires.",
)
@click.option(
    "--person",
    metavar="WHO",
    help="Whose it is, where that is not NAME: tokens of one person approve once.",
)
@asks_daemon
def add_token(
    invocation: Invocation, *, name: str, role: str, expires_in: str | None, person: str | None
) -> None:
    """Create a token and print it to stdout. It is shown only this once."""
    body: dict[str, Any] = {"name": name, "role": role}
    if person:
        body["person"] = person
    if expires_in:
        body["expires_in"] = expires_in
    made = invocation.api.ask(routes.CREATE_TOKEN, body=body)
    invocation.narrate(
        f"created token {text_of(made.token_id)} for {text_of(name)}, role {role};"
        " it is shown only now"
    )
    invocation.answer(made, [made.token])


@token.command("remove", epilog=examples("trueup token remove ana"))
@click.argument("token_id", metavar="TOKEN", shell_complete=TOKENS)
@asks_daemon
def remove_token(invocation: Invocation, *, token_id: str) -> None:
    """Revoke a TOKEN, named by id or name. It stops working at once."""
    found = choose(invocation.api.each(routes.LIST_TOKENS), TOKEN, token_id)
    invocation.api.do(routes.REMOVE_TOKEN, found.token_id)
    invocation.answer(found, [f"revoked token {text_of(found.token_id)} of {text_of(found.name)}"])


def _list_lines(invocation: Invocation, body: Listed[wire.Token]) -> Iterator[str]:
    if not body.items:
        yield "no tokens"
        return
    short = shortened(item.token_id for item in body.items)
    yield from invocation.table(_COLUMNS, [_row(invocation, item, short) for item in body.items])


def _row(invocation: Invocation, item: wire.Token, short: Mapping[str, str]) -> tuple[Cell, ...]:
    return (
        ("strong", text_of(item.name)),
        ("plain", text_of(item.role)),
        ("plain", text_of(item.person)),
        ("plain", invocation.ago(item.last_used_at)),
        ("plain", invocation.ahead(item.expires_at) if item.expires_at else "never"),
        ("dim", invocation.ago(item.created_at)),
        ("dim", item.token_id if invocation.verbose else short[item.token_id]),
    )
