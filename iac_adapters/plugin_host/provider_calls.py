"""One call to a configured provider: throttled, crashed, hung or not to be had, and what then.

A crash sends the calls that were in flight to a provider of their own, one at a time, so the
guilty one is found and the others are still answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from iac_adapters.plugin_host.budget import AdaptiveLimit, TokenBucket
from iac_adapters.plugin_host.configured import Configuration, ConfiguredProviders
from iac_adapters.plugin_host.errors import PluginCrashed, PluginTimeout
from iac_adapters.plugin_host.provider_errors import ProviderError
from iac_adapters.plugin_host.questions import Asked
from reconciler.domain.errors import ReconcilerError

_THROTTLED_ATTEMPTS: Final = 5
_BACK_OFF_S: Final = 0.5
_SILENT_READS: Final = 10
_SILENT_SCANS: Final = 3
_RESPONSE_S: Final = 5.0
_READS_PER_S: Final = 500.0

Answer = TypeVar("Answer")
Key = TypeVar("Key", bound=Configuration)
Provider = TypeVar("Provider", bound=Asked)


@dataclass(slots=True)
class Account:
    """What one provider configuration may be asked, and how it has answered so far."""

    bucket: TokenBucket
    limit: AdaptiveLimit
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    answered: int = 0
    silent: int = 0
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    refusal: ReconcilerError | None = None
    doubted: asyncio.Lock = field(default_factory=asyncio.Lock)
    silent_scans: int = 0
    replaced: bool = False

    def begin_scan(self) -> None:
        """Forget what the last scan met, but for how long nothing was answered at all."""
        if self.answered or self.replaced:
            self.silent_scans = 0
        elif self.silent:
            self.silent_scans += 1
        self.answered = self.silent = 0
        self.refusal = None
        self.replaced = False

    @property
    def unresponsive(self) -> bool:
        """Nothing has ever answered in this scan, and many have been asked."""
        return self.answered == 0 and self.silent >= _SILENT_READS


class Calls(Generic[Key, Provider]):
    """Calls the providers of one stack, and keeps an account of each configuration."""

    def __init__(
        self,
        providers: ConfiguredProviders[Key, Provider],
        *,
        deadline_s: float,
        concurrency: int,
    ) -> None:
        self._providers = providers
        self._deadline_s = deadline_s
        self._concurrency = concurrency
        self.accounts: dict[str, Account] = {}

    def begin_scan(self) -> None:
        """Forget what the last scan met. See `Account.begin_scan`."""
        for account in self.accounts.values():
            account.begin_scan()

    def account(self, key: Key) -> Account:
        """Return the account of a configuration, made at its first use."""
        if key.digest not in self.accounts:
            self.accounts[key.digest] = Account(
                bucket=TokenBucket(rate_per_s=_READS_PER_S, burst=_READS_PER_S),
                limit=AdaptiveLimit(
                    initial=self._concurrency, minimum=1, maximum=self._concurrency
                ),
            )
        return self.accounts[key.digest]

    async def call(
        self,
        key: Key,
        account: Account,
        ask: Callable[[Provider], Awaitable[Answer]],
    ) -> Answer:
        """Return what `ask` is answered, by another process where the first one died of it.

        Raises:
            PluginCrashed, PluginTimeout, ProviderError: it was not answered in the end.
        """
        try:
            return await self._patiently(key, account, ask, alone=False)
        except PluginCrashed:
            # One of the calls in flight killed it. Each gets a second chance by itself.
            async with account.alone:
                return await self._patiently(key, account, ask, alone=True)

    async def _patiently(
        self,
        key: Key,
        account: Account,
        ask: Callable[[Provider], Awaitable[Answer]],
        *,
        alone: bool,
    ) -> Answer:
        for attempt in range(_THROTTLED_ATTEMPTS):
            await account.bucket.take()
            provider = await self._provider(key, account, alone=alone)
            try:
                answer = await ask(provider)
            except ProviderError as error:
                if error.is_expired_credentials:
                    # It may have read them but once. Others are still waiting for its answers.
                    self._providers.retire(key, provider, alone=alone)
                if not error.is_throttling or attempt == _THROTTLED_ATTEMPTS - 1:
                    raise
                account.limit.throttled()
                await asyncio.sleep(_BACK_OFF_S * 2**attempt)
            except PluginCrashed:
                await self._providers.discard(key, provider, alone=alone)
                raise
            except PluginTimeout:
                await self._replace_when_hung(key, account, provider, alone=alone)
                raise
            else:
                account.limit.succeeded()
                return answer
        raise AssertionError  # the last attempt returns or raises

    async def _replace_when_hung(
        self, key: Key, account: Account, provider: Provider, *, alone: bool
    ) -> None:
        """End a process that is the reason for the silence; the next read gets a new one.

        One that answers calls waits for its service. After three scans without any answer
        it goes as well: it may wait for itself. That happens once in a scan, so that one
        that hangs from its start on does not cost a deadline for each start.
        """
        async with account.doubted:
            if account.replaced or not provider.alive:
                return
            patience_s = min(_RESPONSE_S, self._deadline_s)
            if account.silent_scans < _SILENT_SCANS and await provider.responds(
                timeout_s=patience_s
            ):
                return
            account.replaced = True
            account.silent = 0
            await self._providers.discard(key, provider, alone=alone)

    async def _provider(self, key: Key, account: Account, *, alone: bool) -> Provider:
        """Return the configured provider. One that cannot be had is tried once in a scan.

        Configuring against a dead endpoint takes a provider's whole patience, half a minute
        or more; every resource waiting for its own try would wait that long again.
        """
        async with account.starting:
            if account.refusal is not None:
                raise account.refusal
            try:
                return await self._providers.get(key, alone=alone)
            except PluginCrashed:
                raise
            except ReconcilerError as error:
                account.refusal = error
                raise
