"""How a Terraform provider plugin is started and configured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host.configured import ConfiguredProviders
from iac_adapters.plugin_host.deadlines import configure_deadline_s
from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.plugin_host.pool import PluginPool
from iac_adapters.plugin_host.process import PluginProcess, PluginSpec
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.loaded import ProviderKey
from iac_adapters.terraform.provider import Provider

_COOKIE: Final = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
)
_START_TIMEOUT_S: Final = 60.0


async def start_provider(
    installed: InstalledProvider, environment: Mapping[str, str], *, directory: Path
) -> Provider:
    """Start an unconfigured provider plugin where terraform would: in the root module.

    Raises:
        PluginStartError: it did not come up within 60 s, or is no provider plugin.
    """
    spec = PluginSpec(
        argv=(str(installed.binary),),
        environment=environment,
        label=installed.source,
        directory=directory,
        checked=installed.file,
    )
    try:
        process = await PluginProcess.start(spec, cookie=_COOKIE, timeout_s=_START_TIMEOUT_S)
    except PluginStartError as error:
        error.remedy = error.remedy or (
            f"check that {installed.binary} fits this machine; `init` installs it anew"
        )
        raise
    return Provider(process)


async def start_configured(key: ProviderKey) -> Provider:
    """Start a provider plugin and configure it. Raises what `ConfiguredProviders.get` does."""
    provider = await start_provider(key.installed, key.environment, directory=key.directory)
    try:
        deadline_s = configure_deadline_s(key.environment)
        await provider.configure(key.configure, timeout_s=deadline_s)
    except BaseException:
        await provider.close()
        raise
    return provider


class Providers(ConfiguredProviders[ProviderKey, Provider]):
    """The providers of Terraform and OpenTofu stacks."""

    def __init__(self, pool: PluginPool[Provider]) -> None:
        super().__init__(pool, start_configured)
