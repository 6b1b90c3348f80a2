"""What every command that asks the daemon has in common: its options, and how it answers."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.cli.ages import absolute, ago, ahead
from reconciler.cli.client.api import Api
from reconciler.cli.client.place import Wanted, find_daemon
from reconciler.cli.paint import Paint, paint_for
from reconciler.cli.table import Cell, Column, table_lines, table_width

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Asking:
    """One command's conversation with the daemon, and the screen its answer goes to."""

    api: Api
    as_json: bool
    verbose: bool
    paint: Paint
    width: int | None

    def answer(self, body: Any, lines: Iterable[str]) -> None:
        """Write the daemon's own words, or `lines` for a person."""
        if self.as_json:
            click.echo(json.dumps(body))
            return
        for line in lines:
            click.echo(line, color=self.paint.colour)

    def narrate(self, text: str) -> None:
        """Say something that is not the answer."""
        click.echo(text, err=True)

    def table(self, columns: Iterable[Column], rows: Iterable[Iterable[Cell]]) -> Iterator[str]:
        """Yield rows under headings, fitted to the screen."""
        return table_lines(
            tuple(columns), [tuple(row) for row in rows], paint=self.paint, width=self.width
        )

    def facts(self, pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Yield a line per name and text; a fact without text is none."""
        for name, text in pairs:
            if text:
                yield f"{self.paint('dim', f'{name:<11}')} {text}"

    def ago(self, text: str | None) -> str:
        """Return how long ago `text` was; the time itself with `-v`."""
        return absolute(text) if self.verbose else ago(text, now=datetime.now(UTC))

    def ahead(self, text: str | None) -> str:
        """Return how soon `text` comes; the time itself with `-v`."""
        return absolute(text) if self.verbose else ahead(text, now=datetime.now(UTC))


def asks_daemon(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options all of these have, and an `Asking` as its first argument."""

    @click.option("--server", metavar="URL", help="The daemon; else TRUEUP_SERVER or `listen`.")
    @click.option(
        "--token-file",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Holds the token; else TRUEUP_TOKEN, or the admin token of this machine's daemon.",
    )
    @click.option("--json", "as_json", is_flag=True, help="The API's answer on stdout.")
    @click.option("-v", "--verbose", is_flag=True, help="Tell times as they are, and all there is.")
    @functools.wraps(function)
    def asking(
        *,
        server: str | None,
        token_file: Path | None,
        as_json: bool,
        verbose: bool,
        **given: Any,
    ) -> None:
        config = click.get_current_context().find_root().obj
        wanted = Wanted(server=server, token_file=token_file, config=config)
        with _opened(wanted, as_json=as_json, verbose=verbose) as opened:
            function(opened, **given)

    return asking


def limit_option(usual: int) -> Callable[[F], F]:
    """Return the option of every list: how much of it."""
    return click.option(
        "--limit",
        type=click.IntRange(min=0),
        default=usual,
        metavar="N",
        help=f"At most so many, 0 for all; {usual} unless told.",
    )


def examples(*lines: str) -> str:
    """Return the end of a command's help, kept line by line."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


@contextmanager
def _opened(wanted: Wanted, *, as_json: bool, verbose: bool) -> Iterator[Asking]:
    daemon = find_daemon(wanted, environment=os.environ, here=Path.cwd())
    with Api(daemon) as api:
        yield Asking(
            api=api,
            as_json=as_json,
            verbose=verbose,
            paint=paint_for(sys.stdout),
            width=table_width(sys.stdout),
        )
