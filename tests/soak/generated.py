"""Generated code bases, drifted at random: each finding held against the tool's own plan."""

from __future__ import annotations

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from iac_adapters.terraform.executable import locate
from tests.generated.trial import Base, Parts, Tally, aws_deployed, deployed, trial
from tests.makers import makers_mirror
from tests.simulator import running_simulator

_ONE_OF_AWS: Final = 8
"""Every so many code bases one is of AWS, whose plan takes ten times as long."""


def generated_loop(folder: Path, *, count: int, drifts: int, seed: int) -> int:
    """Try `count` code bases with `drifts` drifts each; 0 when no difference was seen."""
    terraform, makers = locate("terraform", os.environ), makers_mirror(os.environ)
    assert terraform is not None, "terraform is missing"
    assert makers is not None, "the mirror of other makers' providers is missing"
    parts = Parts(terraform.path, makers)
    print(f"{count} code bases, {drifts} drifts each, seed {seed}", flush=True)
    total = Tally()
    with ExitStack() as opened:
        for number in range(count):
            base = _base(seed + number, folder, parts, opened, aws=number % _ONE_OF_AWS == 7)
            found = asyncio.run(trial(base, drifts=drifts))
            total.drifts += found.drifts
            total.planned += found.planned
            total.differences += found.differences
            print(
                f"  {base.seed}: {found.drifts} drifts, {found.planned} planned changes,"
                f" {len(found.differences)} differences",
                flush=True,
            )
            for difference in found.differences:
                print(f"    {difference}", flush=True)
    print(
        f"{count} code bases, {total.drifts} drifts, {total.planned} planned changes,"
        f" {len(total.differences)} differences"
    )
    return 1 if total.differences else 0


def _base(seed: int, folder: Path, parts: Parts, opened: ExitStack, *, aws: bool) -> Base:
    own = folder / str(seed)
    if not aws:
        return deployed(seed, own, parts)
    cloud = opened.enter_context(running_simulator())
    return aws_deployed(seed, own, parts, endpoint=cloud.endpoint)
