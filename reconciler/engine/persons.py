"""Who is behind a name: approvals are counted, and requests told apart, by persons."""

from __future__ import annotations

from reconciler.stores import Transaction


def person_behind(view: Transaction, actor: str) -> str:
    """Return whose the token called `actor` is; a name that no token has is a person's own.

    Looked up where it is written down: the token may be removed later.
    """
    token = view.tokens.named(actor)
    return actor if token is None else token.whose
