"""`env_file`: credentials for one stack, read when needed and stored nowhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError

_MOST_BYTES: Final = 2**20
_LINE: Final = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)\Z")


def read_environment_file(file: Path) -> dict[str, str]:
    """Return the variables of `file`: `NAME=value` lines, `#` comments, optional quotes.

    Nothing is expanded and nothing is executed.

    Raises:
        PermanentError: unreadable, or a line is no assignment; values are never shown.
    """
    try:
        text = read_text(file, most=_MOST_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise PermanentError(
            f"{file}: {reason}", remedy="check the stack's `env_file` and who may read it"
        ) from error
    variables: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        found = _LINE.match(line)
        if not found:
            raise PermanentError(
                f"{file}:{number}: not of the form NAME=value", remedy="correct that line"
            )
        if "\0" in line:
            raise PermanentError(
                f"{file}:{number}: holds a NUL character", remedy="correct that line"
            )
        variables[found.group(1)] = _unquoted(found.group(2))
    return variables


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #", maxsplit=1)[0].rstrip()
