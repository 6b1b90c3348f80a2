"""A real terminal, by tmux: keys in, the screen out, as a person has it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.patience import PATIENCE_S

_LOOK_EVERY_S = 0.1


class TerminalError(Exception):
    """What was waited for never came; the message ends with the screen."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """One program in one terminal."""

    name: str

    @property
    def screen(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p", "-t", "0")

    @property
    def coloured(self) -> str:
        """The same with its escape sequences."""
        return self._tmux("capture-pane", "-pe", "-t", "0")

    @property
    def shell_pid(self) -> int:
        """The process that runs the program."""
        return int(self._tmux("display-message", "-p", "-t", "0", "#{pane_pid}"))

    def press(self, *keys: str) -> None:
        """Type keys at once, by tmux's names."""
        self._tmux("send-keys", "-t", "0", *keys)

    def resize(self, width: int, height: int) -> None:
        """Make the terminal another size."""
        self._tmux("resize-window", "-t", "0", "-x", str(width), "-y", str(height))

    def until(self, words: str, *, within_s: float = PATIENCE_S) -> str:
        """Return the screen as soon as `words` are on it.

        Raises:
            TerminalError: they never were.
        """
        limit = time.monotonic() + within_s
        while time.monotonic() < limit:
            screen = self.screen
            if words in screen:
                return screen
            time.sleep(_LOOK_EVERY_S)
        raise TerminalError(f"waited in vain for {words!r}; the screen:\n{self.screen}")

    def end(self) -> None:
        """Close the terminal, as closing its window does."""
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-u", "-L", self.name, *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout


def tmux_path() -> str | None:
    """Return where tmux is; None without one."""
    return shutil.which("tmux")


@contextmanager
def terminal(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    directory: Path,
    size: tuple[int, int] = (80, 24),
) -> Iterator[Terminal]:
    """Run `command` in a terminal of its own; it is closed with the block."""
    opened = Terminal(f"trueup-{uuid.uuid4().hex[:8]}")
    words = " ".join(shlex.quote(str(part)) for part in command)
    subprocess.run(
        [
            *("tmux", "-u", "-L", opened.name, "-f", "/dev/null", "new-session", "-d"),
            *("-x", str(size[0]), "-y", str(size[1])),
            f"{words}; echo ended with $?; sleep 600",
        ],
        check=True,
        env=dict(environment),
        cwd=directory,
    )
    try:
        yield opened
    finally:
        opened.end()
