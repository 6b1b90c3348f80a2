"""What docs/client.md shows, run as it stands there."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Final

from reconciler.domain.principals import Role
from reconciler.domain.remediation_states import RemediationState
from tests.api.desk import text_of
from tests.client.conftest import Served
from tests.unit.engine.house import MANUAL, A

ROOT: Final = Path(__file__).parents[2]
_EXAMPLE: Final = re.compile(r"<!-- example -->\n```python\n(.*?)```", re.DOTALL)
_WAIT_S: Final = 60.0


async def test_the_example_lists_approves_and_follows(served: Served, tmp_path: Path) -> None:
    house = served.desk.house
    await house.put(MANUAL)
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    (example,) = _EXAMPLE.findall((ROOT / "docs" / "client.md").read_text())
    program = tmp_path / "example.py"
    program.write_text(example)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TRUEUP_SERVER": served.cable.address,
            "TRUEUP_TOKEN": text_of(Role.APPROVER),
        },
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(_WAIT_S):
        while not await house.remediations(RemediationState.QUEUED):
            assert process.returncode is None
            await served.cable.carried()
        served.desk.clock.move(seconds=1)
        # What is queued may be read before the daemon was told to wake.
        while not await house.remediations(RemediationState.CONVERGED):
            await house.settle()
            await served.cable.carried()
        said, _ = await process.communicate()
    lines = said.decode().splitlines()
    assert lines[0] == f"shop {A} ['size']"
    assert lines[-1] == "remediation.converged"
    assert house.world.live[A] == {"size": 1}
