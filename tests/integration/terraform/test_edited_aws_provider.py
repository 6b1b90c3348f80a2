"""The AWS provider is edited in code and nobody applies it: what is there is still found."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from reconciler.domain.model import Origin
from tests.integration.terraform.scanner import copied, scanner
from tests.worlds.provider_file import provider_file
from tests.worlds.session import Worlds


@pytest.mark.slow
async def test_edited_default_tags_and_an_edited_region_are_never_out_of_band(
    deployed_worlds: Worlds, terraform: Executable, tmp_path: Path
) -> None:
    """Rows T1 and T3."""
    world = copied(deployed_worlds.deployed("small5", terraform), tmp_path / "code")
    code = world.directory / "provider.tf"
    async with scanner(world, tmp_path / "first") as ours:
        code.write_text(provider_file(default_tags={"Env": "prod"}))
        edited = await ours.scan()
        assert {finding.origin for finding in edited.findings} == {Origin.UNAPPLIED}
        code.write_text(provider_file())
        untouched = await ours.scan()
        assert (untouched.findings, untouched.provider_doubts) == ((), ())

        code.write_text(provider_file(default_tags={"Env": "prod"}))
        edited = await ours.scan()
        assert {(finding.kind, finding.origin) for finding in edited.findings} == {
            ("changed", Origin.UNAPPLIED)
        }
        assert [doubt.reason for doubt in edited.provider_doubts] == [
            "default_tags[0] is set otherwise in code; the objects were recorded with none"
        ]
        code.write_text(provider_file().replace('"us-east-1"', '"eu-west-1"'))
        moved = await ours.scan()
        assert (moved.findings, moved.unreadable) == ((), ())
        assert [doubt.reason for doubt in moved.provider_doubts] == [
            'region is "eu-west-1" in code; the objects were recorded with "us-east-1"'
        ]
    async with scanner(world, tmp_path / "second") as ours:
        never_seen = await ours.scan()
        assert "probably another account, region or endpoint" in never_seen.unreadable[0][1]
        assert {finding.origin for finding in never_seen.findings} <= {Origin.UNAPPLIED}
        assert len(never_seen.provider_doubts) > 0
