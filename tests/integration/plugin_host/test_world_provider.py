"""The test provider of our own, under the real terraform and under our host."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgpack
import pytest

from iac_adapters.plugin_host.errors import PluginCrashed, PluginTimeout
from iac_adapters.plugin_host.process import PluginProcess, PluginSpec
from iac_adapters.plugin_host.provider_errors import Cause
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.provider import Provider, ProviderError
from tests.providers.mirror import world_executable, world_mirror
from tests.providers.world_provider import COOKIE, to_wire

_CODE = """
terraform {
  required_providers {
    world = { source = "trueup/world" }
  }
}
variable "place" { default = "here" }
provider "world" { world = "%s" }
resource "world_thing" "one" {
  name = "one"
  place = var.place
  secret = "hush"
  password_wo = "never stored"
  labels = { a = "b" }
  zones = ["z2", "z1"]
  anything = { deep = [1, "two"] }
  leader = { name = "l", weight = 1.5 }
  members = [{ name = "m", labels = { x = "y" } }]
  guests = [{ name = "g2" }, { name = "g1" }]
  roles = { r = { name = "r" } }
}
data "world_count" "all" { depends_on = [world_thing.one] }
"""


def _terraform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(folder / "rc")}
    return subprocess.run(
        ["terraform", *arguments], cwd=folder, env=environment, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.skipif(shutil.which("terraform") is None, reason="needs terraform")
def test_terraform_creates_replaces_and_destroys_with_it(tmp_path: Path) -> None:
    world = tmp_path / "world.json"
    world_mirror(tmp_path / "mirror")
    (tmp_path / "rc").write_text(
        f'provider_installation {{ filesystem_mirror {{ path = "{tmp_path}/mirror" }} }}'
    )
    (tmp_path / "main.tf").write_text(_CODE % world)
    for arguments in (("init",), ("apply", "-auto-approve")):
        done = _terraform(tmp_path, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
    ((first, stored),) = json.loads(world.read_text())["objects"].items()
    assert stored["size"] == 3
    assert stored["password_wo"] is None
    untouched = _terraform(tmp_path, "plan", "-detailed-exitcode")
    assert untouched.returncode == 0, untouched.stdout
    moved = _terraform(tmp_path, "apply", "-auto-approve", "-var", "place=there")
    assert moved.returncode == 0, moved.stdout + moved.stderr
    (second,) = json.loads(world.read_text())["objects"]
    assert second != first
    assert _terraform(tmp_path, "destroy", "-auto-approve").returncode == 0
    assert json.loads(world.read_text())["objects"] == {}


async def _provider(
    tmp_path: Path, knobs: dict[str, str], *, by: Callable[[Path], Path] = lambda binary: binary
) -> Provider:
    world = tmp_path / "world.json"
    thing = {"id": "t1", "name": "one"}
    world.write_text(json.dumps({"objects": {"t1": thing}, "knobs": knobs}))
    binary = by(world_executable(tmp_path / "terraform-provider-world"))
    spec = PluginSpec((str(binary),), dict(os.environ), "world", tmp_path)
    provider = Provider(await PluginProcess.start(spec, cookie=COOKIE))
    request = message("ConfigureRequest")(terraform_version="1.11.4")
    request.config.msgpack = msgpack.packb({"world": str(world), "token": None})
    await provider.configure(request.SerializeToString())
    return provider


async def _read(provider: Provider, timeout_s: float = 60) -> bytes:
    state = await provider.upgrade(
        "world_thing", 1, json=b'{"id": "t1", "name": "one"}', timeout_s=60
    )
    answer = await provider.read(
        "world_thing", state, b"p", provider_meta=None, timeout_s=timeout_s
    )
    assert answer.private == b"p"
    return answer.state


async def test_reads_the_object_and_its_absence(tmp_path: Path) -> None:
    provider = await _provider(tmp_path, {})
    try:
        assert provider.protocol == 6
        schema = message("GetSchemaResponse").FromString(await provider.schema_bytes())
        assert set(schema.resource_schemas) == {"world_thing"}
        expected = msgpack.packb(to_wire({"id": "t1", "name": "one"}))
        assert await _read(provider) == expected
        (tmp_path / "world.json").write_text('{"objects": {}}')
        assert await _read(provider) == b"\xc0"
        with pytest.raises(ProviderError):
            await provider.configure(b"")
    finally:
        await provider.close()


@pytest.mark.parametrize(
    ("knob", "cause"),
    [
        ("throttle", Cause.THROTTLED),
        ("deny", Cause.DENIED),
        ("expired", Cause.EXPIRED_CREDENTIALS),
    ],
)
async def test_error_diagnostics_have_a_cause(tmp_path: Path, knob: str, cause: Cause) -> None:
    provider = await _provider(tmp_path, {"t1": knob})
    try:
        with pytest.raises(ProviderError) as raised:
            await _read(provider)
        assert raised.value.cause is cause
        assert raised.value.is_throttling == (knob == "throttle")
        assert provider.alive
    finally:
        await provider.close()


async def test_a_crash_names_the_exit_code_and_the_panic_and_nothing_else(tmp_path: Path) -> None:
    provider = await _provider(tmp_path, {"t1": "panic"})
    with pytest.raises(PluginCrashed) as raised:
        await _read(provider, timeout_s=60)
    assert raised.value.exit_code == 2
    assert "the world ended" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert not provider.alive
    await provider.close()


def _lingering(binary: Path) -> Path:
    """Return a program that is there for a while after its provider has ended."""
    program = binary.with_name("lingering")
    program.write_text(f'#!/bin/sh\n{binary} "$@"\ncode=$?\nsleep 1.5\nexit $code\n')
    program.chmod(0o755)
    return program


async def test_a_crash_is_one_though_its_process_ends_long_after_its_connection(
    tmp_path: Path,
) -> None:
    """As on a busy machine; else it would be a refusal, and no new process would be asked."""
    provider = await _provider(tmp_path, {"t1": "panic"}, by=_lingering)
    with pytest.raises(PluginCrashed, match="the world ended"):
        await _read(provider)
    await provider.close()


async def test_a_hang_ends_at_the_deadline_and_the_process_lives(tmp_path: Path) -> None:
    provider = await _provider(tmp_path, {"t1": "hang"})
    try:
        with pytest.raises(PluginTimeout):
            await _read(provider, timeout_s=0.3)
        assert provider.alive
        assert await provider.schema_bytes()
    finally:
        await provider.close()


async def test_a_flood_on_stderr_neither_blocks_nor_fills_memory(tmp_path: Path) -> None:
    provider = await _provider(tmp_path, {"t1": "flood"})
    try:
        await _read(provider, timeout_s=60)
        assert len(provider.process._stderr.text()) <= 64 << 10
    finally:
        await provider.close()
