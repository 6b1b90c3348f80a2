"""When to doubt that a provider shows the objects that were recorded.

A provider that looks at another account, region or endpoint answers "not found" for every
object, and a plan then creates all of them a second time (cases daemon D5, pulumi P3). So
objects of one provider configuration that vanished together are evidence about the provider.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    Observed,
    Origin,
    ProviderDoubt,
    ResourceAddress,
    Snapshot,
    Unmanaged,
    Unreadable,
)

FEWEST_UNREADABLE: Final = 3
"""From so many objects on, all of them gone is no news about the objects."""

FEWEST_DOUBTED: Final = 2
_MOST: Final = 0.5
_NOT_READ: Final = "could not be read"
_ANSWER: Final = re.compile(
    rf"(the scan is incomplete: .*?)(?: and \d+ more)?( {_NOT_READ}) \(.*\)$", re.DOTALL
)
_CONDITION: Final = re.compile(
    r"(a plan ends with an error: .*?:\d+: [^:(]*(?:\(.*\))?): .*?((?:; and \d+ more)?)$", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What one provider configuration answered for its recorded objects."""

    found: tuple[ResourceAddress, ...]
    gone: tuple[ResourceAddress, ...]
    unreadable: tuple[tuple[ResourceAddress, str], ...]

    @property
    def all_gone(self) -> bool:
        return bool(self.gone) and not self.found

    @property
    def most_gone(self) -> bool:
        return len(self.gone) > _MOST * (len(self.gone) + len(self.found))


def vanished_as_unreadable(snapshot: Snapshot, observed: Sequence[Observed]) -> list[Observed]:
    """Return `observed` of a whole scan, with objects that vanished together as unreadable.

    They are when a provider found none of three or more, and when it found fewer than half
    while the adapter doubts that it is the provider the objects were recorded with.
    """
    doubted = {doubt.provider for doubt in snapshot.provider_doubts}
    reasons: dict[ResourceAddress, str] = {}
    for provider, answers in _by_provider(snapshot, observed).items():
        enough = len(answers.gone) >= FEWEST_UNREADABLE
        if enough and (answers.all_gone or (answers.most_gone and provider in doubted)):
            reasons |= dict.fromkeys(answers.gone, _vanished(provider, answers))
    if not reasons:
        return list(observed)
    return [
        replace(seen, verdict=Unreadable(reasons[seen.address]))
        if seen.address in reasons
        else seen
        for seen in observed
    ]


def provider_doubts(
    snapshot: Snapshot, observed: Sequence[Observed], *, whole: bool
) -> tuple[ProviderDoubt, ...]:
    """Return every reason not to correct objects of a provider unasked, by provider.

    Those the adapter knows, objects that could not be read, and objects that vanished
    together. A part of a stack says nothing about how many vanished.
    """
    doubts = list(snapshot.provider_doubts)
    for provider, answers in _by_provider(snapshot, observed).items():
        if answers.unreadable:
            doubts.append(ProviderDoubt(provider, _silent(answers)))
        if whole and len(answers.gone) >= FEWEST_DOUBTED and answers.most_gone:
            doubts.append(ProviderDoubt(provider, _vanished(provider, answers)))
    return tuple(sorted(set(doubts), key=lambda doubt: (doubt.provider, doubt.reason)))


def doubt_about(provider: str, doubts: Iterable[ProviderDoubt]) -> str | None:
    """Return why objects of `provider` are not corrected unasked; None when they may be."""
    return next(iter(doubts_about(provider, doubts)), None)


def doubts_about(provider: str, doubts: Iterable[ProviderDoubt]) -> tuple[str, ...]:
    """Return each reason why objects of `provider` are not corrected unasked, once.

    A load and the scan before it were given the same one in other answers.
    """
    told: dict[str, str] = {}
    for doubt in doubts:
        if doubt.provider in ("", provider):
            told.setdefault(without_answers(doubt.reason), doubt.reason)
    return tuple(told.values())


def without_answers(reason: str) -> str:
    """Return `reason`, of a doubt or with one in it, without what differs each time it is asked.

    Each answer of a cloud has its own request number, of a busy one other objects are unread in
    each scan, and the message of a condition may hold the hour. What it is about is the same;
    else an approval would be void before the plan that it is for was made.
    """
    return _CONDITION.sub(r"\1\2", _ANSWER.sub(r"\1\2", reason))


def _by_provider(snapshot: Snapshot, observed: Iterable[Observed]) -> Mapping[str, _Answers]:
    labels = {resource.address: resource.provider for resource in snapshot.resources}
    by_label: dict[str, list[Observed]] = defaultdict(list)
    for seen in observed:
        if label := labels.get(seen.address):
            by_label[label].append(seen)
    return {label: _answers(of_label) for label, of_label in sorted(by_label.items())}


def _answers(observed: Iterable[Observed]) -> _Answers:
    found, gone, unreadable = [], [], []
    for seen in observed:
        match seen.verdict:
            case Missing(origin=origin) if origin is not Origin.UNAPPLIED:
                gone.append(seen.address)
            case InSync() | Noise() | Drifted() | Unmanaged():
                found.append(seen.address)
            case Unreadable(reason=reason):
                unreadable.append((seen.address, reason))
            case _:
                pass  # not created yet, or no object at all: the provider was not asked
    return _Answers(tuple(found), tuple(gone), tuple(unreadable))


def _vanished(provider: str, answers: _Answers) -> str:
    total = len(answers.gone) + len(answers.found)
    count = f"{len(answers.gone)} of {total}" if answers.found else f"none of {total}"
    verb = "were not" if answers.found else "was"
    return (
        f"{count} objects of {provider} {verb} found:"
        " probably another account, region or endpoint than the one they were recorded in"
    )


def _silent(answers: _Answers) -> str:
    (address, reason), *others = answers.unreadable
    more = f" and {len(others)} more" if others else ""
    return f"the scan is incomplete: {address}{more} {_NOT_READ} ({reason})"
