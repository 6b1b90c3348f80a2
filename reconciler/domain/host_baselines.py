"""What a stack declares a host to be, and how a host differs from it. Pure.

Keys that are not declared mean nothing, except in sections that the declaration claims.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from reconciler.domain.fingerprint import value_digest
from reconciler.domain.sent_values import is_digest
from reconciler.domain.values import Json

PULUMI_TYPE: Final = "trueup:host:Baseline"
TERRAFORM_TYPE: Final = "terraform_data"
TERRAFORM_KEY: Final = "trueup_host"
"""`input = { trueup_host = {...} }` makes a `terraform_data` a host's baseline."""

NO_EPOCH: Final = "0" * 16
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "files": ("path",),
    "firewall": ("protocol", "port", "source"),
    "packages": ("name",),
    "services": ("name",),
    "sysctl": ("name",),
}
"""What names an entry of each section; the agent's leaves have the same keys."""
SECTIONS: Final = tuple(_KEYS)
"""The sections that can be declared."""

_ABSENT: Final = "absent"
_PRESENT: Final = "present"
_NOT_COMPARED: Final = frozenset({"content"})
"""Kept for whoever writes the file; an agent never sends content."""


@dataclass(frozen=True, slots=True)
class AcceptedPlace:
    """A place of a host that is right although it is declared otherwise, and who said so.

    `digest` is a keyed one of what was declared and live. Older rows hold nothing else.
    """

    digest: str
    by: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HostBaseline:
    """The declared form of one host by one resource, `resource_id` = `STACK/ADDRESS`."""

    resource_id: str
    host: str
    type: str
    claims: tuple[str, ...]
    declared: Mapping[str, Mapping[str, Json]]
    """Entries by section and key; what is secret is a keyed digest."""
    groups: tuple[str, ...] = ()
    """The groups of hosts that a policy may select it by."""
    accepted: Mapping[str, AcceptedPlace] = field(default_factory=dict)
    """What a person accepted of the host, by path; see `host_acceptance`."""

    @property
    def digest(self) -> str:
        """What changes when, and only when, the baseline does."""
        written = json.dumps([self.host, self.as_json()], sort_keys=True)
        return hashlib.sha256(written.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Return what an agent is told: what governs it, and what to look at."""
        return {
            "resource_id": self.resource_id,
            "claims": list(self.claims),
            "declared": {name: dict(entries) for name, entries in self.declared.items()},
        }


@dataclass(frozen=True, slots=True)
class HostSection:
    """One section as a host reported it; `status` is `ok` where its probe saw all of it."""

    status: str
    leaves: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HostChange:
    """One place where a host is not as declared; None is what is not there."""

    section: str
    key: str
    path: str
    declared: Any
    live: Any


def baseline_of(resource_id: str, type_: str, definition: Json) -> HostBaseline | None:
    """Return the baseline that a resource declares; None where it is none.

    What cannot be read of an entry is left out of it, never taken for something else.
    """
    form = definition
    if type_ == TERRAFORM_TYPE:
        form = _terraform_form(definition)
    elif type_ != PULUMI_TYPE:
        return None
    host = form.get("host")
    if not isinstance(host, str) or not host:
        return None
    claims = form.get("claims") or ()
    return HostBaseline(
        resource_id=resource_id,
        host=host.lower(),
        type=type_,
        claims=tuple(sorted(name for name in claims if name in _KEYS)),
        declared={name: dict(_entries(name, form.get(name))) for name in _KEYS},
        groups=_groups(form.get("groups")),
    )


def _groups(declared: Any) -> tuple[str, ...]:
    names = declared if isinstance(declared, (list, tuple)) else ()
    return tuple(sorted({name for name in names if isinstance(name, str) and name}))


def epoch_of(baselines: Iterable[HostBaseline]) -> str:
    """Return the name of all baselines of one host together."""
    digests = sorted(baseline.digest for baseline in baselines)
    return hashlib.sha256("".join(digests).encode()).hexdigest()[:16] if digests else NO_EPOCH


def compare(
    baseline: HostBaseline, sections: Mapping[str, HostSection], *, key: bytes
) -> tuple[HostChange, ...]:
    """Return every place where the host is not as `baseline` says, sorted by its path.

    A section that could not be read whole is a change of its own where an entry is missing in
    it: it is neither in sync nor gone.
    """
    found = [
        change for name in _KEYS for change in _section(baseline, name, sections.get(name), key)
    ]
    return tuple(sorted(found, key=lambda change: change.path))


def _terraform_form(definition: Json) -> Json:
    for name in ("input", "triggers_replace"):
        value = _plain(definition.get(name))
        form = value.get(TERRAFORM_KEY) if isinstance(value, Mapping) else None
        if isinstance(form, Mapping):
            return form
    return {}


def _plain(value: Any) -> Any:
    """Return an argument of any type without the type that the state keeps beside it."""
    wrapped = isinstance(value, Mapping) and value.keys() == {"value", "type"}
    return value["value"] if wrapped else value


def _entries(section: str, declared: Any) -> Iterator[tuple[str, Json]]:
    for entry in declared if isinstance(declared, (list, tuple)) else ():
        if isinstance(entry, Mapping) and all(name in entry for name in _KEYS[section]):
            yield _key(section, entry), _attributes(section, entry)


def _key(section: str, entry: Json) -> str:
    return "/".join(str(entry[name]) for name in _KEYS[section])


def _attributes(section: str, entry: Json) -> Json:
    hidden = _NOT_COMPARED | set(_KEYS[section] if section != "firewall" else ())
    return {name: value for name, value in entry.items() if name not in hidden}


def _section(
    baseline: HostBaseline, name: str, live: HostSection | None, key: bytes
) -> Iterator[HostChange]:
    declared = baseline.declared[name]
    if not declared and name not in baseline.claims:
        return
    if live is None or live.status != "ok":
        status = "not captured" if live is None else live.status
        yield HostChange(name, "", name, None, {"unreadable": status})
    leaves: Mapping[str, Any] = {} if live is None else live.leaves
    whole = live is not None and live.status == "ok"
    for entry_key, wanted in declared.items():
        if entry_key in leaves or whole:
            yield from _entry(name, entry_key, wanted, leaves.get(entry_key), key)
    if name in baseline.claims:
        for extra in sorted(filter(_may_claim(name), leaves.keys() - declared.keys())):
            yield HostChange(name, extra, _path(name, extra), None, leaves[extra])


def _may_claim(section: str) -> Callable[[str], bool]:
    """Return whether a key is of the kind that can be declared: of a firewall, what it admits."""
    if section != "firewall":
        return lambda _key: True
    return lambda key: key.startswith(("tcp/", "udp/"))


def _entry(
    section: str, entry_key: str, wanted: Json, leaf: Any, key: bytes
) -> Iterator[HostChange]:
    path = _path(section, entry_key)
    absent = wanted.get("version") == _ABSENT
    if leaf is None:
        if not absent and not _is_off(section, wanted):
            yield HostChange(section, entry_key, path, dict(wanted), None)
        return
    if absent:
        yield HostChange(section, entry_key, path, None, leaf)
        return
    if isinstance(leaf, Mapping) and "unreadable" in leaf:
        yield HostChange(section, entry_key, path, dict(wanted), leaf)
        return
    for name, value in sorted(wanted.items()):
        if name == "version" and value == _PRESENT:
            continue
        live = leaf.get(name) if isinstance(leaf, Mapping) else None
        if is_digest(value):
            live = None if live is None else {"digest": value_digest(live, key=key)}
        if live != value:
            yield HostChange(section, entry_key, f"{path}.{name}", value, live)


def _is_off(section: str, wanted: Json) -> bool:
    # A unit that is not installed is neither enabled nor running.
    return section == "services" and not (wanted.get("enabled") or wanted.get("running"))


def _path(section: str, key: str) -> str:
    quoted = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'{section}["{quoted}"]'
