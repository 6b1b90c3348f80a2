"""Whole values of an object without any secret of its stack, and a digest to know them by."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.values import Value

if TYPE_CHECKING:  # a scan needs it only once something has a secret
    from iac_adapters.redaction.redactor import Redactor

_MARK_CHARACTERS: Final = 32


def digested(value: Value, redactor: Redactor, digester: SecretDigester) -> Value:
    """Return `value` with a digest for each text that holds a secret.

    A map with a key that holds one becomes a digest as a whole.
    """
    match value:
        case str() if redactor.holds(value):
            return digester.digest(value)
        case list():
            return [digested(item, redactor, digester) for item in value]
        case dict() if any(map(redactor.holds, value)):
            return digester.digest(value)
        case dict():
            return {name: digested(item, redactor, digester) for name, item in value.items()}
        case _:
            return value


def mark_of(content: bytes, digester: SecretDigester) -> str:
    """Return a keyed digest of what was read of an object."""
    return hmac.digest(digester.key, content, hashlib.sha256).hex()[:_MARK_CHARACTERS]
