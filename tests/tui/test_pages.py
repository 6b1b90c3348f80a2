"""Every page, in both sizes, as a person walks through them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.patience import PATIENCE_S
from tests.tui.fleet import fleet
from tests.tui.gallery import (
    SHOTS,
    SIZES,
    Shot,
    colours_of,
    drift_page,
    in_every_palette,
    screen_text,
    snapshot_file,
    snapshot_of,
    timeless,
    until,
    walk,
)
from tui.app import TrueupApp
from tui.palettes import PALETTES
from tui.session import Options, Session


def _kept(file: Path) -> str:
    return file.read_text(encoding="utf-8")


async def is_as_it_was(
    pilot: Pilot[None], app: TrueupApp, file: Path, seen: Callable[[TrueupApp], str]
) -> None:
    expected = _kept(file)
    limit = time.monotonic() + PATIENCE_S
    # What stands beside a list, and the page below a question, come a moment later.
    while seen(app) != expected and time.monotonic() < limit:
        await pilot.pause(0.05)
    assert seen(app) == expected, f"{file.name}: looked at it? `make screenshots` takes it anew"


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x50"])
async def test_every_page_looks_as_it_did(size: tuple[int, int], tmp_path: Path) -> None:
    seen: list[str] = []

    async def took(pilot: Pilot[None], shot: Shot, app: TrueupApp) -> None:
        if not shot.order_varies:
            await is_as_it_was(pilot, app, snapshot_file(shot, size), snapshot_of)
        lines = screen_text(app).splitlines()
        assert len(lines) <= size[1]
        assert all(len(each) <= size[0] for each in lines)
        seen.append(shot.name)

    async with fleet(tmp_path) as (_house, daemon):
        await walk(daemon, size, took)
    assert seen == [shot.name for shot in SHOTS]


async def test_a_jump_to_another_page_is_undone_with_one_key(tmp_path: Path) -> None:
    async with fleet(tmp_path) as (_house, daemon):
        session = Session(daemon, Options())
        app = TrueupApp(session)
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, app, "1 Drift", "aws_security_group.front")
            await pilot.press("slash", *"iam", "enter", "enter")
            await until(pilot, app, "Statement[0].Resource[1]")
            await pilot.press("5")
            await until(pilot, app, "5 Stacks", "billing")
            await pilot.press("minus")
            await until(pilot, app, "Statement[0].Resource[1]")
            await pilot.press("minus")
            await until(pilot, app, "5 Stacks", "billing")
        await session.client.close()


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_every_palette_says_the_same_without_colour(
    tmp_path: Path,
    ascii_only: bool,  # noqa: FBT001 - the case
) -> None:
    async with (
        fleet(tmp_path) as (_house, daemon),
        drift_page(daemon, Options(ascii_only=ascii_only)) as (pilot, app),
    ):
        seen = set()
        for name in PALETTES:
            app.use_theme(name)
            await pilot.pause()
            below = screen_text(app).partition("\n")[2]
            assert not ascii_only or below.isascii()
            seen.add(timeless(app).partition("\n")[2])  # an age goes on from one to the next
        assert len(seen) == 1


async def test_every_palette_has_the_colours_that_it_had(tmp_path: Path) -> None:
    async with fleet(tmp_path) as (_house, daemon), drift_page(daemon) as (pilot, app):
        async for file in in_every_palette(pilot, app):
            await is_as_it_was(pilot, app, file, colours_of)


async def test_no_color_is_heeded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with fleet(tmp_path) as (_house, daemon), drift_page(daemon) as (_pilot, app):
        words = colours_of(app).replace("|", " ").split()
        assert set(words) <= {"bold", "dim", "reverse", "default", "on"}
