"""A provider that lists a set otherwise at each read gives one finding and one plan."""

from __future__ import annotations

import json
from contextlib import ExitStack
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.terraform.executable import Executable
from tests.bed import corner
from tests.bed.session import Beds
from tests.integration.terraform.correcting import corrector_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

_KIND = "framework_schema"


def elements(*texts: str) -> list[dict[str, Any]]:
    return [{"set_nested_attribute_attribute": text} for text in texts]


async def test_the_order_that_a_set_is_read_in_means_nothing(
    makers: Path, terraform: Executable, tmp_path: Path
) -> None:
    """Row V6."""
    with ExitStack() as servers:
        bed = Beds(tmp_path, makers, terraform.path, servers).made("corner")
        state = json.loads((bed.stack.directory / "terraform.tfstate").read_text())
        recorded = next(one for one in state["resources"] if one["type"] == _KIND)
        attributes = recorded["instances"][0]["attributes"]
        folder = Path(bed.variables[corner.FOLDER])

        def read_as(**sets: Any) -> None:
            corner.answer(folder, _KIND, {**attributes, **sets})

        reference = bed.stack.reference(environment=dict(bed.variables), name="corner")
        async with corrector_of(reference, cache=tmp_path / "cache", folder=tmp_path) as ours:
            read_as(set_attribute=["b", "a"], set_nested_attribute=elements("b", "a"))
            assert (await ours.scan()).findings == ()

            seen = set()
            for texts in permutations(("a", "c", "d")):
                read_as(
                    set_attribute=[*texts, "b"],
                    set_nested_attribute=elements(*texts),
                )
                (found,) = (await ours.scan()).findings
                paths = tuple(change.path for change in found.changes)
                seen.add((found.address, found.fingerprint, paths))
            ((address, _, paths),) = seen
            # "b" is gone, the second element in the state; "c" and "d" came.
            assert paths == (
                "set_attribute",
                "set_nested_attribute[1]",
                "set_nested_attribute[2]",
                "set_nested_attribute[3]",
            )
            assert attributes["set_nested_attribute"] == elements("a", "b")

            digests = set()
            for texts in (("d", "c", "a"), ("a", "c", "d")):
                read_as(set_attribute=[*texts], set_nested_attribute=elements(*texts))
                _, plan = await ours.plan(address, name=f"run-{texts[0]}")
                digests.add(plan.digest)
            assert len(digests) == 1
