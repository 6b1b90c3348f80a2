"""`make screenshots`: each page of the terminal UI as SVG, and as text that tests compare with.

It walks the pages as a person does, so `tests/tui/test_pages.py` looks at the same screens.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from reconciler.client import Daemon
from tests.patience import PATIENCE_S
from tests.tui.fleet import fleet
from tui.app import TrueupApp
from tui.palettes import PALETTES
from tui.session import Options, Session
from tui.store.arrange import GROUPS

SIZES: Final = ((80, 24), (160, 50))
FOLDER: Final = Path(__file__).parents[2] / "docs" / "screenshots"
SNAPSHOTS: Final = Path(__file__).with_name("snapshots")
_PREVIEW_S: Final = 0.6
"""What stands beside a list comes a moment after it."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One page: the keys that lead there, and words that are on it once it is whole."""

    name: str
    keys: tuple[str, ...]
    words: tuple[str, ...]
    order_varies: bool = False
    """Whether its rows stand in the order in which three plans happened to be made."""


_VARYING: Final = (
    (re.compile(r"(\d{4}-)?\d\d-\d\d(?= \d\d:)|\d{4}-\d\d-\d\d"), "DATE"),
    (re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?Z?"), "TIME"),
    (re.compile(r"\b(?=[a-f]*\d)[0-9a-f]{7,}\b…?|\b[0-9a-f]{5}…"), "ID"),
    (re.compile(r"just now|\bnow\b|\b(in )?\d+ ?(s|min|m|h|d)( ago)?\b"), "AGE"),
    (re.compile(r"127\.0\.0\.1:\d+"), "HOST"),
)
SHOTS: Final = (
    Shot("drift", (), ("7 of 7", "aws_security_group.front", "needs approval")),
    Shot("groups", ("b",), ("grouped by stack", "webshop", "network")),
    Shot("filter", ("b",) * (len(GROUPS) - 1) + ("slash", *"sev:=low"), ("/sev:=low",)),
    Shot(
        "finding",
        ("escape", "escape", "slash", *"iam", "enter", "enter"),
        ("Statement[0].Resource[1]",),
    ),
    Shot("why", ("tab",), ("a person decides", "ask for an approval", "first seen")),
    Shot("plan", ("p",), ("this plan waits for an approval",)),
    Shot("approve", ("A",), ("approve exactly this",)),
    Shot("wide", ("escape", "escape", "escape", "escape", "w"), ("7 of 7", "PROPOSED", "ACCOUNT")),
    Shot("approvals", ("w", "2"), ("needs approval", "manual review"), order_varies=True),
    Shot("runs", ("3",), ("finished",)),
    Shot("run", ("enter",), ("converged",)),
    Shot("audit", ("4",), ("remediation.converged",)),
    Shot("stacks", ("5",), ("billing", "in sync", "drifted")),
    Shot("policies", ("6",), ("a person decides", "tags are put back")),
    Shot("agents", ("7",), ("no host reports yet",)),
    Shot("ignores", ("8",), ("1 of 1", "ana", "the carrier")),
    Shot("help", ("1", "escape", "escape", "question_mark"), ("keys of this page",)),
)


def screen_text(app: TrueupApp) -> str:
    """Return what is on the screen."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


def snapshot_of(app: TrueupApp) -> str:
    """Return what is on the screen, without what differs from one start to the next.

    Times, ages, ids and ports are words for themselves, and spaces count as one each.
    """
    lines = (re.sub(" +", " ", each).strip() for each in timeless(app).splitlines())
    return "\n".join(lines).rstrip() + "\n"


def timeless(app: TrueupApp) -> str:
    """Return what is on the screen, with words for what differs from one moment to the next."""
    text = screen_text(app)
    for pattern, word in _VARYING:
        text = pattern.sub(word, text)
    return text


def snapshot_file(shot: Shot, size: tuple[int, int]) -> Path:
    """Return where the snapshot of a page in this size is kept."""
    return SNAPSHOTS / f"{shot.name}-{size[0]}x{size[1]}.txt"


def colours_of(app: TrueupApp) -> str:
    """Return the styles of each line of the screen, in order, without what they are on."""
    lines = []
    for strip in app.screen._compositor.render_strips():
        styles = (str(segment.style or "none") for segment in strip if segment.text.strip())
        lines.append(" | ".join(style for style, _ in itertools.groupby(styles)))
    return "\n".join(lines).rstrip() + "\n"


@asynccontextmanager
async def drift_page(
    daemon: Daemon, options: Options | None = None
) -> AsyncIterator[tuple[Pilot[None], TrueupApp]]:
    """Open the terminal UI at 80x24, and wait until its first page is whole."""
    session = Session(daemon, options or Options())
    app = TrueupApp(session)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, app, "aws_security_group.front", "needs approval")
            yield pilot, app
    finally:
        await session.client.close()


async def walk(
    daemon: Daemon,
    size: tuple[int, int],
    took: Callable[[Pilot[None], Shot, TrueupApp], Awaitable[None]],
) -> None:
    """Go from page to page, and await `took` at each as soon as its words are there.

    Raises:
        TimeoutError: a page never had its words; the message ends with the screen.
    """
    session = Session(daemon, Options())
    app = TrueupApp(session)
    try:
        async with app.run_test(size=size) as pilot:
            for shot in SHOTS:
                for key in shot.keys:
                    await pilot.press(key)
                await until(pilot, app, *shot.words)
                await took(pilot, shot, app)
    finally:
        await session.client.close()


_COLOURED: Final = (
    ("drift", (), ("needs approval",)),
    ("finding", ("slash", *"iam", "enter", "enter"), ("Statement[0].Resource[1]",)),
    ("approve", ("A",), ("approve exactly this",)),
)
"""The pages whose colours are kept: where drift is found, read and decided about."""


async def in_every_palette(pilot: Pilot[None], app: TrueupApp) -> AsyncIterator[Path]:
    """Yield where the colours of list, diff and approval are kept, with each on the screen."""
    for palette in PALETTES:
        app.use_theme(palette)
        for name, keys, words in _COLOURED:
            for key in keys:
                await pilot.press(key)
            await until(pilot, app, *words)
            yield SNAPSHOTS / f"palette-{palette}-{name}.txt"
        await pilot.press("escape", "escape", "escape")
        await until(pilot, app, "7 of 7")


async def until(pilot: Pilot[None], app: TrueupApp, *words: str) -> None:
    """Wait until everything is loaded and each of `words` is on the screen.

    Raises:
        TimeoutError: they never were; the message ends with the screen.
    """
    limit = time.monotonic() + PATIENCE_S
    while missing := [each for each in words if each not in screen_text(app) or _loading(app)]:
        if time.monotonic() > limit:
            raise TimeoutError(f"{missing} never came:\n{screen_text(app)}")
        await asyncio.sleep(0.05)
    await pilot.pause()


def _loading(app: TrueupApp) -> bool:
    return not app.session.pump.loaded or "loading" in screen_text(app)


async def _record() -> None:
    FOLDER.mkdir(exist_ok=True)
    SNAPSHOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with fleet(Path(folder)) as (_house, daemon):
            for size in SIZES:
                await walk(daemon, size, partial(_write, size))
            await _write_palettes(daemon)


async def _write_palettes(daemon: Daemon) -> None:
    async with drift_page(daemon) as (pilot, app):
        async for file in in_every_palette(pilot, app):
            await asyncio.sleep(_PREVIEW_S)
            file.write_text(colours_of(app), encoding="utf-8")


async def _write(size: tuple[int, int], pilot: Pilot[None], shot: Shot, app: TrueupApp) -> None:
    await asyncio.sleep(_PREVIEW_S)
    await until(pilot, app, *shot.words)
    file = FOLDER / f"{shot.name}-{size[0]}x{size[1]}.svg"
    file.write_text(app.export_screenshot(title="trueup tui"))
    if not shot.order_varies:
        snapshot_file(shot, size).write_text(snapshot_of(app), encoding="utf-8")
    sys.stdout.write(f"{file.name}\n{screen_text(app)}\n\n")


if __name__ == "__main__":
    asyncio.run(_record())
