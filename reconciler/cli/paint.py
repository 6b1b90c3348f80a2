"""Coloured words on a terminal, the same words without colour elsewhere."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

import click

if TYPE_CHECKING:
    from reconciler.domain.model import Severity

_CODES: Final = {
    "plain": "",
    "strong": "1",
    "dim": "2",
    "critical": "1;31",
    "high": "31",
    "medium": "33",
    "low": "36",
    "good": "32",
    "minus": "31",
    "plus": "32",
    "module": "1;34",
}
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_UNLIMITED: Final = 120
_NARROWEST: Final = 40


@dataclass(frozen=True, slots=True)
class Paint:
    """How to write: with colour or without, and how wide."""

    colour: bool = False
    width: int = 80

    def __call__(self, style: str, text: str) -> str:
        """Return `text` in `style`; without colour, `text` itself."""
        code = _CODES[style]
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and code and text else text

    def severity(self, severity: Severity) -> str:
        """Return the severity's word, padded to the widest one."""
        return self(severity.word, f"{severity.word:<8}")


def paint_for(stream: TextIO, environment: Mapping[str, str] = os.environ) -> Paint:
    """Return what suits `stream`; honours --no-color, NO_COLOR and TERM=dumb."""
    if not stream.isatty():
        return Paint(colour=False, width=_UNLIMITED)
    context = click.get_current_context(silent=True)
    unwanted = context is not None and context.find_root().color is False
    plain = unwanted or environment.get("NO_COLOR") or environment.get("TERM") == "dumb"
    width = shutil.get_terminal_size((80, 24)).columns
    return Paint(colour=not plain, width=max(width, _NARROWEST))


def safe(text: str) -> str:
    """Return `text` without anything a terminal would obey: what is live is untrusted."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def cut(text: str, width: int) -> str:
    """Return `text`, shortened in its middle to `width` characters."""
    if len(text) <= width:
        return text
    if width < 8:  # noqa: PLR2004 - too narrow for two ends
        return text[: max(width, 0)]
    head = (width - 3) * 2 // 3
    return f"{text[:head]}...{text[len(text) - (width - 3 - head) :]}"
