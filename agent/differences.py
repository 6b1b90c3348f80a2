"""From what the server has to what this host is: the least that must be said. Pure."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from agent.leaf_file import LeafFile
from agent.protocol.canonical import encode
from agent.protocol.messages import SectionChange
from agent.protocol.tree import Section

Changes = Mapping[str, SectionChange]
Leaf = tuple[str, bytes]


def changes_between(before: Mapping[str, Section], now: Mapping[str, Section]) -> Changes:
    """Return what differs, leaf by leaf; the leaves are read when they are written."""
    return {
        name: _change(before.get(name, Section()), section)
        for name, section in now.items()
        if name not in before or not _is_same_section(before[name], section)
    }


def whole_sections(
    held: Mapping[str, str], digests: Mapping[str, bytes], now: Mapping[str, Section]
) -> Changes:
    """Return all of each section that the server has not, or has with another digest."""
    return {
        name: SectionChange(section.status, section.leaves.items(), whole=True)
        for name, section in now.items()
        if held.get(name) != digests[name].hex()
    }


@dataclass(frozen=True)
class Delta:
    """What two changes in a row make of a host: the JSON of its sections, and who is gone."""

    sections: Mapping[str, Mapping[str, Any]]
    dropped: Sequence[str]


def in_one(first: Delta, second: Delta) -> Delta:
    """Return the one change that does what `first` and then `second` do."""
    sections = {
        name: change for name, change in first.sections.items() if name not in second.dropped
    }
    for name, change in second.sections.items():
        before = sections.get(name)
        # One that was dropped in between begins empty, and not with what the server has of it.
        whole = {**change, "whole": True} if name in first.dropped else change
        sections[name] = whole if before is None or change["whole"] else _after(before, change)
    gone = {*first.dropped, *second.dropped} - second.sections.keys()
    return Delta(sections, sorted(gone))


def _after(before: Mapping[str, Any], change: Mapping[str, Any]) -> Mapping[str, Any]:
    changed = {key: value for key, value in before["changed"] if key not in change["removed"]}
    changed.update(change["changed"])
    removed = {*before["removed"], *change["removed"]} - changed.keys()
    return {
        "status": change["status"],
        "whole": before["whole"],
        "changed": [[key, value] for key, value in changed.items()],
        "removed": sorted(removed),
    }


class _Changed:
    """Leaves that are new or other than before, each time they are asked for."""

    def __init__(self, before: Section, now: Section) -> None:
        self._before = before
        self._now = now

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for key, _, value in _differing(self._before, self._now):
            if value is not None:
                yield key, json.loads(value)


class _Removed(_Changed):
    """Keys of leaves that are gone."""

    def __iter__(self) -> Iterator[Any]:
        return (key for key, _, value in _differing(self._before, self._now) if value is None)


def _change(before: Section, now: Section) -> SectionChange:
    return SectionChange(now.status, _Changed(before, now), _Removed(before, now))


def _is_same_section(before: Section, now: Section) -> bool:
    return before.status == now.status and next(_differing(before, now), None) is None


def _differing(before: Section, now: Section) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """Yield each key whose canonical bytes differ, with those of before and of now."""
    both = heapq.merge(
        ((key, 0, value) for key, value in _in_order(before)),
        ((key, 1, value) for key, value in _in_order(now)),
    )
    for key, found in groupby(both, key=lambda leaf: leaf[0]):
        values = {side: value for _, side, value in found}
        if values.get(0) != values.get(1):
            yield key, values.get(0), values.get(1)


def _in_order(section: Section) -> Iterator[Leaf]:
    if isinstance(section.leaves, LeafFile):
        return section.leaves.encoded()
    leaves = section.leaves
    return ((key, encode(leaves[key])) for key in sorted(leaves))
