"""Every page, in both sizes, as a person walks through them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.fleet import fleet
from tests.tui.gallery import SHOTS, SIZES, Shot, screen_text, walk
from tui.app import TrueupApp


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "160x50"])
async def test_every_page_shows_what_it_is_for(size: tuple[int, int], tmp_path: Path) -> None:
    seen: list[str] = []

    def took(shot: Shot, app: TrueupApp) -> None:
        lines = screen_text(app).splitlines()
        assert len(lines) <= size[1]
        assert all(len(each) <= size[0] for each in lines)
        seen.append(shot.name)

    async with fleet(tmp_path) as (_house, daemon):
        await walk(daemon, size, took)
    assert seen == [shot.name for shot in SHOTS]
