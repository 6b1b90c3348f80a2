"""One pass over a stack: many reads at once, none of them waiting for a slow one.

Order: what took longest last time goes first. A crash sends the reads that were in
flight to a provider of their own, one at a time, so the guilty one is found and the
others are still answered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, Protocol, TypeVar

from iac_adapters.plugin_host.budget import AdaptiveLimit, TokenBucket
from iac_adapters.plugin_host.configured import Configuration, ConfiguredProviders
from iac_adapters.plugin_host.deadlines import READ_S
from iac_adapters.plugin_host.errors import PluginCrashed, PluginTimeout
from iac_adapters.plugin_host.pool import Pooled
from iac_adapters.plugin_host.provider_errors import Cause, ProviderError
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import Missing, Observed, ResourceAddress, Unreadable, Verdict

_KNOWN_MISSING_DEADLINE_S: Final = 2.0
_THROTTLED_ATTEMPTS: Final = 5
_BACK_OFF_S: Final = 0.5
_UNPROVEN_PASSES: Final = 5
_SILENT_READS: Final = 10
_SILENT_PASSES: Final = 3
_RESPONSE_S: Final = 5.0
_READS_PER_S: Final = 500.0
CONCURRENT_READS: Final = 10

_OF_CREDENTIALS: Final = frozenset({Cause.EXPIRED_CREDENTIALS, Cause.BAD_CREDENTIALS, Cause.DENIED})
_REMEDIES: Final[Mapping[type[ReconcilerError], str]] = {
    PluginCrashed: "update the provider, or report it to its developers",
    PluginTimeout: "check that the service behind it answers, and scan again",
}

Answer = TypeVar("Answer")
Resource = TypeVar("Resource")
Live = TypeVar("Live")
Key = TypeVar("Key", bound=Configuration)
Provider = TypeVar("Provider", bound="Asked")
_ResourceT_contra = TypeVar("_ResourceT_contra", contravariant=True)
_KeyT_co = TypeVar("_KeyT_co", bound=Configuration, covariant=True)
_ProviderT_contra = TypeVar("_ProviderT_contra", bound="Asked", contravariant=True)


class Asked(Pooled, Protocol):
    """What a pass needs of a process."""

    async def responds(self, *, timeout_s: float) -> bool:
        """Whether the process still answers calls at all, whatever they are about."""
        ...


class Questions(Protocol[_ResourceT_contra, _KeyT_co, _ProviderT_contra, Live]):
    """How one tool's resources are asked about, one at a time. Nothing here changes anything."""

    def address(self, resource: _ResourceT_contra) -> ResourceAddress:
        """Return its address."""
        ...

    def settled(self, resource: _ResourceT_contra) -> Verdict | None:
        """Return the verdict that needs no read; None when the object must be read."""
        ...

    def key(self, resource: _ResourceT_contra) -> _KeyT_co:
        """Return whom to ask about a resource that is not settled."""
        ...

    async def read(
        self, resource: _ResourceT_contra, provider: _ProviderT_contra, *, deadline_s: float
    ) -> Live:
        """Return the live object, or that it is gone."""
        ...

    def evident(self, resource: _ResourceT_contra, live: Live) -> Verdict | None:
        """Return the verdict that needs no judging; None when the provider must be asked."""
        ...

    def basis(self, resource: _ResourceT_contra) -> object:
        """Return the very object that a verdict rests on beside what was read."""
        ...

    async def judge(
        self,
        resource: _ResourceT_contra,
        live: Live,
        provider: _ProviderT_contra,
        *,
        deadline_s: float,
    ) -> Verdict:
        """Let the provider say what the live object means."""
        ...


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
    silent_passes: int = 0
    replaced: bool = False

    def begin_pass(self) -> None:
        """Forget what the last pass met, but for how long nothing was answered at all."""
        if self.answered or self.replaced:
            self.silent_passes = 0
        elif self.silent:
            self.silent_passes += 1
        self.answered = self.silent = 0
        self.refusal = None
        self.replaced = False

    @property
    def unresponsive(self) -> bool:
        """Nothing has ever answered in this pass, and many have been asked."""
        return self.answered == 0 and self.silent >= _SILENT_READS


@dataclass(frozen=True, slots=True)
class Absence:
    """An object that was not there, and how many passes ago that was last proven.

    `basis` is what `verdict` rests on: code that changed since makes it another one.
    """

    basis: object
    verdict: Missing
    passes: int = 0


@dataclass(slots=True)
class Memory:
    """What the last pass learnt: makes the next one cheaper, never different."""

    verdicts: dict[ResourceAddress, tuple[object, object, Verdict]] = field(default_factory=dict)
    missing: dict[ResourceAddress, Absence] = field(default_factory=dict)
    read_ms: dict[ResourceAddress, float] = field(default_factory=dict)


class _StillMissing(PluginTimeout):
    """Its absence was proven lately, and its provider, which answers others, still looks."""

    def __init__(self, verdict: Missing) -> None:
        super().__init__("still missing")
        self.verdict = verdict


class StackReader(Generic[Resource, Key, Provider, Live]):
    """Reads and judges the resources of one stack; remembers between passes."""

    def __init__(
        self,
        providers: ConfiguredProviders[Key, Provider],
        questions: Questions[Resource, Key, Provider, Live],
        *,
        read_deadline_s: float = READ_S,
        concurrency: int = CONCURRENT_READS,
    ) -> None:
        self._providers = providers
        self._ask = questions
        self._deadline_s = read_deadline_s
        self._concurrency = concurrency
        self._accounts: dict[str, Account] = {}
        self._memory = Memory()
        self.refused: set[ResourceAddress] = set()
        """What the pass could not read since the credentials were not accepted."""

    async def observe(self, resources: Sequence[Resource]) -> AsyncGenerator[Observed, None]:
        """Yield every resource's verdict as it is known, each exactly once."""
        for account in self._accounts.values():
            account.begin_pass()
        self.refused.clear()
        ordered = sorted(resources, key=self._slowest_first)
        tasks = [asyncio.create_task(self._observe_one(one)) for one in ordered]
        try:
            for done in asyncio.as_completed(tasks):
                yield await done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _slowest_first(self, resource: Resource) -> tuple[float, ResourceAddress]:
        address = self._ask.address(resource)
        return -self._memory.read_ms.get(address, 0.0), address

    async def _observe_one(self, resource: Resource) -> Observed:
        address = self._ask.address(resource)
        if (known := self._ask.settled(resource)) is not None:
            return Observed(address, known)
        key = self._ask.key(resource)
        account = self._account(key)
        async with account.limit:
            started = time.perf_counter()
            try:
                live = await self._read(resource, key, account)
                read_at = time.perf_counter()
                verdict = await self._judge(resource, live, key, account)
            except ReconcilerError as error:
                if isinstance(error, ProviderError) and error.cause in _OF_CREDENTIALS:
                    self.refused.add(address)
                return Observed(
                    address,
                    _without_answer(error),
                    read_ms=(time.perf_counter() - started) * 1000,
                )
            judged_at = time.perf_counter()
        self._remember(resource, verdict, (read_at - started) * 1000)
        return Observed(
            address,
            verdict,
            read_ms=(read_at - started) * 1000,
            judge_ms=(judged_at - read_at) * 1000,
        )

    def _account(self, key: Key) -> Account:
        if key.digest not in self._accounts:
            self._accounts[key.digest] = Account(
                bucket=TokenBucket(rate_per_s=_READS_PER_S, burst=_READS_PER_S),
                limit=AdaptiveLimit(
                    initial=self._concurrency, minimum=1, maximum=self._concurrency
                ),
            )
        return self._accounts[key.digest]

    def _deadline(self, address: ResourceAddress) -> float:
        if address in self._memory.missing:
            return min(_KNOWN_MISSING_DEADLINE_S, self._deadline_s)
        return self._deadline_s

    async def _read(self, resource: Resource, key: Key, account: Account) -> Live:
        if account.unresponsive:
            message = f"not asked: the first {account.silent} reads of its provider got no answer"
            raise PluginTimeout(message)
        address = self._ask.address(resource)
        try:
            live = await self._read_within(self._deadline(address), resource, key, account)
        except PluginTimeout:
            if address in self._memory.missing:
                live = await self._read_unproven(resource, key, account)
            else:
                account.silent += 1
                raise
        account.answered += 1
        return live

    async def _read_within(
        self, deadline_s: float, resource: Resource, key: Key, account: Account
    ) -> Live:
        return await self._call(
            key, account, lambda provider: self._ask.read(resource, provider, deadline_s=deadline_s)
        )

    async def _read_unproven(self, resource: Resource, key: Key, account: Account) -> Live:
        """Read what was missing and gave no answer at once.

        Providers keep retrying what they cannot find, so silence is what absence looks
        like; but it proves nothing, so now and then the answer is waited for in full.
        """
        address = self._ask.address(resource)
        absence = self._memory.missing.pop(address)
        lately = absence.basis is self._ask.basis(resource) and absence.passes < _UNPROVEN_PASSES
        if account.answered and lately:
            self._memory.missing[address] = replace(absence, passes=absence.passes + 1)
            raise _StillMissing(absence.verdict)
        try:
            return await self._read_within(self._deadline_s, resource, key, account)
        except PluginTimeout:
            account.silent += 1
            raise

    async def _judge(self, resource: Resource, live: Live, key: Key, account: Account) -> Verdict:
        if (verdict := self._ask.evident(resource, live)) is not None:
            return verdict
        address, basis = self._ask.address(resource), self._ask.basis(resource)
        known = self._memory.verdicts.get(address)
        if known is not None and known[0] is basis and known[1] == live:
            return known[2]
        verdict = await self._call(
            key,
            account,
            lambda provider: self._ask.judge(resource, live, provider, deadline_s=self._deadline_s),
        )
        self._memory.verdicts[address] = (basis, live, verdict)
        return verdict

    async def _call(
        self,
        key: Key,
        account: Account,
        ask: Callable[[Provider], Awaitable[Answer]],
    ) -> Answer:
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

        One that answers calls waits for its service. After three passes without any answer
        it goes as well: it may wait for itself. That happens once in a pass, so that one
        that hangs from its start on does not cost a deadline for each start.
        """
        async with account.doubted:
            if account.replaced or not provider.alive:
                return
            patience_s = min(_RESPONSE_S, self._deadline_s)
            if account.silent_passes < _SILENT_PASSES and await provider.responds(
                timeout_s=patience_s
            ):
                return
            account.replaced = True
            account.silent = 0
            await self._providers.discard(key, provider, alone=alone)

    async def _provider(self, key: Key, account: Account, *, alone: bool) -> Provider:
        """Return the configured provider. One that cannot be had is tried once in a pass.

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

    def _remember(self, resource: Resource, verdict: Verdict, read_ms: float) -> None:
        address = self._ask.address(resource)
        self._memory.read_ms[address] = read_ms
        if isinstance(verdict, Missing):
            self._memory.missing[address] = Absence(self._ask.basis(resource), verdict)
        else:
            self._memory.missing.pop(address, None)


def _without_answer(error: ReconcilerError) -> Verdict:
    if isinstance(error, _StillMissing):
        return error.verdict
    remedy = error.remedy or _REMEDIES.get(type(error))
    return Unreadable(f"{error}; {remedy}" if remedy else str(error))
