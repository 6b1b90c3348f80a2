"""Globs over names: `*` is any run of characters, `?` one, and nothing else is special."""

from __future__ import annotations

import re
from functools import lru_cache


def glob_matches(glob: str, text: str) -> bool:
    """Whether `glob` names the whole of `text`; upper and lower case differ."""
    return _compiled(glob, below=False).match(text) is not None


def glob_covers(glob: str, text: str) -> bool:
    """Whether `glob` names `text` or something around it: `module.net` covers all it holds."""
    return _compiled(glob, below=True).match(text) is not None


@lru_cache(maxsize=4096)
def _compiled(glob: str, *, below: bool) -> re.Pattern[str]:
    # A run of stars means one star, and would make the search slow.
    parts = re.sub(r"\*+", "*", glob)
    body = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in parts)
    rest = r"(?:[.\[].*)?" if below else ""
    return re.compile(rf"(?:{body}){rest}\Z", re.DOTALL)
