"""Which other findings have the cause of one: the same resource, what it follows from, its like."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tui.store.rows import Row


@dataclass(frozen=True, slots=True)
class Relation:
    """Another finding, and in a word what it has to do with the first."""

    word: str
    row: Row


def related_to(row: Row, rows: Iterable[Row]) -> list[Relation]:
    """Return the findings that belong to the cause of `row`, the nearest first."""
    found: dict[str, list[Relation]] = {word: [] for word in ("cause", "follows", "same", "alike")}
    for other in rows:
        if other.id == row.id:
            continue
        word = _word(row, other)
        if word:
            found[word].append(Relation(word, other))
    return [relation for relations in found.values() for relation in relations]


def _word(row: Row, other: Row) -> str:
    if other.stack == row.stack:
        if row.follows and other.address == row.follows:
            return "cause"
        if other.follows and other.follows == row.address:
            return "follows"
        if other.address == row.address:
            return "same"
    return "alike" if other.signature == row.signature else ""
