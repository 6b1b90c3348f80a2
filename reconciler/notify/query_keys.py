"""Keys in the query of a channel's `url` that mean nothing there."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import SplitResult, parse_qs

_WORD: Final = re.compile(r"[a-z_]{1,20}")


def problem_of_keys(
    parts: SplitResult, valid: Collection[str], *, has_password: bool = True
) -> str | None:
    """Return what is wrong where the query has a key that is not `valid`, else None."""
    asked = parse_qs(parts.query, keep_blank_values=True)
    unknown = sorted(asked.keys() - set(valid))
    if not unknown:
        return None
    # A `?` in a password that is not written as %3F makes the rest of it the query.
    is_whole = "@" in parts.netloc and not any("@" in str(asked[key]) for key in unknown)
    if (is_whole or not has_password) and _WORD.fullmatch(unknown[0]):
        return f"has another key, {unknown[0]!r}"
    return "has an unknown key behind its `?` (in a password, ? is written %3F)"
