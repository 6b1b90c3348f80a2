"""The order of the fleet table: filtered, sorted, grouped; a pure function of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from tui.store.filters import Filter
from tui.store.rows import RANKS, Row


def _account(row: Row) -> str:
    """Return the account; of a resource that does not say it, the provider it belongs to."""
    return row.account or f"{row.provider or row.type.partition('_')[0]}, account not known"


GROUP_KEY: Final = "\0group:"
SORTS: Final[dict[str, Callable[[Row], Any]]] = {
    # One number: a tuple for each of 100,000 rows takes four times as long.
    "severity": lambda row: -(RANKS.get(row.severity, len(RANKS)) * 1000 + row.score),
    "kind": lambda row: row.kind,
    "stack": lambda row: row.stack,
    "type": lambda row: row.type,
    "address": lambda row: row.address,
    "attributes": lambda row: -len(row.paths),
    "age": lambda row: row.first_seen,
    "owner": lambda row: row.owner,
    "account": lambda row: (row.account, row.region),
    "proposed": lambda row: row.proposed,
    "state": lambda row: (row.remediation, row.state),
}
GROUPS: Final[dict[str, Callable[[Row], str]]] = {
    "none": lambda _row: "",
    "stack": lambda row: row.stack,
    "type": lambda row: row.type,
    "kind": lambda row: row.kind,
    "account": _account,
    "region": lambda row: row.region or "region not known",
    "policy": lambda row: row.policy or "no policy selects it",
    "owner": lambda row: row.owner or "nobody",
    "state": lambda row: row.remediation or "no remediation",
    "change": lambda row: row.signature,
}
"""`change` groups rows of which the same was changed in the same way."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How a person wants to see the rows; `folded` names groups that show their title only."""

    filter: Filter[Row] = field(default_factory=Filter)
    sort: str = "severity"
    reverse: bool = False
    group: str = "none"
    folded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Group:
    """A title among the rows, and the ids of what stands under it."""

    key: str
    name: str
    members: tuple[str, ...]
    folded: bool


@dataclass(frozen=True, slots=True)
class Arranged:
    """The keys in the order they are shown, with the groups by key."""

    order: tuple[str, ...]
    groups: dict[str, Group]
    shown: int


def arrange(rows: Iterable[Row], wish: Arrangement) -> Arranged:
    """Return the order; rows that sort alike stand by stack and address."""
    found = wish.filter.of(rows)
    found.sort(key=_place)
    found.sort(key=SORTS[wish.sort], reverse=wish.reverse)
    if wish.group == "none":
        return Arranged(tuple([row.id for row in found]), {}, len(found))
    return _grouped(found, wish)


def _place(row: Row) -> str:
    # One text: see `severity`. With the id, two findings of one resource never change places.
    return f"{row.stack} {row.address} {row.id}"


def _grouped(found: list[Row], wish: Arrangement) -> Arranged:
    name_of = GROUPS[wish.group]
    members: dict[str, list[Row]] = {}
    for row in found:
        members.setdefault(name_of(row), []).append(row)
    names = sorted(members, key=lambda name: (-len(members[name]), name))
    order: list[str] = []
    groups: dict[str, Group] = {}
    for name in names:
        key = GROUP_KEY + name
        ids = tuple(row.id for row in members[name])
        folded = key in wish.folded
        groups[key] = Group(key, _title(wish.group, name, members[name]), ids, folded)
        order.append(key)
        if not folded:
            order.extend(ids)
    return Arranged(tuple(order), groups, len(found))


def _title(group: str, name: str, rows: list[Row]) -> str:
    if group != "change":
        return name
    first = rows[0]
    paths = ", ".join(first.paths[:3]) or first.kind
    more = f" and {len(first.paths) - 3} more" if len(first.paths) > 3 else ""  # noqa: PLR2004
    return f"{first.type}  {paths}{more}"
