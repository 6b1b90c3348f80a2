"""A day of events in minutes before the terminal UI: nothing is lost, and its memory stays flat.

The fleet is the real API over worlds in memory; the terminal UI runs in a real terminal. Stacks
drift and heal in turn, one pass of all of them every five minutes of the daemon's clock.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psutil
import structlog

from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.principals import Role
from tests.api.desk import put_tokens, text_of
from tests.fake_world import World
from tests.terminal import Terminal, TerminalError, terminal
from tests.tui.fleet import served
from tests.unit.engine.house import House, open_house

_STACKS: Final = 40
_EVERY: Final = timedelta(minutes=5)
_DAY: Final = timedelta(days=1)
_WARM_SHARE: Final = 0.25
_ROOM_MB: Final = 8.0
_A: Final = ResourceAddress("thing.a")


def day_of_events(hours: float) -> int:
    """Pass `hours` of events before a terminal UI; 0 when it lost none and did not grow."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="trueup-soak-") as folder:
        broken = asyncio.run(_day(Path(folder), hours))
    print(f"broken: {broken or 'none'}", flush=True)
    return 1 if broken else 0


async def _day(folder: Path, hours: float) -> list[str]:
    names = [StackName(f"stack-{place:02}") for place in range(_STACKS)]
    worlds = {name: World.in_sync(a={"size": 1}, b={"size": 1}) for name in names}
    passes = int(timedelta(hours=hours) / _EVERY)
    async with open_house(folder, worlds) as house, served(house) as address:
        await put_tokens(house)
        house.clock.at = datetime.now(UTC) - _DAY
        mark = uuid.uuid4().hex
        environment = {
            **os.environ, "TRUEUP_SERVER": address, "TRUEUP_TOKEN": text_of(Role.ADMIN),
            "TRUEUP_SOAK": mark, "TERM": "xterm-256color", "LANG": "C.UTF-8",
        }  # fmt: skip
        command: list[str | Path] = [Path(sys.executable).with_name("trueup"), "tui"]
        with terminal(command, environment=environment, directory=folder) as screen:
            await asyncio.to_thread(screen.until, "live")
            process = _marked(mark)
            megabytes: list[float] = []
            began = time.monotonic()
            for place in range(passes):
                await _pass(house, names, place)
                megabytes.append(process.memory_info().rss / 1e6)
                if place % 24 == 0:
                    print(f"  {place * _EVERY}  {megabytes[-1]:.1f} MB", flush=True)
            took = time.monotonic() - began
            broken = await _compared(house, names, screen)
            events = len(await house.read(lambda view: view.events.after(0, limit=10**9)))
    warm, last = megabytes[int(passes * _WARM_SHARE)], megabytes[-1]
    print(f"{passes} passes of {_STACKS} stacks, {events} events in {took:.0f} s;"
          f" {warm:.1f} MB after a quarter, {last:.1f} MB at the end")  # fmt: skip
    if last > warm + _ROOM_MB:
        broken.append(f"memory grew by {last - warm:.1f} MB")
    return broken


async def _pass(house: House, names: list[StackName], place: int) -> None:
    house.clock.move(seconds=_EVERY.total_seconds())
    for number, name in enumerate(names):
        # A third of the fleet drifts at a time, each time with another value.
        size = place + 2 if (place + number) % 3 == 0 else 1
        house.worlds[name].live[_A] = {"size": size}
        await house.scan(name)


async def _compared(house: House, names: list[StackName], screen: Terminal) -> list[str]:
    """Return how the last screen differs from what the daemon has."""
    count = 0
    for name in names:
        found = await house.findings(name)
        count += sum(finding.state.value == "open" for finding in found)
    screen.press(".")
    try:
        await asyncio.to_thread(screen.until, f"drift {count} ")
    except TerminalError as error:
        return [str(error)]
    return []


def _marked(mark: str) -> psutil.Process:
    """Return the terminal UI's process, which has the mark in its environment."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "tui" in words and "python" in Path(words[0]).name:
            try:
                if process.environ().get("TRUEUP_SOAK") == mark:
                    return process
            except psutil.Error:
                continue
    raise LookupError("the terminal UI does not run")
