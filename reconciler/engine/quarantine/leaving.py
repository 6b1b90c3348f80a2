"""What a script left when it had isolated, by a read right afterwards; nothing else tells that.

It is kept with the quarantine, by address: `missing`, `absent` of an added child, or of each
attribute that showed otherwise than before the `live` value of every path that differed, none
where it was then as recorded, and the drift that it showed `before`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from reconciler.domain.details import changes_of
from reconciler.domain.edges import Edge
from reconciler.domain.lifecycle import is_one_of, slot_of
from reconciler.domain.model import (
    Change,
    Engine,
    Kind,
    Origin,
    ResourceAddress,
    StackReport,
)
from reconciler.domain.quarantines import Quarantine, resource_of
from reconciler.domain.records import FindingRecord, Json
from reconciler.domain.sources import SCAN
from reconciler.wire.scan import change_object

Slot: TypeAlias = tuple[ResourceAddress, bool]
Changes: TypeAlias = Mapping[str, Collection[Change]]
"""By attribute, each of its paths that differs."""

MISSING: Final = "missing"
ABSENT: Final = "absent"
ADDED: Final = "added"
LIVE: Final = "live"
BEFORE: Final = "before"
WORDS: Final = {False: "planned", True: "undeclared"}
"""How the two findings of a resource are told apart where this is kept."""


def known_before(
    edges: Collection[Edge], records: Iterable[FindingRecord]
) -> dict[str, dict[str, Any]]:
    """Return what `records` say of what `edges` name, by address; it is kept as JSON.

    Of an added child that is that it is there, of what is missing that it is not, and of anything
    else its changes.
    """
    about = {edge.address for edge in edges}
    before: dict[str, dict[str, Any]] = {}
    for record in records:
        if record.seen_by != SCAN or resource_of(record) not in about:
            continue
        kept = before.setdefault(record.address, {})
        if record.kind is Kind.ADDED:
            kept[ADDED] = True
        elif record.kind is Kind.MISSING:
            kept[MISSING] = True
        elif record.kind is Kind.CHANGED:
            undeclared = record.origin is Origin.UNDECLARED
            kept[WORDS[undeclared]] = _objects(changes_of(record.details))
    return before


def left_by(quarantine: Quarantine, report: StackReport) -> dict[str, Any]:
    """Return what the script of `quarantine` left, as `report` shows it right afterwards.

    What was not read or compared says nothing. What was missing before is drift as it was. So is a
    resource that drifted and is gone now: no script is taken to delete what it isolates.
    """
    before = quarantine.script.before if quarantine.script is not None else {}
    now, gone, unread = _seen(report), gone_in(report), unread_in(report)
    left: dict[str, Any] = {}
    for edge in quarantine.edges:
        was = before.get(edge.address, {})
        if edge.address in gone:
            if edge.address != edge.isolates and not was.get(MISSING):
                left[edge.address] = {MISSING: True}
            continue
        changed = {
            word: names
            for undeclared, word in WORDS.items()
            if (edge.address, undeclared) not in unread
            and (names := _changed(was.get(word, ()), now.get((edge.address, undeclared), {})))
        }
        if changed:
            left[edge.address] = changed
    children = [child for child in children_of(quarantine) if _is_absent(child, report)]
    return {**left, **{child: {ABSENT: True} for child in children}}


def children_of(quarantine: Quarantine) -> tuple[ResourceAddress, ...]:
    """Return the added children that were known before the script began."""
    before = quarantine.script.before if quarantine.script is not None else {}
    return tuple(ResourceAddress(address) for address in before if before[address].get(ADDED))


def is_as_left(quarantine: Quarantine, address: ResourceAddress, report: StackReport) -> bool:
    """Whether `report` shows of `address` all that the script left, and nothing else there."""
    left = left_of(quarantine).get(address, {})
    if left.get(MISSING):
        return address in gone_in(report)
    if left.get(ABSENT):
        return all(finding.address != address for finding in report.findings)
    now, unread = _seen(report), unread_in(report)
    return all(
        shown(now.get((address, undeclared), {}).get(name, ())) == kept[LIVE]
        for undeclared, word in WORDS.items()
        if (address, undeclared) not in unread
        for name, kept in left.get(word, {}).items()
    )


def touched(quarantine: Quarantine) -> tuple[ResourceAddress, ...]:
    """Return what the script was seen to change."""
    return tuple(map(ResourceAddress, left_of(quarantine)))


def visibly_isolated(quarantine: Quarantine) -> tuple[ResourceAddress, ...]:
    """Return what differs from its record since the script isolated it.

    What it set right in isolating shows nothing by which a read could tell that it is released.
    """
    return tuple(
        ResourceAddress(address)
        for address, left in left_of(quarantine).items()
        if left.get(MISSING)
        or any(kept[LIVE] for word in WORDS.values() for kept in left.get(word, {}).values())
    )


def left_of(quarantine: Quarantine) -> Json:
    """Return what is kept of it, by address; nothing before it was read."""
    return (quarantine.script.left if quarantine.script is not None else None) or {}


def gone_in(report: StackReport) -> frozenset[ResourceAddress]:
    """Return what is recorded and not there."""
    return frozenset(finding.address for finding in report.findings if finding.kind is Kind.MISSING)


def unread_in(report: StackReport) -> frozenset[Slot]:
    """Return what `report` says nothing of."""
    unread = {address for address, _ in (*report.unreadable, *report.unseen)}
    return frozenset(
        {(address, undeclared) for address in unread for undeclared in WORDS}
        | {(address, True) for address in report.uncompared}
    )


def by_attribute(changes: Iterable[Change]) -> dict[str, list[Change]]:
    """Return `changes` by attribute, of a map by key.

    What has indexes is one attribute: they move when somebody adds an element.
    """
    found: dict[str, list[Change]] = defaultdict(list)
    for change in changes:
        found[change.path.split("[", maxsplit=1)[0]].append(change)
    return dict(found)


def shown(changes: Iterable[Change]) -> dict[str, Any]:
    """Return the live value by path, secrets as keyed digests: no other text is kept."""
    return dict(_live(changes))


def _live(changes: Iterable[Change]) -> Iterator[tuple[str, Any]]:
    for change in changes:
        yield change.path, change_object(change)["live"]


def _changed(kept: Iterable[Json], now: Changes) -> dict[str, Any]:
    was = by_attribute(changes_of({"changes": kept}))
    return {
        name: {LIVE: shown(now.get(name, ())), BEFORE: _objects(was.get(name, ()))}
        for name in sorted(was.keys() | now.keys())
        if shown(was.get(name, ())) != shown(now.get(name, ()))
    }


def _objects(changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [change_object(change) for change in changes]


def _is_absent(child: ResourceAddress, report: StackReport) -> bool:
    """Whether `report` shows that the child is not there any more; a whole plan asks for none."""
    unread = {address for address, _ in unread_in(report)}
    return (
        report.obtained_by is not Engine.CLI
        and child not in unread
        and not is_one_of(child, unread)
        and all(finding.address != child for finding in report.findings)
    )


def _seen(report: StackReport) -> dict[Slot, Changes]:
    return {
        slot_of(finding): by_attribute(finding.changes)
        for finding in report.findings
        if finding.kind is Kind.CHANGED
    }
