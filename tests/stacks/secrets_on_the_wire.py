"""Secrets as the SDK sends them: an object under a signature, which the engine encrypts."""

from __future__ import annotations

from typing import Any, Final

_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
SEALED: Final = "(sealed)"


def is_secret(value: Any) -> bool:
    """Tell whether the engine will encrypt this."""
    return isinstance(value, dict) and value.get(_SIGNATURE) == _SECRET


def sealed(value: Any) -> Any:
    """Return what can be read without the stack's key."""
    if is_secret(value):
        return SEALED
    if isinstance(value, dict):
        return {key: sealed(below) for key, below in value.items()}
    return [sealed(below) for below in value] if isinstance(value, list) else value
