"""Running providers by configuration: started, configured, kept warm, replaced when dead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.plugin_host.pool import PluginPool
from iac_adapters.plugin_host.process import PluginProcess, PluginSpec
from iac_adapters.terraform.deadlines import configure_deadline_s
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.loaded import ProviderKey
from iac_adapters.terraform.provider import Provider

_COOKIE: Final = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
)
_START_TIMEOUT_S: Final = 60.0


async def start_provider(installed: InstalledProvider, environment: Mapping[str, str]) -> Provider:
    """Start an unconfigured provider plugin.

    Raises:
        PluginStartError: it did not come up within 60 s, or is no provider plugin.
    """
    spec = PluginSpec(
        argv=(str(installed.binary),), environment=environment, label=installed.source
    )
    try:
        process = await PluginProcess.start(spec, cookie=_COOKIE, timeout_s=_START_TIMEOUT_S)
    except PluginStartError as error:
        error.remedy = error.remedy or (
            f"check that {installed.binary} fits this machine; `terraform init` installs it anew"
        )
        raise
    return Provider(process)


class Providers:
    """One configured provider per key. A second one, alone, serves suspects of a crash."""

    def __init__(self, pool: PluginPool[Provider]) -> None:
        self._pool = pool

    async def get(self, key: ProviderKey, *, alone: bool = False) -> Provider:
        """Return a live, configured provider for `key`.

        Raises:
            PluginStartError, PluginCrashed, ProviderError: it could not be had.
        """

        async def start() -> Provider:
            provider = await start_provider(key.installed, key.environment)
            try:
                deadline_s = configure_deadline_s(key.environment)
                await provider.configure(key.configure, timeout_s=deadline_s)
            except BaseException:
                await provider.close()
                raise
            return provider

        return await self._pool.get(_name(key, alone=alone), start)

    def adopt(self, key: ProviderKey, provider: Provider) -> bool:
        """Take over a provider that is already configured; False when `key` has one."""
        return self._pool.adopt(_name(key, alone=False), provider)

    def retire(self, key: ProviderKey, provider: Provider, *, alone: bool = False) -> None:
        """Use `provider` no more once those it is answering have their answers."""
        self._pool.retire(_name(key, alone=alone), provider)

    async def discard(self, key: ProviderKey, provider: Provider, *, alone: bool = False) -> None:
        """End a provider that is dead or no longer trusted."""
        await self._pool.discard(_name(key, alone=alone), provider)


def _name(key: ProviderKey, *, alone: bool) -> str:
    return f"{key.digest} alone" if alone else key.digest
