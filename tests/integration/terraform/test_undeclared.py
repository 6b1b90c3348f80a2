"""Changes that no plan acts on, on the real provider: found at once, kept, and nothing besides."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import Origin, Severity, StackReport
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.domain.values import Value
from reconciler.storage.packed_baselines import packed_values, unpacked_values
from tests.integration.terraform.scanner import Scanner, scanner
from tests.worlds.deploy import Deployed
from tests.worlds.session import Worlds
from tests.worlds.unseen import ALSO_MOVED, INJECTIONS, inject

READ = {(one.address, one.path) for one in INJECTIONS if one.reach in ("read", "computed")}


@pytest.fixture(scope="module")
def unseen(deployed_worlds: Worlds, terraform: Executable) -> Deployed:
    return deployed_worlds.deployed("unseen", terraform)


def undeclared(report: StackReport) -> set[tuple[str, str]]:
    return {
        (str(finding.address), re.split(r"[.\[]", change.path)[0])
        for finding in report.findings
        if finding.origin is Origin.UNDECLARED
        for change in finding.changes
    }


def held_against(scanning: Scanner, baselines: dict[str, KeptBaseline]) -> Scanner:
    yardstick = Yardstick(baselines, keep=True)
    return replace(scanning, scanning=replace(scanning.scanning, yardstick=yardstick))


async def test_what_no_plan_acts_on_is_found_and_stays_found(
    unseen: Deployed, tmp_path: Path
) -> None:
    async with scanner(unseen, tmp_path) as scans:
        assert (await scans.scan()).findings == ()
        begun = (await held_against(scans, {}).scan()).begun
        baselines = {one.key: replace(one, values=_stored(one)) for one in begun}
        assert len(baselines) == 12

        # An unrelated apply of somebody, and a refresh: nothing of it is anybody's change.
        _edit(unseen, "described by code")
        unseen.run("apply", "-auto-approve", "-input=false")
        assert undeclared(await held_against(scans, baselines).scan()) == set()
        unseen.run("apply", "-refresh-only", "-auto-approve", "-input=false")
        assert undeclared(await held_against(scans, baselines).scan()) == set()

        inject(unseen.world())
        found = await scans.scan()
        assert undeclared(found) - ALSO_MOVED == READ
        group = next(one for one in found.findings if one.address == "aws_security_group.cache")
        assert group.severity is Severity.CRITICAL
        assert group.severity_reason == "it is open to the whole internet"
        kept = await held_against(scans, baselines).scan()
        assert [one.fingerprint for one in kept.findings] == [
            one.fingerprint for one in found.findings
        ]

        # Somebody applies something else: the refresh takes all of it into the state.
        _edit(unseen, "described anew")
        unseen.run("apply", "-auto-approve", "-input=false")
        assert undeclared(await scans.scan()) == set()
        still = await held_against(scans, baselines).scan()
        assert undeclared(still) - ALSO_MOVED == READ


def _stored(kept: KeptBaseline) -> Value:
    packed = packed_values(kept.values)
    assert len(packed) <= 2048
    return unpacked_values(packed)


def _edit(world: Deployed, text: str) -> None:
    file = world.directory / "main.tf"
    block = f'name = "lake"\n  description = "{text}"\n}}'
    file.write_text(re.sub(r'name = "lake".*?\n}', block, file.read_text(), flags=re.DOTALL))
