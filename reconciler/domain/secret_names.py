"""Which names tell that the value beside them is secret. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_TELLING: Final = re.compile(
    r"SECRET|TOKEN|PASSW|PWD\b|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|ACCOUNT_?KEY|PASSPHRASE"
    r"|AUTHORIZATION|CONNECTION_?STRING|USER_?DATA|CUSTOM_?DATA|SIGNING_?KEY|ENCRYPTION_?KEY"
    # Short words tell only where they end the name: `pass_through` and `auth_mode` are none.
    r"|LICENSE_?KEY|(^|[-_.])(PASS|PW|AUTH|COOKIE)$",
    re.IGNORECASE,
)
# What is said about a secret is none: when it expires, and what it is called.
_ABOUT: Final = re.compile(
    r"(ARN|NAME|TTL|VERSION|FILE|PATH|TYPE|ENABLED|LENGTH|ALGORITHM|EXPIR\w*|POLICY|URI|COUNT"
    r"|ROTATION|CHANGE)S?$",
    re.IGNORECASE,
)
_NAME_KEYS: Final = ("name", "Name", "key", "Key")


@lru_cache(maxsize=8192)
def is_telling(name: str) -> bool:
    """Whether the value of a variable, an argument or a header of that name is secret."""
    return bool(_TELLING.search(name)) and not _ABOUT.search(name)


def names_a_secret(pair: Mapping[str, object]) -> bool:
    """Whether `pair` names a variable and holds its value, and the name tells that it is secret.

    So the environment of a container is written: `{"name": "DB_PASSWORD", "value": "..."}`.
    """
    names = (pair.get(key) for key in _NAME_KEYS)
    return "value" in pair and any(isinstance(name, str) and is_telling(name) for name in names)
