"""One scan of a stack: many reads at once, none of them waiting for a slow one.

Order: what took longest last time goes first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, TypeVar

from iac_adapters.plugin_host.configured import ConfiguredProviders
from iac_adapters.plugin_host.deadlines import READ_S
from iac_adapters.plugin_host.errors import PluginCrashed, PluginTimeout
from iac_adapters.plugin_host.provider_calls import Account, Calls, Key, Provider
from iac_adapters.plugin_host.provider_errors import Cause, ProviderError
from iac_adapters.plugin_host.questions import Live, Questions
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import Missing, Observed, ResourceAddress, Unreadable, Verdict

_KNOWN_MISSING_DEADLINE_S: Final = 2.0
_UNPROVEN_SCANS: Final = 5
CONCURRENT_READS: Final = 10

_OF_CREDENTIALS: Final = frozenset({Cause.EXPIRED_CREDENTIALS, Cause.BAD_CREDENTIALS, Cause.DENIED})
_REMEDIES: Final[Mapping[type[ReconcilerError], str]] = {
    PluginCrashed: "update the provider, or report it to its developers",
    PluginTimeout: "check that the service behind it answers, and scan again",
}

_NOT_ASKED: Final = "not asked: the first {} reads of its provider got no answer"

Resource = TypeVar("Resource")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Absence:
    """An object that was not there, and how many scans ago that was last proven.

    `basis` is what `verdict` rests on: code that changed since makes it another one.
    """

    basis: object
    verdict: Missing
    scans: int = 0


@dataclass(slots=True)
class Memory:
    """What the last scan learnt: makes the next one cheaper, never different."""

    verdicts: dict[ResourceAddress, tuple[object, object, Verdict]] = field(default_factory=dict)
    missing: dict[ResourceAddress, Absence] = field(default_factory=dict)
    read_ms: dict[ResourceAddress, float] = field(default_factory=dict)


class _StillMissing(PluginTimeout):
    """Its absence was proven lately, and its provider, which answers others, still looks."""

    def __init__(self, verdict: Missing) -> None:
        super().__init__("still missing")
        self.verdict = verdict


class StackReader(Generic[Resource, Key, Provider, Live]):
    """Reads and judges the resources of one stack; remembers between scans."""

    def __init__(
        self,
        providers: ConfiguredProviders[Key, Provider],
        questions: Questions[Resource, Key, Provider, Live],
        *,
        read_deadline_s: float = READ_S,
        concurrency: int = CONCURRENT_READS,
    ) -> None:
        self._calls = Calls(providers, deadline_s=read_deadline_s, concurrency=concurrency)
        self._ask = questions
        self._deadline_s = read_deadline_s
        self._memory = Memory()
        self.refused: set[ResourceAddress] = set()
        """What the scan could not read since the credentials were not accepted."""

    async def observe(self, resources: Sequence[Resource]) -> AsyncGenerator[Observed, None]:
        """Yield every resource's verdict as it is known, each exactly once."""
        self._calls.begin_scan()
        self.refused.clear()
        ordered = sorted(resources, key=self._slowest_first)
        tasks = [asyncio.create_task(self._observe_one(resource)) for resource in ordered]
        try:
            for done in asyncio.as_completed(tasks):
                yield await done
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def ask(self, key: Key, question: Callable[[Provider], Awaitable[Answer]]) -> Answer:
        """Return what the provider of `key` answers to something besides the reads of a scan.

        Raises:
            PluginCrashed, PluginTimeout, ProviderError: it was not answered.
        """
        account = self._calls.account(key)
        async with account.limit:
            if account.unresponsive:
                raise PluginTimeout(_NOT_ASKED.format(account.silent))
            return await self._calls.call(key, account, question)

    def _slowest_first(self, resource: Resource) -> tuple[float, ResourceAddress]:
        address = self._ask.address(resource)
        return -self._memory.read_ms.get(address, 0.0), address

    async def _observe_one(self, resource: Resource) -> Observed:
        address = self._ask.address(resource)
        if (known := self._ask.settled(resource)) is not None:
            return Observed(address, known)
        key = self._ask.key(resource)
        account = self._calls.account(key)
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

    def _deadline(self, address: ResourceAddress) -> float:
        if address in self._memory.missing:
            return min(_KNOWN_MISSING_DEADLINE_S, self._deadline_s)
        return self._deadline_s

    async def _read(self, resource: Resource, key: Key, account: Account) -> Live:
        if account.unresponsive:
            raise PluginTimeout(_NOT_ASKED.format(account.silent))
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
        return await self._calls.call(
            key, account, lambda provider: self._ask.read(resource, provider, deadline_s=deadline_s)
        )

    async def _read_unproven(self, resource: Resource, key: Key, account: Account) -> Live:
        """Read what was missing and gave no answer at once.

        Providers keep retrying what they cannot find, so silence is what absence looks
        like; but it proves nothing, so now and then the answer is waited for in full.
        """
        address = self._ask.address(resource)
        absence = self._memory.missing.pop(address)
        lately = absence.basis is self._ask.basis(resource) and absence.scans < _UNPROVEN_SCANS
        if account.answered and lately:
            self._memory.missing[address] = replace(absence, scans=absence.scans + 1)
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
        verdict = await self._calls.call(
            key,
            account,
            lambda provider: self._ask.judge(resource, live, provider, deadline_s=self._deadline_s),
        )
        self._memory.verdicts[address] = (basis, live, verdict)
        return verdict

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
