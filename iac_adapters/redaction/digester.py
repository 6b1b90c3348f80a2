"""Secrets leave an adapter as keyed digests: one can see that they changed, no more.

Equal secrets give equal digests, in all resources: so one can tell that a password was
put back, or that two resources share it, and without the key nothing can be guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.domain.fingerprint import value_digest
from reconciler.domain.values import Sensitive, Unknown, Value


@dataclass(frozen=True, slots=True)
class SecretDigester:
    """Replaces secret values. The key never leaves the instance that made it."""

    key: bytes = field(repr=False)

    def digest(self, value: Value) -> Value:
        """Return the digest of `value`; null and unknown tell nothing and stay."""
        if value is None or isinstance(value, Unknown | Sensitive):
            return value
        return Sensitive(value_digest(value, key=self.key))
