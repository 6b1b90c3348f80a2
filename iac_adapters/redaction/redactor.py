"""Words that must not be said: what a stack's secrets are, and text without them.

Tools and providers quote values in their errors. What is known to be secret in a stack is
blanked there, whoever quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from iac_adapters.redaction.places import RECOGNISABLE

_BLANK: Final = "***"
_TELLING: Final = re.compile(
    r"SECRET|TOKEN|PASSW|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|PASSPHRASE", re.IGNORECASE
)
_IN_ADDRESS: Final = re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/@\s\"']+@")
_ASSIGNED: Final = re.compile(
    r"(?i)\b(password|passwd|secret|secret_key|token|sslpassword)(\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|\S+)"
)


@dataclass(frozen=True, slots=True, repr=False)
class Redactor:
    """The secret words of one stack."""

    words: frozenset[str] = frozenset()

    def and_also(self, words: Iterable[str]) -> Redactor:
        """Return these and `words`."""
        return Redactor(self.words | frozenset(words))

    def without(self, text: str) -> str:
        """Return `text` with each of them blanked, and whatever else looks like a credential."""
        for word in sorted(self.words, key=len, reverse=True):
            text = text.replace(word, _BLANK)
        return without_secrets(text)


def redactor_of(words: Iterable[str], environment: Mapping[str, str]) -> Redactor:
    """Return `words`, and the values of those variables whose names tell that they are secret."""
    telling = {
        value
        for name, value in environment.items()
        if len(value) >= RECOGNISABLE and _TELLING.search(name)
    }
    return Redactor(frozenset(words) | telling)


def without_secrets(text: str) -> str:
    """Blank credentials in addresses and in `password=...` of connection strings."""
    return _ASSIGNED.sub(r"\1\2***", _IN_ADDRESS.sub(r"\1***@", text))
