"""What a plan said it would do, in its own words, by the addresses the code has.

Terraform settles here what no reader of the code should settle again: chains of `moved`,
moves of whole modules, and moves in and out of `count` and `for_each`.
Source: Terraform's machine-readable UI, version 1.2, `planned_change`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from iac_adapters.terraform.state import StateInstance

_DELETE: Final = "delete"
_WORDS: Final[Mapping[tuple[str, ...], str]] = {
    ("no-op",): "noop",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
}
_REASONS: Final = {
    "replace_by_triggers": "replace_triggered_by",
    "replace_because_tainted": "tainted",
    "replace_by_request": "requested",
}


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One change of one object; `previous` is where the state has it, if that is elsewhere.

    `reason` is the plan's own word for why, `import_id` what it would be imported by.
    """

    address: str
    action: str
    previous: str | None = None
    type: str = ""
    reason: str = ""
    import_id: str | None = None


def came_to_its_end(events: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a plan has counted what it would do: it does so once it has told of all of it."""
    return any(event.get("type") == "change_summary" for event in events)


def planned_changes(events: Iterable[Mapping[str, Any]]) -> tuple[PlannedChange, ...]:
    """Return every change that a plan's event stream announced, in its order."""
    return tuple(
        _planned(event["change"]) for event in events if event.get("type") == "planned_change"
    )


def planned_in(entries: Iterable[Mapping[str, Any]]) -> tuple[PlannedChange, ...]:
    """Return the same of `resource_changes`, as `show -json` prints a plan."""
    return tuple(_entry(entry) for entry in entries if not entry.get("deposed"))


def moves_of(planned: Iterable[PlannedChange]) -> dict[str, str]:
    """Return where the code has what the state has elsewhere: address in the state, in the code."""
    return {change.previous: change.address for change in planned if change.previous is not None}


def actions_of(
    planned: Iterable[PlannedChange], instances: Sequence[StateInstance]
) -> dict[str, str]:
    """Return what happens to the object at each of the code's addresses.

    The deletion of a deposed object goes by its successor's address and is left out.
    """
    moves = moves_of(planned)
    deposed = Counter(moves.get(i.address, i.address) for i in instances if i.deposed)
    texts: dict[str, list[str]] = defaultdict(list)
    for change in planned:
        texts[change.address].append(change.action)
    actions: dict[str, str] = {}
    for address, words in texts.items():
        others = [word for word in words if word != _DELETE]
        deletions = len(words) - len(others) - deposed[address]
        if others or deletions > 0:
            actions[address] = others[0] if others else _DELETE
    return actions


def _entry(entry: Mapping[str, Any]) -> PlannedChange:
    change = entry["change"]
    previous = entry.get("previous_address")
    return PlannedChange(
        entry["address"],
        _WORDS.get(tuple(change["actions"]), change["actions"][0]),
        previous if previous != entry["address"] else None,
        type=entry["type"],
        reason=_REASONS.get(entry.get("action_reason", ""), ""),
        import_id=(change.get("importing") or {}).get("id"),
    )


def _planned(change: Mapping[str, Any]) -> PlannedChange:
    address = change["resource"]["addr"]
    previous = (change.get("previous_resource") or {}).get("addr")
    return PlannedChange(
        address,
        change["action"],
        previous if previous != address else None,
        type=change["resource"].get("resource_type", ""),
        reason=change.get("reason", ""),
        import_id=(change.get("importing") or {}).get("id"),
    )
