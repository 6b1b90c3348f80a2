"""A profile that the provider's block names is edited in its file: objects stay where they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from tests.integration.terraform.scanner import copied, scanner
from tests.worlds.provider_file import provider_file
from tests.worlds.session import Worlds

HERE = "us-east-1"


def _write_profile(folder: Path, region: str) -> None:
    (folder / "config").write_text(f"[profile lab]\nregion = {region}\n")
    (folder / "keys").write_text("[lab]\naws_access_key_id = a\naws_secret_access_key = b\n")


@pytest.mark.slow
async def test_an_edited_profile_of_the_block_is_a_doubt_and_moves_no_object(
    deployed_worlds: Worlds, terraform: Executable, tmp_path: Path
) -> None:
    world = copied(deployed_worlds.deployed("small5", terraform), tmp_path / "code")
    regions = {"AWS_REGION", "AWS_DEFAULT_REGION"}
    world = replace(
        world, environment={k: v for k, v in world.environment.items() if k not in regions}
    )
    named = (
        f'profile = "lab"\n  shared_config_files = ["{tmp_path}/config"]\n'
        f'  shared_credentials_files = ["{tmp_path}/keys"]'
    )
    code = world.directory / "provider.tf"
    lines = provider_file().splitlines()
    code.write_text(
        "\n".join(named if line.strip().startswith("region") else line for line in lines)
    )
    _write_profile(tmp_path, HERE)
    async with scanner(world, tmp_path / "cache") as ours:
        first = await ours.scan()
        assert (first.findings, first.unreadable, first.provider_doubts) == ((), (), ())
        _write_profile(tmp_path, "eu-west-1")
        moved = await ours.scan()
        assert (moved.findings, moved.unreadable) == ((), ())
        (doubt,) = moved.provider_doubts
        assert doubt.reason == (
            f'AWS_REGION is "eu-west-1"; the objects were last found with "{HERE}"'
        )
        _write_profile(tmp_path, HERE)
        back = await ours.scan()
        assert (back.findings, back.unreadable, back.provider_doubts) == ((), (), ())
