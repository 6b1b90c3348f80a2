"""Code bases that nobody wrote, drifted at random, say what the tool's own plan says.

`python -m tests.soak generated` tries many more, AWS among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.generated.trial import Parts, deployed, trial

if TYPE_CHECKING:
    from pathlib import Path

    from iac_adapters.terraform.executable import Executable

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [2, 3])
async def test_a_drifted_code_base_is_found_as_the_plan_has_it(
    seed: int, terraform: Executable, makers: Path, tmp_path: Path
) -> None:
    tally = await trial(deployed(seed, tmp_path, Parts(terraform.path, makers)), drifts=2)

    assert tally.differences == []
    assert tally.planned > 0
