"""A real terminal, by tmux: keys in, the screen out, as a person has it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import termios
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.patience import PATIENCE_S

_LOOK_EVERY_S = 0.1
_SANE = termios.ECHO | termios.ICANON | termios.ISIG


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
        return int(self._asked("#{pane_pid}"))

    def press(self, *keys: str) -> None:
        """Type keys at once, by tmux's names."""
        self._tmux("send-keys", "-t", "0", *keys)

    def click(self, words: str, *, times: int = 1) -> None:
        """Click where `words` begin on the screen, as the terminal tells it to the program.

        Raises:
            TerminalError: they are not on it.
        """
        x, y = self._cell_of(words)
        self._write((f"\x1b[<0;{x};{y}M" + f"\x1b[<0;{x};{y}m") * times)

    def drag(self, words: str) -> None:
        """Draw the mouse over `words`, with its button held.

        Raises:
            TerminalError: they are not on the screen.
        """
        x, y = self._cell_of(words)
        end = x + len(words) - 1
        self._write(f"\x1b[<0;{x};{y}M" + f"\x1b[<32;{end};{y}M" + f"\x1b[<0;{end};{y}m")

    def _cell_of(self, words: str) -> tuple[int, int]:
        for y, row in enumerate(self.screen.splitlines(), 1):
            if words in row:
                return row.index(words) + 1, y
        raise TerminalError(f"{words!r} is not on the screen:\n{self.screen}")

    def _write(self, text: str) -> None:
        """Send bytes in one piece; tmux sends what `send-keys` is given one by one."""
        self._tmux("set-buffer", "-b", "typed", text)
        self._tmux("paste-buffer", "-d", "-r", "-b", "typed", "-t", "0")

    def let_programs_copy(self) -> None:
        """Have the terminal take what a program copies by OSC 52, as tmux does where it is told."""
        self._tmux("set-option", "-s", "set-clipboard", "on")

    @property
    def clipboard(self) -> str:
        """What a program copied last."""
        return self._tmux("show-buffer")

    @property
    def is_sane(self) -> bool:
        """Whether a shell would find it as shells leave it: echo, lines, a cursor, no mouse."""
        flags = self._asked("#{alternate_on}#{mouse_any_flag}#{cursor_flag}")
        return flags == "001" and self.takes_lines

    @property
    def takes_lines(self) -> bool:
        """Whether it takes whole lines, with echo, and not each key for a program."""
        with self._device() as tty:
            return bool(termios.tcgetattr(tty)[3] & _SANE == _SANE)

    def take_back(self) -> None:
        """Have whole lines and echo again, as a shell has once a program was stopped."""
        with self._device() as tty:
            attributes = termios.tcgetattr(tty)
            attributes[3] |= _SANE
            termios.tcsetattr(tty, termios.TCSANOW, attributes)

    @contextmanager
    def _device(self) -> Iterator[int]:
        tty = os.open(self._asked("#{pane_tty}"), os.O_RDWR | os.O_NOCTTY)
        try:
            yield tty
        finally:
            os.close(tty)

    def _asked(self, words: str) -> str:
        return self._tmux("display-message", "-p", "-t", "0", words).strip()

    def resize(self, width: int, height: int) -> None:
        """Make the terminal another size."""
        self._tmux("resize-window", "-t", "0", "-x", str(width), "-y", str(height))

    def until(self, words: str, *, within_s: float = PATIENCE_S) -> str:
        """Return the screen as soon as `words` are on it.

        Raises:
            TerminalError: they never were.
        """
        return self._until(lambda screen: words in screen, repr(words), within_s)

    def until_gone(self, words: str, *, within_s: float = PATIENCE_S) -> str:
        """Return the screen as soon as `words` are not on it.

        What a program wrote is on the screen only once the terminal has read it: the program may
        have been stopped since.

        Raises:
            TerminalError: they stayed.
        """
        # A terminal that is gone itself shows nothing at all.
        return self._until(
            lambda screen: bool(screen) and words not in screen, f"the end of {words!r}", within_s
        )

    def _until(self, true: Callable[[str], bool], what: str, within_s: float) -> str:
        limit = time.monotonic() + within_s
        while time.monotonic() < limit:
            screen = self.screen
            if true(screen):
                return screen
            time.sleep(_LOOK_EVERY_S)
        raise TerminalError(f"waited in vain for {what}; the screen:\n{self.screen}")

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
