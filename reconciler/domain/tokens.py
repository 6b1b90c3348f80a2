"""Bearer tokens as text: `tu_<token id>.<secret>`; only the secret's digest is ever kept."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from reconciler.domain.principals import Principal, kind_of
from reconciler.domain.records import Token

_WRITTEN: Final = re.compile(r"tu_([A-Za-z0-9-]{1,64})\.([A-Za-z0-9_-]{32,128})")


def token_text(token_id: str, secret: str) -> str:
    """Return the token as its owner gets to see it, once."""
    return f"tu_{token_id}.{secret}"


def read_token(text: str) -> tuple[str, str] | None:
    """Return `(token id, secret)`; None when `text` is no token of ours."""
    found = _WRITTEN.fullmatch(text)
    return (found.group(1), found.group(2)) if found else None


def secret_digest(secret: str) -> str:
    """Return what is kept of a secret. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def opens(token: Token, secret: str) -> bool:
    """Tell whether `secret` is this token's, in a time that says nothing about it."""
    return hmac.compare_digest(token.secret_sha256, secret_digest(secret))


def principal_of(token: Token) -> Principal:
    """Return who asks with `token`; one that replaces it under its name is the same principal."""
    kind = kind_of(token.role)
    return Principal(subject=token.name, kind=kind, role=token.role, person=token.whose)
