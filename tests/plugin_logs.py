"""What the warm plugins of an adapter have written on stderr, where a provider's own log goes."""

from __future__ import annotations

from iac_adapters.pulumi.adapter import PulumiAdapter
from iac_adapters.terraform.adapter import TerraformAdapter
from reconciler.ports import IacAdapter


def said_by_plugins(adapter: IacAdapter) -> list[str]:
    """Return the last 64 KiB of each plugin that runs."""
    assert isinstance(adapter, TerraformAdapter | PulumiAdapter)
    processes = [slot.process for slot in adapter._pool._slots.values()]
    return [process.process._stderr.text() for process in processes if process is not None]
