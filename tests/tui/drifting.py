"""What the tests of the terminal UI begin with: drift that waits, and a hold."""

from __future__ import annotations

from tests.client.conftest import Served
from tests.tui.conftest import Seat
from tests.unit.engine.house import MANUAL, A


async def drifted(served: Served, *addresses: str) -> None:
    house = served.desk.house
    await house.put(MANUAL)
    await house.scan()
    for address in addresses or (A,):
        house.world.live[address] = {"size": 99}  # type: ignore[index]
    await house.scan()


async def held(seat: Seat) -> None:
    await seat.press("H")
    await seat.until("hold all corrections: why?")
    await seat.press(*"incident", "enter")
