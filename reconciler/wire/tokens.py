"""Tokens on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from reconciler.wire import mapping
from reconciler.wire.model import Body, Wire, model
from reconciler.wire.rules import Duration, RoleWord, Time, Word, shown

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records


@model
class TokenBody(Body):
    """A token to be made."""

    name: Word
    role: RoleWord
    expires_in: Annotated[Duration | None, shown(examples=["90d"])] = None
    person: Annotated[
        Word | None, shown(description="Whose it is; default: that of the person of its name.")
    ] = None


@model
class Token(Wire):
    """A token, without its secret, of which only a digest is kept anyway.

    `person` is whose it is: of the approvals by all tokens of one person, one counts.
    """

    token_id: str
    name: str
    role: RoleWord
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    person: str | None = None


@model
class NewToken(Token):
    """A token with its text, which is shown this once."""

    token: str


def token_of(token: records.Token) -> Token:
    """Return a token."""
    return mapping.shown(Token, token, person=token.whose)


def new_token_of(token: records.Token, secret_text: str) -> NewToken:
    """Return a token with the text that opens the API."""
    return mapping.shown(NewToken, token, token=secret_text, person=token.whose)
