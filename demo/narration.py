"""What the demo tells: numbered steps, what each did and how long it took, 80 columns."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

WIDTH: Final = 80
_INDENT: Final = "    "
_COMMAND_WIDTH: Final = 34


class StepError(Exception):
    """A step did not come out as expected; the message says how."""


class Narrator:
    """Prints the steps as they happen; works the same with and without a terminal."""

    def __init__(self) -> None:
        self._number = 0
        self._started = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print the title, and at the end how long the step took; a failure is passed on."""
        self._number += 1
        self._print(f"\n{self._number:2}  {title}")
        started = time.monotonic()
        try:
            yield
        except BaseException:
            self._print(f"{_INDENT}NOT as expected, after {time.monotonic() - started:.1f} s")
            raise
        self._print(f"{_INDENT}done in {time.monotonic() - started:.1f} s")

    def say(self, text: str) -> None:
        """Print a paragraph below the step's title."""
        wrapped = textwrap.wrap(
            text, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False
        )
        for line in wrapped:
            self._print(line)

    def item(self, text: str) -> None:
        """Print one entry of a list."""
        for line in textwrap.wrap(
            text, WIDTH, initial_indent=f"{_INDENT}- ", subsequent_indent=f"{_INDENT}  "
        ):
            self._print(line)

    def row(self, label: str, value: str) -> None:
        """Print a label and, in a column of its own, its value."""
        self._print(f"{_INDENT}{label:<58} {value:>15}")

    def compare(self, command: str, *, theirs: float, ours: float) -> None:
        """Print the seconds of a tool's own check and of ours, and their ratio."""
        times = f"{theirs:.1f} s, trueup {ours:.2f} s: {theirs / ours:.0f} times"
        self.say(f"{command}: {times}")

    def command(self, command: str, does: str) -> None:
        """Print a command to type, and what it does; on a line of its own where it is long."""
        if len(command) > _COMMAND_WIDTH:
            self._print(f"{_INDENT}{command}")
            command = ""
        self._print(f"{_INDENT}{command:<{_COMMAND_WIDTH}}  # {does}")

    def quote(self, output: str) -> None:
        """Print what a command printed, set off."""
        self._print("")
        for line in output.rstrip("\n").splitlines():
            self._print(f"{_INDENT}{line}".rstrip())
        self._print("")

    def heading(self, text: str) -> None:
        """Print a line of its own at the margin."""
        self._print(text)

    def end(self, text: str) -> None:
        """Print the last line, with the time that all of it took."""
        self._print(f"\n{text} ({time.monotonic() - self._started:.0f} s)")

    def _print(self, line: str) -> None:
        print(line)
        sys.stdout.flush()


def expect(*, expected: object, seen: object, what: str) -> None:
    """Do nothing when `seen` is as expected.

    Raises:
        StepError: it is not.
    """
    if seen != expected:
        raise StepError(f"{what}: expected {expected!r}, got {seen!r}")
