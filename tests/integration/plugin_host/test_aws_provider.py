"""The real AWS provider (protocol 5), where an offline mirror of it is to be found."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from iac_adapters.plugin_host.errors import PluginCrashed, PluginRefused, PluginStartError
from iac_adapters.plugin_host.process import PluginProcess, PluginSpec
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.provider import Provider
from tests.patience import until
from tests.providers.world_provider import COOKIE

_PLACES = ("/opt", "/usr/share", "/usr/local/share", str(Path.home() / ".terraform.d"))
_PATTERN = "registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"


def _binary() -> Path | None:
    given = os.environ.get("TRUEUP_PROVIDER_MIRROR")
    if given:
        return next(iter(sorted(Path(given).glob(_PATTERN))), None)
    found = (p for place in _PLACES for p in sorted(Path(place).glob(f"*/{_PATTERN}")))
    return next(found, None)


_FOUND = _binary()
pytestmark = pytest.mark.skipif(_FOUND is None, reason="needs the AWS provider in a mirror")


def _spec() -> PluginSpec:
    return PluginSpec((str(_FOUND),), dict(os.environ), "hashicorp/aws", Path.cwd())


async def test_starts_and_tells_its_schema() -> None:
    provider = Provider(await PluginProcess.start(_spec(), cookie=COOKIE))
    try:
        assert provider.protocol == 5
        schema = message("GetSchemaResponse").FromString(await provider.schema_bytes())
        assert "aws_sqs_queue" in schema.resource_schemas
        with pytest.raises(PluginRefused, match="UNIMPLEMENTED"):
            await provider.process.unary("/tfplugin6.Provider/GetMetadata", b"", timeout_s=60)
    finally:
        await provider.close()


async def test_without_the_cookie_it_is_no_plugin() -> None:
    with pytest.raises(PluginStartError, match="exit code 1"):
        await PluginProcess.start(_spec())


async def test_a_kill_fails_every_call_under_way() -> None:
    provider = Provider(await PluginProcess.start(_spec(), cookie=COOKIE))
    # Else it may have answered before it is killed.
    os.kill(provider.process.pid, signal.SIGSTOP)
    calls = [asyncio.create_task(provider.schema_bytes()) for _ in range(4)]
    await until(lambda: provider.process.busy)
    os.kill(provider.process.pid, signal.SIGKILL)
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert all(isinstance(answer, PluginCrashed) and answer.exit_code == -9 for answer in answers)
    await provider.close()
