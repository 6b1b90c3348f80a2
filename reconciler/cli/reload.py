"""`trueup reload`: trueup.toml, read anew by the daemon."""

from __future__ import annotations

from collections.abc import Iterator

import click

from reconciler.cli.examples import examples
from reconciler.cli.invocation import Invocation, asks_daemon
from reconciler.cli.labels import text_of
from reconciler.wire import models as wire
from reconciler.wire import routes


@click.command(epilog=examples("trueup reload"))
@asks_daemon
def reload(invocation: Invocation) -> None:
    """Make the daemon read trueup.toml again; a broken file is refused as a whole."""
    body = invocation.api.ask(routes.RELOAD)
    invocation.answer(body, _lines(body))


def _lines(body: wire.Reloaded) -> Iterator[str]:
    for change in body.taken:
        yield f"in force: {text_of(change)}"
    for change in body.needs_restart:
        yield f"needs a restart of the daemon: {text_of(change)}"
    for note in body.notes:
        yield f"note: {text_of(note)}"
    if not body.taken and not body.needs_restart:
        yield "nothing changed"
