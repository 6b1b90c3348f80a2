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
    first, *others = (_literally(part) for part in re.sub(r"\*+", "*", glob).split("*"))
    # Each part is taken where it comes first, and never sought again: `*a*a*a*b` would
    # else be tried in every way there is, with the whole process waiting.
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    last = f".*{others[-1]}" if others else ""
    body = f"{first}{middle}{last}"
    rest = r"(?:[.\[].*)?" if below else ""
    return re.compile(rf"{body}{rest}\Z", re.DOTALL)


def _literally(part: str) -> str:
    return "".join("." if c == "?" else re.escape(c) for c in part)
