"""Is a recording still true? Ask its data sources again and compare the answers.

A plan would read them as well, so this never costs more calls than the plan it saves.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from iac_adapters.terraform.data_uses import DataUses, same_where_used
from iac_adapters.terraform.loaded import ProviderKey
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.capture import DataRead
from iac_adapters.terraform.recorder.recording import Recording
from reconciler.domain.errors import ReconcilerError

_DEADLINE_S = 60.0


class KeySource(Protocol):
    """Which provider configuration stood behind a recorded connection."""

    def of(self, connection: int) -> ProviderKey | None:
        """Return it, or None when the connection was never configured."""
        ...


class ProviderSource(Protocol):
    """Where running providers come from."""

    async def get(self, key: ProviderKey) -> Provider:
        """Return a live, configured provider."""
        ...


async def data_sources_unchanged(
    recording: Recording, keys: KeySource, providers: ProviderSource, uses: DataUses
) -> bool:
    """Whether every data source still answers what the plan was made with, where it is used.

    A data source that cannot be read counts as changed: the new plan will say why.
    """
    answers = await asyncio.gather(
        *(_unchanged(keys.of(index), read, providers, uses) for index, read in recording.data_reads)
    )
    return all(answers)


async def _unchanged(
    key: ProviderKey | None, read: DataRead, providers: ProviderSource, uses: DataUses
) -> bool:
    if key is None:
        return False
    try:
        provider = await providers.get(key)
        answer = await provider.read_data(read.request, timeout_s=_DEADLINE_S)
    except ReconcilerError:
        return False
    kind = message("ReadDataRequest").FromString(read.request).type_name
    return same_where_used(uses, kind, read.state, answer)
