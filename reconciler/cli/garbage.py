"""How often this process looks for garbage: rarely in a short command, as usual in the daemon."""

from __future__ import annotations

import gc
from typing import Final

_USUAL: Final = gc.get_threshold()
_RARELY: Final = 50_000


def collect_rarely() -> None:
    """Look through young objects after every 50,000 of them, for a process of some seconds.

    Importing makes 100,000 objects that all stay. Python looks after every 700, which is a tenth
    of what `trueup scan` costs before its first read.
    """
    gc.set_threshold(_RARELY, *_USUAL[1:])


def collect_as_usual() -> None:
    """Look as Python does; what is garbage for days would else be held for hours."""
    gc.set_threshold(*_USUAL)
