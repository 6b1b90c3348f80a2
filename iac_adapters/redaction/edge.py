"""The last look at what leaves an adapter: reasons, warnings and plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

from iac_adapters.redaction.masker import Masker
from iac_adapters.redaction.redactor import Redactor
from reconciler.domain.model import Change, Drifted, Observed, ProviderDoubt, Unreadable
from reconciler.domain.plan import NewValue, PlannedChange
from reconciler.domain.values import Value


class Secrets(Protocol):
    """What is secret about a stack; gathered when it is asked for."""

    @property
    def redactor(self) -> Redactor:
        """What takes the secrets out of a text."""
        ...


def seen(observed: Observed, secrets: Secrets, masker: Masker) -> Observed:
    """Return a verdict without the stack's secrets.

    A provider may write one into an attribute that nobody marked; such a value is masked as
    a whole.
    """
    match observed.verdict:
        case Unreadable(reason=reason):
            return replace(observed, verdict=Unreadable(secrets.redactor.without(reason)))
        case Drifted() as drifted if drifted.changes or drifted.consequences:
            changes = tuple(_masked(secrets, masker, drifted.changes))
            consequences = tuple(_masked(secrets, masker, drifted.consequences))
            verdict = replace(drifted, changes=changes, consequences=consequences)
            return replace(observed, verdict=verdict)
        case _:
            return observed


def said(warnings: tuple[str, ...], secrets: Secrets) -> tuple[str, ...]:
    """Return the warnings without the stack's secrets."""
    return tuple(map(secrets.redactor.without, warnings)) if warnings else ()


def doubted(doubts: tuple[ProviderDoubt, ...], secrets: Secrets) -> tuple[ProviderDoubt, ...]:
    """Return the doubts without the stack's secrets: they quote settings of providers."""
    return tuple(replace(one, reason=secrets.redactor.without(one.reason)) for one in doubts)


def without_words(change: PlannedChange, redactor: Redactor, masker: Masker) -> PlannedChange:
    """Return a planned change, masked where a value holds one of the redactor's words."""
    if not _holds(redactor, (change.before, change.after)):
        return change
    return replace(change, before=masker.mask(change.before), after=masker.mask(change.after))


def new_without_words(value: NewValue, redactor: Redactor, masker: Masker) -> NewValue:
    """Return a value that no apply recorded, masked where it holds one of the words."""
    if not _holds(redactor, (value.recorded, value.planned)):
        return value
    return replace(value, recorded=masker.mask(value.recorded), planned=masker.mask(value.planned))


def _masked(secrets: Secrets, masker: Masker, changes: Iterable[Change]) -> Iterator[Change]:
    for change in changes:
        sides = (change.declared, change.recorded, change.live)
        if change.sensitive or not _holds(secrets.redactor, sides):
            yield change
            continue
        declared, recorded, live = map(masker.mask, sides)
        yield replace(change, declared=declared, recorded=recorded, live=live, sensitive=True)


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
