"""The last check of what leaves an adapter: reasons, warnings and plain values."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from iac_adapters.redaction.digester import SecretDigester
from reconciler.bounded_files import apart
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    Added,
    Change,
    Drifted,
    Noise,
    NoiseItem,
    Observed,
    ProviderDoubt,
    Unreadable,
    Unseen,
)
from reconciler.domain.plan import NewValue, PlannedChange
from reconciler.domain.values import Value

if TYPE_CHECKING:  # most scans have nothing to redact
    from iac_adapters.redaction.redactor import Redactor


class Secrets(Protocol):
    """What is secret about a stack; gathered when it is asked for."""

    @property
    def redactor(self) -> Redactor:
        """What takes the secrets out of a text."""
        ...


class Verdicts:
    """Takes a stack's secrets out of its verdicts; gathers them for the first that needs it."""

    def __init__(self, secrets: Secrets, digester: SecretDigester) -> None:
        self._secrets = secrets
        self._digester = digester
        self._redactor: Redactor | None = None

    async def seen(self, observed: Observed) -> Observed:
        """Return a verdict without the stack's secrets.

        A provider may write one into an attribute that nobody marked; such a value is masked
        as a whole.
        """
        verdict = observed.verdict
        if isinstance(verdict, Noise):
            return replace(observed, verdict=Noise(await self._noise(verdict.items)))
        if isinstance(verdict, Drifted) and verdict.noise:
            verdict = replace(verdict, noise=await self._noise(verdict.noise))
            observed = replace(observed, verdict=verdict)
        if isinstance(verdict, Unreadable):
            redactor = await self._gathered()
            return replace(observed, verdict=Unreadable(redactor.without(verdict.reason)))
        if isinstance(verdict, Unseen) and verdict.asked:
            redactor = await self._gathered()
            unseen = replace(verdict, reason=redactor.without(verdict.reason))
            return replace(observed, verdict=unseen)
        if isinstance(verdict, Added) and verdict.changes:
            redactor = await self._gathered()
            changes = tuple(_redacted(redactor, self._digester, verdict.changes))
            return replace(observed, verdict=replace(verdict, changes=changes))
        if isinstance(verdict, Drifted) and (
            verdict.changes or verdict.consequences or verdict.reason
        ):
            redactor = await self._gathered()
            changes = tuple(_redacted(redactor, self._digester, verdict.changes))
            consequences = tuple(_redacted(redactor, self._digester, verdict.consequences))
            reason = redactor.without(verdict.reason) if verdict.reason else None
            drifted = replace(verdict, changes=changes, consequences=consequences, reason=reason)
            return replace(observed, verdict=drifted)
        return observed

    async def _noise(self, items: tuple[NoiseItem, ...]) -> tuple[NoiseItem, ...]:
        if all(item.recorded is None and item.live is None for item in items):
            return items
        redactor = await self._gathered()
        return tuple(_quiet(redactor, self._digester, item) for item in items)

    async def _gathered(self) -> Redactor:
        if self._redactor is None:
            # Half a second for 5,000 resources, in which the API would not answer.
            self._redactor = await gathered(self._secrets)
        return self._redactor


async def gathered(secrets: Secrets) -> Redactor:
    """Return the stack's redactor, gathered on a thread of its own."""
    return await asyncio.to_thread(lambda: secrets.redactor)


@contextlib.asynccontextmanager
async def redacting_apart(gather: Callable[[], Redactor], *, place: Path) -> AsyncIterator[None]:
    """Take the secrets out of an error that leaves the block; `gather` finds them at `place`.

    It reads every file there again, off the event loop: the error may be that one of them
    blocks, and sixty lock files of a megabyte take longer than anybody waits for the API.

    Raises:
        RetryableError: they could not be found in time; the error itself is then not told.
    """
    try:
        yield
    except ReconcilerError as error:
        (await apart(gather, place=place)).error(error)
        raise


def said(warnings: tuple[str, ...], secrets: Secrets) -> tuple[str, ...]:
    """Return the warnings without the stack's secrets."""
    return tuple(map(secrets.redactor.without, warnings)) if warnings else ()


def doubted(doubts: tuple[ProviderDoubt, ...], secrets: Secrets) -> tuple[ProviderDoubt, ...]:
    """Return the doubts without the stack's secrets: they quote settings of providers."""
    return tuple(replace(doubt, reason=secrets.redactor.without(doubt.reason)) for doubt in doubts)


def without_words(
    change: PlannedChange, redactor: Redactor, digester: SecretDigester
) -> PlannedChange:
    """Return a planned change, masked where a value holds one of the redactor's words."""
    if not _holds(redactor, (change.before, change.after)):
        return change
    return replace(
        change, before=digester.digest(change.before), after=digester.digest(change.after)
    )


def new_without_words(value: NewValue, redactor: Redactor, digester: SecretDigester) -> NewValue:
    """Return a value that no apply recorded, masked where it holds one of the words."""
    if not _holds(redactor, (value.recorded, value.planned)):
        return value
    return replace(
        value, recorded=digester.digest(value.recorded), planned=digester.digest(value.planned)
    )


def _redacted(
    redactor: Redactor, digester: SecretDigester, changes: Iterable[Change]
) -> Iterator[Change]:
    for change in changes:
        sides = (change.declared, change.recorded, change.live)
        if change.sensitive or not _holds(redactor, sides):
            yield change
            continue
        declared, recorded, live = map(digester.digest, sides)
        yield replace(change, declared=declared, recorded=recorded, live=live, sensitive=True)


def _quiet(redactor: Redactor, digester: SecretDigester, item: NoiseItem) -> NoiseItem:
    if not _holds(redactor, (item.recorded, item.live)):
        return item
    recorded, live = map(digester.digest, (item.recorded, item.live))
    return replace(item, recorded=recorded, live=live)


def _holds(redactor: Redactor, values: Iterable[Value]) -> bool:
    return any(redactor.holds(text) for value in values for text in _texts(value))


def _texts(value: Value) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for inner in value:
                yield from _texts(inner)
        case dict():
            for key, inner in value.items():
                yield key
                yield from _texts(inner)
        case _:
            return
