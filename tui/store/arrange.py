"""The order of the fleet table: filtered, sorted, grouped; a pure function of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from tui.store.filters import Filter
from tui.store.order import RowOrder, Sort
from tui.store.rows import RANKS, Row


def _account(row: Row) -> str:
    """Return the account; of a resource that does not say it, the provider it belongs to."""
    return row.account or f"{row.provider or row.type.partition('_')[0]}, account not known"


def _badness(severity: str, score: int) -> tuple[int, int, str]:
    """Return what stands first where it is least; words that are not known stand at the top."""
    return -RANKS.get(severity, len(RANKS)), -score, severity


GROUP_KEY: Final = "\0group:"
SORTS: Final[dict[str, Sort]] = {
    "severity": Sort(attrgetter("severity", "score"), lambda value: _badness(*value)),
    "kind": Sort(attrgetter("kind")),
    "stack": Sort(attrgetter("stack")),
    "type": Sort(attrgetter("type")),
    "address": Sort(attrgetter("address")),
    "attributes": Sort(lambda row: -len(row.paths)),
    "age": Sort(attrgetter("first_seen")),
    "owner": Sort(attrgetter("owner")),
    "account": Sort(attrgetter("account", "region")),
    "proposed": Sort(attrgetter("proposed")),
    "state": Sort(attrgetter("remediation", "state")),
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
    "state": lambda row: row.remediation.replace("_", " ") or "no remediation",
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

    order: Sequence[str]
    groups: dict[str, Group]
    shown: int

    @property
    def standing(self) -> AbstractSet[str]:
        """Return the ids of the rows that have a line."""
        if isinstance(self.order, RowOrder):
            return self.order.ids
        return frozenset(self.order) - self.groups.keys()


def arrange(rows: Iterable[Row], wish: Arrangement) -> Arranged:
    """Return the order; rows that sort alike stand by stack and address."""
    order = RowOrder(wish.filter.of(rows), SORTS[wish.sort], reverse=wish.reverse)
    if wish.group == "none":
        return Arranged(order, {}, len(order))
    return _grouped(order, wish)


def _grouped(found: RowOrder, wish: Arrangement) -> Arranged:
    name_of = GROUPS[wish.group]
    members: dict[str, list[Row]] = {}
    for row in found.rows():
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
