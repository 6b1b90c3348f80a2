"""What a provider in doubt would be asked to change is not corrected unasked (cases D5, P3, T3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconciler.domain.details import provider_of
from reconciler.domain.doubts import doubt_about
from reconciler.domain.model import ProviderDoubt
from reconciler.domain.records import FindingRecord
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold while the last scan doubts a provider of one of the findings."""
    doubts = situation.stack.provider_doubts if situation.stack else ()
    if not doubts or not situation.unasked:
        return Open()
    doubted = {
        record.address: doubt
        for record in situation.findings
        if (doubt := _doubt_about(record, doubts)) is not None
    }
    if not doubted:
        return Open()
    return Hold(next(iter(doubted.values())), about=frozenset(doubted))


def _doubt_about(record: FindingRecord, doubts: Sequence[ProviderDoubt]) -> str | None:
    provider = provider_of(record.details)
    if provider is None:  # kept before findings named their provider
        return doubts[0].reason
    return doubt_about(provider, doubts)


GUARD: Final = Guard("provider_doubt", ask, at=BEFORE_EFFECT)
