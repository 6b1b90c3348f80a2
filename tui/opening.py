"""What is opened in another program: a pager, an editor or a browser, and how each is called."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.client.errors import InvalidError
from reconciler.wire.findings import Finding


@dataclass(frozen=True, slots=True)
class Opening:
    """One thing to open: `text` in a pager, `file` in an editor, or `url` in a browser."""

    name: str
    text: str = ""
    file: Path | None = None
    line: int = 1
    url: str = ""


def openings_of(finding: Finding, directory: str) -> Iterator[Opening]:
    """Yield the source of a finding where it is on this machine, and the tickets about it.

    `directory` is that of its stack. What lies outside it is not offered, and no address that is
    not one of the web.
    """
    source = finding.source
    if source is not None and directory:
        base = Path(directory)
        file = base / source.file
        if _is_in(base, file):
            yield Opening(f"editor: {source.file}:{source.line}", file=file, line=source.line)
    for ticket in finding.tickets:
        if _is_web(ticket.url):
            yield Opening(f"browser: {ticket.key} ({ticket.channel})", url=ticket.url)


def _is_in(base: Path, file: Path) -> bool:
    """Whether `file` is a file in `base` that can be reached.

    A directory that this user may not enter and a name that is too long raise OSError, a NUL
    ValueError, a loop of links RuntimeError: raised by a key, each would end the app.
    """
    try:
        return file.is_file() and file.resolve().is_relative_to(base.resolve())
    except (OSError, ValueError, RuntimeError):
        return False


def _is_web(url: str) -> bool:
    """Whether `url` is an address of the web; `https://[x/y` is none, and cannot be split."""
    try:
        return urlsplit(url).scheme in {"http", "https"}
    except ValueError:
        return False


def command_of(opening: Opening, environment: Mapping[str, str]) -> list[str]:
    """Return the pager or the editor that is called, and what it is called with.

    Raises:
        InvalidError: the variable that names it cannot be split into words.
    """
    if opening.file is None:
        return _words(environment, ("PAGER",), "less")
    file = opening.file.resolve()  # absolute: it never begins with a dash
    return [*_words(environment, ("VISUAL", "EDITOR"), "vi"), f"+{opening.line}", str(file)]


def _words(environment: Mapping[str, str], names: Iterable[str], usual: str) -> list[str]:
    for name in names:
        value = environment.get(name)
        if not value:
            continue
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise InvalidError(
                f"{name} cannot be read as a command: {error}", remedy=f"set {name} anew"
            ) from None
        if words:
            return words
    return [usual]


@contextmanager
def _interrupts_left_to_it() -> Iterator[None]:
    """Leave ^C to the program that has the terminal.

    The terminal sends it to both: in less it ends a search, and here it cancelled the app, which
    was gone when less was left. SIG_IGN would do the same to the program, which inherits it.
    """
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def open_outside(opening: Opening, environment: Mapping[str, str]) -> None:
    """Run the program until it is left; the terminal is its own meanwhile.

    Raises:
        InvalidError: it cannot be started.
    """
    import subprocess  # noqa: PLC0415 - few open anything, and everybody waits for the start
    import webbrowser  # noqa: PLC0415

    if opening.url:
        with _interrupts_left_to_it():  # a browser may be one of the terminal
            opened = webbrowser.open(opening.url)
        if not opened:
            raise InvalidError("there is no browser here", remedy="y copies the address")
        return
    command = command_of(opening, environment)
    given = None if opening.file else opening.text.encode()
    try:
        with _interrupts_left_to_it():
            subprocess.run(command, input=given, check=False)
    except OSError as error:
        raise InvalidError(
            f"{command[0]} cannot be started: {error.strerror}",
            remedy="set PAGER, or EDITOR, to a program that is there",
        ) from None
