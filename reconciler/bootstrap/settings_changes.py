"""What a new `trueup.toml` changes, and what of that takes a restart: pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from reconciler.settings import COMMON_STACK_KEYS, DaemonSettings, Settings, StackSettings

LIVE_DAEMON_KEYS: Final = frozenset(
    {
        "hosts",
        "public_url",
        "confirm_after",
        "approval_time",
        "pass_environment",
        "roots",
        "scripts",
    }
)
"""The keys of `[daemon]` that a reload takes in; every other one needs a restart."""
_DAEMON_KEYS: Final = tuple(field.name for field in fields(DaemonSettings))


@dataclass(frozen=True, slots=True)
class Changes:
    """What is taken in, what needs a restart, and the settings that are in force then."""

    taken: tuple[str, ...]
    needs_restart: tuple[str, ...]
    in_force: Settings


def changes(before: Settings, after: Settings) -> Changes:
    """Return what `after` changes beside `before`, which is in force."""
    differing = [key for key in _DAEMON_KEYS if _differs(before, after, key)]
    fixed = {
        key: getattr(before.daemon, key) for key in _DAEMON_KEYS if key not in LIVE_DAEMON_KEYS
    }
    daemon = replace(after.daemon, **fixed)
    return Changes(
        taken=(
            *(f"daemon.{key}" for key in differing if key in LIVE_DAEMON_KEYS),
            *_stacks(before.stacks, after.stacks),
            *_policies(before, after),
            *(("severity rules",) if before.severities != after.severities else ()),
            *(("ignore rules",) if before.ignores != after.ignores else ()),
            *(("scripts",) if before.scripts != after.scripts else ()),
            *(("channels",) if before.channels != after.channels else ()),
            *(("guardrails",) if before.guardrails != after.guardrails else ()),
        ),
        needs_restart=tuple(f"daemon.{key}" for key in differing if key not in LIVE_DAEMON_KEYS),
        in_force=replace(after, daemon=daemon),
    )


def _differs(before: Settings, after: Settings, key: str) -> bool:
    return bool(getattr(before.daemon, key) != getattr(after.daemon, key))


def _stacks(before: Sequence[StackSettings], after: Sequence[StackSettings]) -> Iterator[str]:
    old, new = ({stack.name: stack for stack in stacks} for stacks in (before, after))
    for name in _names(old, new):
        if name not in old:
            yield f'stack "{name}": added'
        elif name not in new:
            yield f'stack "{name}": removed'
        elif old[name] != new[name]:
            yield f'stack "{name}": {", ".join(_keys(old[name], new[name]))}'


def _keys(old: StackSettings, new: StackSettings) -> Iterator[str]:
    """Yield the keys of one stack that differ, as the file names them."""
    for key in COMMON_STACK_KEYS:
        if getattr(old, key) != getattr(new, key):
            yield key
    for key in _names(old.options, new.options):
        if old.options.get(key) != new.options.get(key):
            yield key


def _policies(before: Settings, after: Settings) -> Iterator[str]:
    old, new = (
        {policy.name: policy for policy in settings.policies} for settings in (before, after)
    )
    for name in _names(old, new):
        if name not in old:
            yield f'policy "{name}": added'
        elif name not in new:
            yield f'policy "{name}": removed'
        elif old[name] != new[name]:
            yield f'policy "{name}": changed'
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield "policies: order"


def _names(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return sorted({*old, *new})
