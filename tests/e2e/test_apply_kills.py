"""The soak of kills, small: SIGKILL in the middle of an apply by the real tool, and every law."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform.executable import Executable
from tests.soak.kills import kill_loop
from tests.soak.moments import MOMENTS, VICTIMS
from tests.worlds.pulumi.tools import PulumiTools

THINGS: Final = 4
"""Two kills need no more, and each of Pulumi's twenty runs evaluates a program of all of them."""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def broken_by_kills(tool: str, folder: Path, *, victim: str, moment: str) -> int:
    """Kill `victim` at `moment`, and in the next round everything; 0 when every law held."""
    first = MOMENTS.index(moment) * len(VICTIMS) + VICTIMS.index(victim)
    return kill_loop(tool, folder, count=2, seed=3, in_apply=True, first=first, things=THINGS)


def test_terraform_provider_and_everything_are_killed_after_the_write(
    terraform: Executable, tmp_path: Path
) -> None:
    del terraform  # it skips where there is none
    assert broken_by_kills("terraform", tmp_path, victim="provider", moment="after the write") == 0


def test_pulumi_provider_and_everything_are_killed_before_the_write(
    pulumi: PulumiTools, tmp_path: Path
) -> None:
    del pulumi
    assert broken_by_kills("pulumi", tmp_path, victim="provider", moment="before the write") == 0
