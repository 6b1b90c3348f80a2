"""Whether the terminal takes UTF-8, as far as the locale of the environment says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_UTF_8: Final = frozenset({"utf8", "utf-8"})


def takes_utf_8(environment: Mapping[str, str], *, utf8_mode: bool) -> bool:
    """Return whether the locale's encoding is UTF-8; the first variable that is set decides.

    `utf8_mode` is Python's own: it goes on by itself in the C locale, and then `LC_CTYPE` holds
    what Python put there and not what the person has.
    """
    coerced = utf8_mode and not environment.get("PYTHONUTF8")
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environment.get(name)
        if value and not (name == "LC_CTYPE" and coerced):
            encoding = value.partition(".")[2].partition("@")[0] or value
            return encoding.lower() in _UTF_8
    return False
