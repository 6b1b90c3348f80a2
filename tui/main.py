"""`trueup tui`: checks that there is a terminal to draw on, then runs the app."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.client import Daemon
from reconciler.client.errors import PermanentError
from tui.garbage import COLLECTING
from tui.locale_encoding import takes_utf_8
from tui.preferences import preferences_file, read_preferences, why_read_only
from tui.session import Options

_NARROW: Final = "the locale's encoding is not UTF-8"


def run(daemon: Daemon, options: Options) -> None:
    """Run the terminal UI until the person leaves it.

    Raises:
        PermanentError: there is no terminal, or it cannot be drawn on.
        InvalidError: a value of tui.toml is not understood, or its keys clash.
    """
    check_terminal()
    COLLECTING.wait()
    file = preferences_file(os.environ)
    wish = read_preferences(file)
    utf_8 = takes_utf_8(os.environ, utf8_mode=bool(sys.flags.utf8_mode))
    forbidden = "" if options.read_only else why_read_only(wish, options.environment)
    narrow = "" if utf_8 or wish.ascii_only is False else _NARROW
    options = replace(
        options,
        theme=options.theme or wish.theme or "terminal",
        ascii_only=options.ascii_only or bool(wish.ascii_only) or bool(narrow),
        read_only=options.read_only or bool(forbidden),
        read_only_because=forbidden,
        ascii_because="" if options.ascii_only or wish.ascii_only else narrow,
        mouse=options.mouse and wish.mouse,
        views=wish.views,
    )
    from tui.app import TrueupApp  # noqa: PLC0415 - whoever is refused pays for no drawing
    from tui.session import Session  # noqa: PLC0415

    session = Session(daemon, replace(options, keymap=_keymap(file, wish.keys)))
    app = TrueupApp(session)
    app.run(mouse=options.mouse)
    COLLECTING.end()
    if app.failure is not None:
        raise app.failure
    running = sum(run.state == "started" for run in session.store.runs.values())
    if running:
        sys.stderr.write(f"{running} run(s) go on in the daemon; `trueup runs` lists them\n")


def may_start(environment: str) -> bool:
    """Whether a daemon may be started to be drawn: not where tui.toml makes this read-only.

    Raises:
        PermanentError: there is no terminal, or it cannot be drawn on.
        InvalidError: a value of tui.toml is not understood.
    """
    check_terminal()
    return not why_read_only(read_preferences(preferences_file(os.environ)), environment)


def _keymap(file: Path, keys: Mapping[str, str]) -> Mapping[str, str]:
    """Return the keys of a keymap file; to hold them against each page, every page is imported."""
    if not keys:
        return keys
    from tui.app import TrueupApp  # noqa: PLC0415
    from tui.keymap_check import checked_keymap, contexts_of  # noqa: PLC0415

    return checked_keymap(file, keys, contexts_of(TrueupApp))


def check_terminal() -> None:
    """Return when there is a terminal that can be drawn on.

    Raises:
        PermanentError: there is none.
    """
    # Textual draws on stderr: redirected, the screen would stay black.
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise PermanentError(
            "trueup tui needs a terminal on stdin, stdout and stderr",
            remedy="trueup findings prints the list",
        )
    if os.environ.get("TERM", "") in {"", "dumb"}:
        raise PermanentError(
            f"the terminal {os.environ.get('TERM', '')!r} cannot be drawn on",
            remedy="set TERM, such as TERM=xterm-256color; or use trueup findings",
        )
