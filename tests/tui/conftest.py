from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from textual.pilot import Pilot

from reconciler.client import Daemon
from reconciler.domain.principals import Role
from tests.api.desk import text_of
from tests.client.conftest import Served, served
from tests.patience import PATIENCE_S
from tui.app import TrueupApp
from tui.modals.confirm import ARM_S, Confirm
from tui.session import Options, Session

__all__ = ["served"]


@pytest.fixture(autouse=True)
def coloured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test as in a terminal with colours.

    CI asks for none, and Textual takes NO_COLOR out of the environment when it starts: only the
    first application of a process would be without colours.
    """
    monkeypatch.delenv("NO_COLOR", raising=False)


@dataclass(slots=True)
class Seat:
    """A person before the terminal UI of a real API: keys in, the screen's text out."""

    app: TrueupApp
    pilot: Pilot[None]
    served: Served

    @property
    def screen(self) -> str:
        """What is on the screen, line by line."""
        lines = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in lines)

    def where(self, text: str) -> tuple[int, int]:
        """Return the cell of the screen at which `text` begins."""
        for y, row in enumerate(self.screen.splitlines()):
            if text in row:
                return row.index(text), y
        raise AssertionError(f"{text!r} is not on the screen:\n{self.screen}")

    async def press(self, *keys: str) -> None:
        """Type `keys`, and return when each was taken: one for a page that comes up waits."""
        await self.pilot.press(*keys)
        await self.until(lambda: not self.app._typed)
        await self.pilot.pause()

    async def until(self, words: str | Callable[[], object]) -> str:
        """Wait until `words` are on the screen, or hold; return the screen."""
        limit = time.monotonic() + PATIENCE_S
        while time.monotonic() < limit:
            seen = self.screen
            if words in seen if isinstance(words, str) else words():
                return seen
            await asyncio.sleep(0.03)
        raise AssertionError(f"waited in vain for {words!r}; the screen:\n{self.screen}")

    async def worked(self, holds: Callable[[], object]) -> None:
        """Have the daemon do what it was woken for, until `holds`; a wake-up may come late."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await self.served.desk.house.settle()
                await asyncio.sleep(0.03)

    async def armed(self) -> None:
        """Wait until the dialog in front takes a key for a yes, also after one that it dropped."""
        await self.until(self._is_armed)

    def _is_armed(self) -> bool:
        dialog = self.app.screen
        if not isinstance(dialog, Confirm):
            return False
        return time.monotonic() >= max(dialog._armed_at, dialog._key_at + ARM_S)


def _is_loaded(session: Session) -> bool:
    """Whether every list was read, and the page was told.

    Rows are on the screen before the remediations are there that keys are about, and until the
    last list is read a row that comes is put in its place instead of being told as new.
    """
    return session.pump.loaded and not session.store.changes


@asynccontextmanager
async def seated(
    served: Served,
    *,
    role: Role = Role.ADMIN,
    size: tuple[int, int] = (80, 24),
    options: Options | None = None,
) -> AsyncIterator[Seat]:
    daemon = Daemon(served.cable.address, text_of(role))
    session = Session(daemon, options or Options())
    app = TrueupApp(session)
    try:
        async with app.run_test(size=size) as pilot:
            seat = Seat(app, pilot, served)
            await seat.until(lambda: _is_loaded(session))
            yield seat
    finally:
        await session.client.close()
