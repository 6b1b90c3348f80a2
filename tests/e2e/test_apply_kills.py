"""The soak of kills, small: SIGKILL in the middle of an apply by the real tool, and every law."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from tests.soak.kills import kill_loop
from tests.soak.moments import MOMENTS, VICTIMS
from tests.worlds.pulumi.tools import PulumiTools

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def pair(moment: str, victim: str) -> int:
    """Return the number of the kill of that victim at that moment."""
    return MOMENTS.index(moment) * len(VICTIMS) + VICTIMS.index(victim)


def test_terraform_provider_and_everything_are_killed_after_the_write(
    terraform: Executable, tmp_path: Path
) -> None:
    del terraform  # it skips where there is none
    first = pair("after the write", "provider")
    assert kill_loop("terraform", tmp_path, count=2, seed=3, in_apply=True, first=first) == 0


def test_pulumi_provider_and_everything_are_killed_before_the_write(
    pulumi: PulumiTools, tmp_path: Path
) -> None:
    del pulumi
    first = pair("before the write", "provider")
    assert kill_loop("pulumi", tmp_path, count=2, seed=3, in_apply=True, first=first) == 0
