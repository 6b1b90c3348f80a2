"""Who ended remediations, as the audit has it: a remediation says only who asked for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.client.errors import ReconcilerError
from reconciler.wire.remediations import Remediation
from tui.session import Session

_BY_A_PERSON: Final = frozenset({"rejected", "suppressed", "cancelled"})
_MOST: Final = 20
_LATEST: Final = 5
"""The entry that ended it is its newest, or close to it."""


async def read_deciders(
    session: Session, remediations: Iterable[Remediation], known: Mapping[str, str]
) -> dict[str, str]:
    """Return who ended each of the newest that a person may have ended, by id.

    `known` are not asked for again: what has ended stays ended. One that cannot be read is left
    out.
    """
    asked = [each.id for each in remediations if each.state in _BY_A_PERSON][:_MOST]
    found = {one: known[one] for one in asked if one in known}
    for remediation_id in asked:
        if remediation_id in found:
            continue
        try:
            page = await session.client.audit.page(subject=remediation_id, limit=_LATEST)
        except ReconcilerError:
            break
        ended = (
            entry.actor
            for entry in page.items
            if entry.action.removeprefix("remediation.") in _BY_A_PERSON
        )
        if actor := next(ended, ""):
            found[remediation_id] = actor
    return found
