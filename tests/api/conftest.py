from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.desk import Desk, open_desk
from tests.api.speaking_agent import SpeakingAgent


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


@pytest.fixture
async def agent(desk: Desk) -> SpeakingAgent:
    return await SpeakingAgent.enrolled(desk)
