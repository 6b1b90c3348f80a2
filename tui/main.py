"""`trueup tui`: checks that there is a terminal to draw on, then runs the app."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from reconciler.client import Daemon
from reconciler.client.errors import PermanentError
from tui.preferences import preferences_file, read_preferences
from tui.session import Options


def run(daemon: Daemon, options: Options) -> None:
    """Run the terminal UI until the person leaves it.

    Raises:
        PermanentError: there is no terminal, or it cannot be drawn on.
        InvalidError: a value of tui.toml is not understood.
    """
    check_terminal()
    wish = read_preferences(preferences_file(os.environ))
    options = replace(
        options,
        theme=options.theme or wish.theme or "terminal",
        ascii_only=options.ascii_only or wish.ascii_only,
        mouse=options.mouse and wish.mouse,
        keymap=wish.keys,
        views=wish.views,
        view=wish.views.get(options.view, options.view),
    )
    from tui.app import TrueupApp  # noqa: PLC0415 - whoever is refused pays for no drawing
    from tui.session import Session  # noqa: PLC0415

    session = Session(daemon, options)
    app = TrueupApp(session)
    app.run(mouse=options.mouse)
    if app.failure is not None:
        raise app.failure
    running = sum(run.state == "started" for run in session.store.runs.values())
    if running:
        sys.stderr.write(f"{running} run(s) go on in the daemon; `trueup runs` lists them\n")


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
