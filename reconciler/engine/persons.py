"""Who is behind a name: approvals are counted, and requests told apart, by persons."""

from __future__ import annotations

from reconciler.stores import Transaction


def person_behind(view: Transaction, actor: str, person: str | None = None) -> str:
    """Return whose the token called `actor` is; a name that no token has is a person's own.

    `person` is who signed in with it, where that is known: the token may be removed by now. What is
    returned is written down, since it may be removed later.
    """
    if person is not None:
        return person
    token = view.tokens.named(actor)
    return actor if token is None else token.whose


def is_same(view: Transaction, name: str, *, actor: str, person: str) -> bool:
    """Whether what is written down as `name` is that of `person`, who asks as `actor`.

    It is the name of a token where that was nobody else's then.
    """
    return name in (actor, person) or person_behind(view, name) == person
