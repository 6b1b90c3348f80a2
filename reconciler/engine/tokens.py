"""Bearer tokens of the API: made, listed and taken away."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Final

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.principals import Role
from reconciler.domain.records import POLICY, Token
from reconciler.domain.tokens import secret_digest, token_text
from reconciler.engine.journal import RESERVED, audit, new_id
from reconciler.engine.persons import person_behind
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_SECRET_BYTES: Final = 32


async def issue_token(
    service: Service,
    *,
    name: str,
    role: Role,
    expires_in: timedelta | None,
    actor: str,
    person: str | None = None,
) -> tuple[Token, str]:
    """Return a new token and its text, which is kept nowhere; it is that of `person`, or of `name`.

    Where a token is called `person`, it is of whoever has that one.

    Raises:
        InvalidError: the name, or the person, is what trueup or a policy is called.
        ConflictError: another one has its name (`name-taken`): the audit tells people
            apart by it. Or that is a person with other tokens (`other-person`).
    """
    for word in (name, person):
        if word in RESERVED or word == POLICY:
            raise InvalidError(
                f"{word!r} is what trueup calls itself, or a policy that asks for something",
                remedy="choose another name",
            )
    at = service.clock.now()
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    bare = Token(
        token_id=new_id(),
        name=name,
        role=role,
        secret_sha256=secret_digest(secret),
        created_at=at,
        expires_at=at + expires_in if expires_in else None,
    )

    def work(tx: Transaction) -> Token:
        if tx.tokens.named(name) is not None:
            raise ConflictError(f"there is a token {name!r} already", code="name-taken")
        whose = name if person is None else person_behind(tx, person)
        _refuse_two(tx, name, whose)
        token = replace(bare, person=None if whose == name else whose)
        tx.tokens.put(token)
        details = {"name": name, "role": role.value, "person": token.whose}
        audit(tx, "token.created", token.token_id, at=at, actor=actor, details=details)
        return token

    return await service.store.transact(work), token_text(bare.token_id, secret)


def _refuse_two(tx: Transaction, name: str, person: str) -> None:
    """Refuse a token that would make two persons of one.

    Raises:
        ConflictError: `name` is the person of another token, and `person` is not.
    """
    others = [token.name for token in tx.tokens.all() if token.whose == name]
    if others and person != name:
        raise ConflictError(
            f"{name} is the person of token {others[0]}, so token {name} cannot be that of"
            f" {person}",
            code="other-person",
            remedy=f"make it that of {name}, or remove {others[0]} and make that one anew",
        )


async def revoke_token(service: Service, token_id: str, *, actor: str) -> None:
    """Take a token away.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: it is the last one that may make others (`last-admin`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        known = tx.tokens.get(token_id)
        if known is None:
            raise NotFoundError(f"there is no token {token_id}")
        admins = [token for token in tx.tokens.all() if token.role is Role.ADMIN]
        if admins == [known]:
            raise ConflictError(
                "this is the last admin token: nobody could create tokens without it",
                code="last-admin",
                remedy="make another admin token first",
            )
        tx.tokens.remove(token_id)
        audit(tx, "token.removed", token_id, at=at, actor=actor, details={"name": known.name})

    await service.store.transact(work)
