"""What a program said last before it ended, fit to be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from iac_adapters.redaction.redactor import redactor_of

_SHOWN_CHARACTERS: Final = 300


def last_words(stderr: str, environment: Mapping[str, str]) -> str:
    """Return the last line that was written, its secrets blanked; empty where there is none.

    Of a line of a plugin's JSON log that is its message.
    """
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    if not lines:
        return ""
    message = redactor_of((), environment).without(_message(lines[-1]))
    text = "".join(character if character.isprintable() else "?" for character in message)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def _message(line: str) -> str:
    # Source: hclog's JSON format, which go-plugin has plugins write.
    try:
        record = json.loads(line)
    except ValueError:
        return line
    message = record.get("@message") if isinstance(record, dict) else None
    return message if isinstance(message, str) else line
