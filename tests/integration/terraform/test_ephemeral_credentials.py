"""A provider that is configured with a token of an ephemeral resource, which is void later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.terraform import warm as warm_module
from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.domain.model import InSync, Missing, Unreadable, Verdict
from reconciler.ports import AdapterSetup
from tests.makers import MakersStack, verdicts
from tests.providers.mirror import world_mirror
from tests.providers.world_provider import World

_CODE: Final = """
terraform {{
  required_providers {{
    world  = {{ source = "trueup/world" }}
    random = {{ source = "hashicorp/random" }}
  }}
}}
ephemeral "random_password" "token" {{ length = 24 }}
provider "world" {{
  world = "{cloud}"
  token = ephemeral.random_password.token.result
}}
resource "world_thing" "a" {{ name = "a" }}
resource "world_thing" "b" {{ name = "b" }}
resource "local_file" "kept" {{
  filename = "kept.txt"
  content  = "one"
}}
"""
_ALL: Final = ("world_thing.a", "world_thing.b")
_IN_SYNC: Final = dict.fromkeys((*_ALL, "local_file.kept"), InSync())


class Cloud(World):
    """The cloud of the test, which notes the tokens and can void them."""

    @property
    def tokens(self) -> list[str]:
        """Every token that a provider was configured with."""
        tokens: list[str] = self.read()["tokens"]
        return tokens

    def void(self) -> None:
        """Accept none of those any more."""
        with self.changed() as content:
            content["void"] = list(content["tokens"])

    def knob(self, name: str, knob: str) -> None:
        """Have what is called `name` answer as `knob` says."""
        with self.changed() as content:
            found: dict[str, Any] = content["objects"]
            (key,) = [key for key, one in found.items() if one["name"] == name]
            content["knobs"][key] = knob


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    """A cloud that is empty."""
    file = tmp_path / "world.json"
    file.write_text(json.dumps({"tokens": []}))
    return Cloud(file)


@pytest.fixture
def stack(makers: Path, terraform: Executable, tmp_path: Path, cloud: Cloud) -> MakersStack:
    """A stack that was applied with a token of its own."""
    world_mirror(tmp_path / "mirror")
    code = _CODE.format(cloud=tmp_path / "world.json")
    made = MakersStack.made(
        tmp_path / "s", mirror=makers, terraform=terraform.path, code=code,
        also=(tmp_path / "mirror",),
    )  # fmt: skip
    made.apply()
    assert len(cloud.tokens) >= 1
    return made


def _adapter(folder: Path) -> TerraformAdapter:
    return TerraformAdapter(
        AdapterSetup(data_dir=folder, cache_dir=folder / "cache", key=b"k" * 32)
    )


async def test_a_void_token_has_the_stack_recorded_anew_in_the_same_pass(
    stack: MakersStack, cloud: Cloud, tmp_path: Path
) -> None:
    """Row V4."""
    adapter = _adapter(tmp_path)
    assert await verdicts(adapter, stack.reference()) == _IN_SYNC
    used = len(cloud.tokens)
    assert await verdicts(adapter, stack.reference()) == _IN_SYNC
    assert len(cloud.tokens) == used
    cloud.void()
    assert await verdicts(adapter, stack.reference()) == _IN_SYNC
    assert len(cloud.tokens) > used
    # The next scan goes on with what this one recorded.
    used = len(cloud.tokens)
    assert await verdicts(adapter, stack.reference()) == _IN_SYNC
    assert len(cloud.tokens) == used
    await adapter.close()


async def test_what_is_denied_for_good_is_unreadable_and_told_once(
    stack: MakersStack, cloud: Cloud, tmp_path: Path
) -> None:
    """Row V4."""
    adapter = _adapter(tmp_path)
    cloud.knob("a", "deny")
    used = len(cloud.tokens)
    found = await verdicts(adapter, stack.reference())
    assert isinstance(found["world_thing.a"], Unreadable)
    assert found["world_thing.b"] == InSync()
    # Recorded once to begin with, and once more.
    assert len(cloud.tokens) == used + 2
    await adapter.close()


async def test_an_ephemeral_value_is_kept_on_no_disk_and_not_for_long(
    stack: MakersStack, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row V4."""
    adapter = _adapter(tmp_path)
    await verdicts(adapter, stack.reference())
    assert list((tmp_path / "cache").rglob("*.recording")) == []
    used = len(cloud.tokens)
    monkeypatch.setattr(warm_module, "_EPHEMERAL_S", 0.0)
    assert await verdicts(adapter, stack.reference()) == _IN_SYNC
    assert len(cloud.tokens) > used
    # The tool's plan ends with an error where a provider refuses what an ephemeral one is given:
    # what is configured with it is unreadable, and the rest is judged.
    code = (stack.directory / "main.tf").read_text().replace("length = 24", "length = 0")
    (stack.directory / "main.tf").write_text(code)
    (stack.directory / "kept.txt").unlink()
    snapshot = await adapter.load(stack.reference())
    seen: dict[str, Verdict] = {
        one.address: one.verdict async for one in adapter.observe(snapshot, None)
    }
    assert snapshot.stopped
    assert seen.pop("local_file.kept") == Missing()
    assert seen.keys() == {*_ALL, "ephemeral.random_password.token"}
    assert all(isinstance(one, Unreadable) for one in seen.values())
    refused = seen["ephemeral.random_password.token"]
    assert isinstance(refused, Unreadable)
    assert "length value must be at least 1, got: 0" in refused.reason
    assert list((tmp_path / "cache").rglob("*.recording")) == []
    await adapter.close()
