"""From what the server has to what this host is: the least that must be said. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent.protocol.messages import SectionChange
from agent.protocol.tree import Section

Changes = Mapping[str, SectionChange]


def changes_between(before: Mapping[str, Section], now: Mapping[str, Section]) -> Changes:
    """Return what differs, leaf by leaf."""
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
        name: SectionChange(section.status, list(section.leaves.items()), whole=True)
        for name, section in now.items()
        if held.get(name) != digests[name].hex()
    }


def _change(before: Section, now: Section) -> SectionChange:
    return SectionChange(
        status=now.status,
        changed=list(_changed(before, now)),
        removed=[key for key in before.leaves if key not in now.leaves],
    )


def _is_same_section(before: Section, now: Section) -> bool:
    return (
        before.status == now.status
        and before.leaves.keys() == now.leaves.keys()
        and all(_is_same(before.leaves[key], value) for key, value in now.leaves.items())
    )


def _is_same(one: object, other: object) -> bool:
    """Whether both have the same canonical form; to Python `True` and `1` are equal."""
    if isinstance(one, dict) and isinstance(other, dict):
        same_keys = one.keys() == other.keys()
        return same_keys and all(_is_same(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return type(one) is type(other) and one == other


def _changed(before: Section, now: Section) -> Iterator[tuple[str, object]]:
    for key, value in now.leaves.items():
        if key not in before.leaves or not _is_same(before.leaves[key], value):
            yield (key, value)
