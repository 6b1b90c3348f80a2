"""`make screenshots`: each page of the terminal UI as SVG and text, in two sizes.

It walks the pages as a person does, so `tests/tui/test_pages.py` looks at the same screens.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from reconciler.client import Daemon
from tests.patience import PATIENCE_S
from tests.tui.fleet import fleet
from tui.app import TrueupApp
from tui.session import Options, Session
from tui.store.arrange import GROUPS

SIZES: Final = ((80, 24), (160, 50))
FOLDER: Final = Path(__file__).parents[2] / "docs" / "screenshots"
_PREVIEW_S: Final = 0.6
"""What stands beside a list comes a moment after it."""


@dataclass(frozen=True, slots=True)
class Shot:
    """One page: the keys that lead there, and words that are on it once it is whole."""

    name: str
    keys: tuple[str, ...]
    words: tuple[str, ...]


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
    Shot("approvals", ("w", "2"), ("needs approval", "manual review")),
    Shot("runs", ("3",), ("finished",)),
    Shot("run", ("enter",), ("converged",)),
    Shot("audit", ("4",), ("remediation.converged",)),
    Shot("stacks", ("5",), ("billing", "in sync", "drifted")),
    Shot("policies", ("6",), ("a person decides", "tags are put back")),
    Shot("agents", ("7",), ("no host reports yet",)),
    Shot("help", ("1", "escape", "escape", "question_mark"), ("keys here",)),
)


def screen_text(app: TrueupApp) -> str:
    """Return what is on the screen."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def walk(
    daemon: Daemon,
    size: tuple[int, int],
    took: Callable[[Shot, TrueupApp], None],
    *,
    rest_s: float = 0.0,
) -> None:
    """Go from page to page, and call `took` at each as soon as its words are there.

    Raises:
        TimeoutError: a page never had its words; the message ends with the screen.
    """
    session = Session(daemon, Options())
    app = TrueupApp(session)
    async with app.run_test(size=size) as pilot:
        for shot in SHOTS:
            for key in shot.keys:
                await pilot.press(key)
            await until(pilot, app, *shot.words)
            await asyncio.sleep(rest_s)
            await until(pilot, app, *shot.words)
            took(shot, app)
    await session.client.close()


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
    with tempfile.TemporaryDirectory() as folder:
        async with fleet(Path(folder)) as (_house, daemon):
            for size in SIZES:
                await walk(daemon, size, partial(_write, size), rest_s=_PREVIEW_S)


def _write(size: tuple[int, int], shot: Shot, app: TrueupApp) -> None:
    file = FOLDER / f"{shot.name}-{size[0]}x{size[1]}.svg"
    file.write_text(app.export_screenshot(title="trueup tui"))
    sys.stdout.write(f"{file.name}\n{screen_text(app)}\n\n")


if __name__ == "__main__":
    asyncio.run(_record())
