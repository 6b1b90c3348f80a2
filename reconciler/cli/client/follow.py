"""Looking again whenever the daemon says that something happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from reconciler.cli.client.api import Api
from reconciler.cli.client.problems import UnreachableError
from reconciler.wire import routes

_LONGEST_PAUSE_S: Final = 8.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look, in seconds.

    At the latest every `tick_s`, at the earliest `pause_s` after the last time, and for
    `patience_s` at a daemon that is not there.
    """

    tick_s: float = 5.0
    pause_s: float = 0.3
    patience_s: float = 120.0


def follow(
    api: Api,
    look: Callable[[], bool],
    *,
    types: Iterable[str],
    pace: Pace = Pace(),
    lost: Callable[[UnreachableError], None] = lambda _: None,
    reached: bool = False,
) -> None:
    """Call `look` now and after each event, until it returns True.

    Events count whose type begins with one of `types`.

    The stream is open before `look` is called, so nothing that happens after it looked
    goes by unseen. `lost` hears once of a daemon that went away; it is waited for
    if it was `reached`, here or before.

    Raises:
        UnreachableError: it never was there, or stayed away.
    """
    wanted = tuple(types)
    away_s, pause_s = 0.0, pace.pause_s
    while True:
        try:
            with api.lines(
                routes.FOLLOW_EVENTS, quiet_s=pace.tick_s, types=",".join(wanted)
            ) as lines:
                if look():
                    return
                reached = True
                _first(lines, wanted, until=time.monotonic() + pace.tick_s)
            away_s, pause_s = 0.0, pace.pause_s
        except UnreachableError as error:
            if not reached or away_s >= pace.patience_s:
                raise
            if not away_s:
                lost(error)
            pause_s = min(max(2 * pause_s, 0.5), _LONGEST_PAUSE_S)
            away_s += pause_s
        time.sleep(pause_s)


def _first(lines: Iterator[str], wanted: tuple[str, ...], *, until: float) -> None:
    """Return at the first event of interest, or when `until` has passed without one.

    A stream that tells nothing else still gives signs of life, so its silence does not end it.
    """
    for line in lines:
        name, _, value = line.partition(":")
        if name == "event" and value.strip().startswith((*wanted, "reset")):
            return
        if not name and time.monotonic() >= until:
            return
