"""What every command that asks the daemon has in common: its options, and how it answers."""

from __future__ import annotations

import functools
import itertools
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from reconciler.cli.ages import absolute, ago, ahead
from reconciler.cli.client.api import Api, as_received
from reconciler.cli.client.endpoint import Wanted, find_daemon
from reconciler.cli.data_options import write_data
from reconciler.cli.folding import folded
from reconciler.cli.global_options import given
from reconciler.cli.identities import SHORTEST
from reconciler.cli.paint import Paint, paint_for, safe
from reconciler.cli.table import Cell, Column, table_lines, table_width
from reconciler.wire.decoding import NotOfModelError

F = TypeVar("F", bound=Callable[..., Any])
_FACT_INDENT: Final = " " * 13
_WRITTEN_AT_ONCE: Final = 500
"""Lines; writing 5,000 one by one takes a tenth of what listing them takes in all."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One command's conversation with the daemon, and the screen its answer goes to.

    `output` is `json` or `yaml` for data, `wide` for tables that are not fitted, else None.
    """

    api: Api
    output: str | None
    verbose: bool
    paint: Paint
    width: int | None

    @property
    def as_data(self) -> bool:
        """Whether a program reads the answer."""
        return self.output in {"json", "yaml"}

    def answer(self, body: Any, lines: Iterable[str]) -> None:
        """Write the daemon's own words, or `lines` for a person."""
        if self.as_data:
            write_data(as_received(body), str(self.output))
            return
        remaining = iter(lines)
        while part := list(itertools.islice(remaining, _WRITTEN_AT_ONCE)):
            click.echo("\n".join(part), color=self.paint.colour)

    def id(self, whole: object) -> str:
        """Return an id as it is shown: as short as it may be typed, whole with `-v`."""
        text = safe(str(whole))
        return text if self.verbose else text[:SHORTEST]

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
                room = self.paint.width - len(_FACT_INDENT)
                # Colours take no room on the screen, and are in short texts only.
                first, *more = [text] if "\x1b" in text else folded(text, room)
                yield f"{self.paint('dim', f'{name:<12}')} {first}"
                yield from (f"{_FACT_INDENT}{line}" for line in more)

    def ago(self, at: datetime | None) -> str:
        """Return how long ago `at` was; the time itself with `-v`."""
        return absolute(at) if self.verbose else ago(at, now=datetime.now(UTC))

    def ahead(self, at: datetime | None) -> str:
        """Return how soon `at` comes; the time itself with `-v`."""
        return absolute(at) if self.verbose else ahead(at, now=datetime.now(UTC))


def asks_daemon(function: Callable[..., int | None]) -> Callable[..., int | None]:
    """Give a command the options all of these have, and an `Invocation` as its first argument."""

    @click.option(
        "-o",
        "--output",
        type=click.Choice(["json", "yaml", "wide"]),
        help="json, yaml: the API's answer. wide: tables wider than the terminal, nothing cut.",
    )
    @click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
    @functools.wraps(function)
    def invocation(*, as_json: bool, output: str | None, **more: Any) -> int | None:
        with conversation("json" if as_json else output) as opened:
            try:
                return function(opened, **more)
            except NotOfModelError as error:
                remedy = f"{opened.api.versions()}; {error.remedy}"
                raise NotOfModelError(str(error), remedy=remedy) from error

    return invocation


def limit_option(usual: int) -> Callable[[F], F]:
    """Return the option of every list: how much of it."""
    return click.option(
        "-n",
        "--limit",
        type=click.IntRange(min=0),
        default=usual,
        metavar="N",
        help=f"At most N, 0 for all; default: {usual}.",
    )


@contextmanager
def conversation(output: str | None) -> Iterator[Invocation]:
    """Give a conversation with the daemon that the options, the environment or the file name.

    Raises:
        PermanentError: see `find_daemon`.
    """
    said = given()
    wanted = Wanted(server=said.server, token_file=said.token_file, config=said.config)
    daemon = find_daemon(wanted, environment=os.environ, here=Path.cwd())
    with Api(daemon) as api:
        yield Invocation(
            api=api,
            output=output,
            verbose=said.verbose,
            paint=paint_for(sys.stdout),
            width=None if output == "wide" else table_width(sys.stdout),
        )
