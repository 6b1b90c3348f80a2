"""When Python looks for garbage: not while it starts, and never among what stays.

It looks again each time that some hundred objects were made. To import everything and to draw the
first screen makes 300,000, of which none is garbage: a quarter of the time of the start went into
looking. And each look among 100,000 rows is a pause between a key and what it draws.
"""

from __future__ import annotations

import gc
from typing import Final

_EVERY: Final = 20_000
"""Objects that are made before it looks; a screen that is drawn makes some thousand."""


class Collecting:
    """Whether this process leaves it to us; one that only borrows the app keeps its own way."""

    def __init__(self) -> None:
        self._ours = False

    def wait(self) -> None:
        """Look for no garbage until `settle`."""
        self._ours = True
        gc.disable()

    def settle(self) -> None:
        """Look for it again, but not among what there is now; to be called when much came."""
        if self._ours:
            gc.freeze()
            gc.set_threshold(_EVERY, 10, 10)
            gc.enable()

    def end(self) -> None:
        """Let what is left be finished as in any other program: a file is written to its end."""
        if self._ours:
            gc.unfreeze()
            gc.enable()


COLLECTING: Final = Collecting()
