"""What every provider is, whatever its tool: a process that the pool can keep."""

from __future__ import annotations

from iac_adapters.plugin_host.process import PluginProcess


class ProviderProcess:
    """A provider plugin's process. Subclasses speak its protocol."""

    def __init__(self, process: PluginProcess) -> None:
        self.process = process

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.alive

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return self.process.busy

    def memory_bytes(self) -> int:
        """Return the memory that the process holds now."""
        return self.process.memory_bytes()

    async def responds(self, *, timeout_s: float) -> bool:
        """Whether the process still answers calls at all."""
        return await self.process.responds(timeout_s=timeout_s)

    async def close(self) -> None:
        """End the process; closing twice is closing once."""
        await self.process.close()
