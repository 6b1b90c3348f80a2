"""What a severity rule may ask of the values of a change, besides where they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from reconciler.domain import privileges as rights
from reconciler.domain.exposure import admits_anyone, allows_everything, lets_in_the_world
from reconciler.domain.values import Value


class Condition(StrEnum):
    """One question; the direction counts: `wanted` is what code or record say, `live` what is."""

    ALWAYS = "always"
    LETS_IN_THE_WORLD = "lets_in_the_world"
    ADMITS_ANYONE = "admits_anyone"
    ALLOWS_EVERYTHING = "allows_everything"
    GRANTS_EVERYTHING = "grants_everything"
    NAMES_ADMIN = "names_admin"
    RUNS_AS_ROOT = "runs_as_root"
    LISTENS_EVERYWHERE = "listens_everywhere"
    OPEN_MODE = "open_mode"
    READ_BY_OTHERS = "read_by_others"
    ASKS_NOBODY = "asks_nobody"
    SWITCHED_ON = "switched_on"
    SWITCHED_OFF = "switched_off"
    LOOSER = "looser"
    OLDER_PROTOCOL = "older_protocol"
    GIVES_MORE = "gives_more"
    TAKES_AWAY = "takes_away"
    TIGHTER = "tighter"


def holds(condition: Condition, wanted: Value, live: Value) -> bool:
    """Tell whether the answer is yes for a change from `wanted` to `live`."""
    state = _STATES.get(condition)
    if state is not None:
        return state(live) and not state(wanted)
    return _MOVES[condition](wanted, live)


def _is_on(value: Value) -> bool:
    if isinstance(value, str):
        return value.lower() in ("true", "enabled", "enable", "on", "yes", "1")
    return value is True


def _asks_nobody(value: Value) -> bool:
    return isinstance(value, str) and value.lower() in ("none", "anonymous")


def _switched_off(wanted: Value, live: Value) -> bool:
    return _is_on(wanted) and not _is_on(live)


def _tighter(wanted: Value, live: Value) -> bool:
    return rights.looser(live, wanted) or rights.older_protocol(live, wanted)


_STATES: Final[Mapping[Condition, Callable[[Value], bool]]] = {
    Condition.LETS_IN_THE_WORLD: lets_in_the_world,
    Condition.ADMITS_ANYONE: admits_anyone,
    Condition.ALLOWS_EVERYTHING: allows_everything,
    Condition.GRANTS_EVERYTHING: rights.grants_everything,
    Condition.NAMES_ADMIN: rights.names_admin,
    Condition.RUNS_AS_ROOT: rights.runs_as_root,
    Condition.LISTENS_EVERYWHERE: rights.listens_everywhere,
    Condition.OPEN_MODE: rights.open_mode,
    Condition.READ_BY_OTHERS: rights.read_by_others,
    Condition.ASKS_NOBODY: _asks_nobody,
    Condition.SWITCHED_ON: _is_on,
}
_MOVES: Final[Mapping[Condition, Callable[[Value, Value], bool]]] = {
    Condition.ALWAYS: lambda _wanted, _live: True,
    Condition.SWITCHED_OFF: _switched_off,
    Condition.LOOSER: rights.looser,
    Condition.OLDER_PROTOCOL: rights.older_protocol,
    Condition.GIVES_MORE: rights.gives_more,
    Condition.TAKES_AWAY: rights.takes_away,
    Condition.TIGHTER: _tighter,
}
