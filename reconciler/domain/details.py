"""What the engine reads of a finding's kept details; the only place that knows their keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.domain.model import Change, Finding, Origin, ResourceAddress
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import UNKNOWN, Sensitive, Value

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FindingDetails:
    """Places and recorded values; what was live or declared then is not what it is now."""

    requires_replace: bool
    changes: tuple[Change, ...]
    consequences: tuple[Change, ...]
    provider: str
    added_as: tuple[ResourceAddress, ...] = ()


def details_of(kept: Json, *, origin: Origin) -> FindingDetails:
    """Return what `kept` says; keys that an older version did not write are empty."""
    return FindingDetails(
        requires_replace=bool(kept.get("requires_replace")),
        changes=_places(kept.get("changes"), origin),
        consequences=_places(kept.get("consequences"), origin),
        provider=provider_of(kept) or "",
        added_as=added_as_of(kept),
    )


def cause_of(kept: Json) -> ResourceAddress | None:
    """Return the object that what is `kept` followed, None where it followed none."""
    cause = kept.get("consequence_of")
    return ResourceAddress(cause) if cause else None


def accepted_changes(kept: Json) -> tuple[Change, ...]:
    """Return each change with its live value, as a baseline takes it in."""
    return tuple(
        replace(place, live=value_of(change.get("live")))
        for place, change in zip(
            _places(kept.get("changes"), Origin.UNDECLARED),
            kept.get("changes") or (),
            strict=True,
        )
    )


def changes_of(kept: Json) -> tuple[Change, ...]:
    """Return the changes with all their sides, as they were seen last."""
    return tuple(
        Change(
            path=AttributePath(change["path"]),
            declared=value_of(change.get("declared")),
            recorded=value_of(change.get("recorded")),
            live=value_of(change.get("live")),
            origin=Origin(change.get("origin") or Origin.BOTH),
            sensitive=bool(change.get("sensitive")),
            forces_replacement=bool(change.get("forces_replacement")),
        )
        for change in kept.get("changes") or ()
    )


def paths_of(kept: Json) -> tuple[str, ...]:
    """Return the attributes that drifted."""
    return tuple(change["path"] for change in kept.get("changes") or ())


def host_groups_of(kept: Json) -> tuple[str, ...]:
    """Return the groups of the host that drifted; none where it is no host."""
    return tuple(kept.get("host_groups") or ())


def severity_reason_of(kept: Json) -> str | None:
    """Return why the finding is as severe as it is; None where nobody said."""
    reason: str | None = kept.get("severity_reason")
    return reason


def with_severity_of(kept: Json, finding: Finding) -> Json:
    """Return `kept` with the severity of `finding` and the reason for it."""
    rated = {"severity": finding.severity.word, "severity_reason": finding.severity_reason}
    return {**kept, **rated}


def parent_of(kept: Json) -> str | None:
    """Return the managed resource that an added child belongs to."""
    parent: str | None = kept.get("parent")
    return parent


def added_as_of(kept: Json) -> tuple[ResourceAddress, ...]:
    """Return the added children that alone make up the changes."""
    return tuple(map(ResourceAddress, kept.get("added_as") or ()))


def provider_of(kept: Json) -> str | None:
    """Return the provider's source address; None where details did not hold it yet."""
    provider: str | None = kept.get("provider")
    return provider


def value_of(kept: Any) -> Value:
    """Return the value behind its JSON form (`wire.scan.value_object`).

    A map whose only key is `digest` comes back as a secret: then it equals no planned value,
    and a person decides.
    """
    match kept:
        case {"digest": str(digest), **more} if not more:
            return Sensitive(digest)
        case {"unknown": True, **more} if not more:
            return UNKNOWN
        case dict():
            return {name: value_of(item) for name, item in kept.items()}
        case list():
            return [value_of(item) for item in kept]
        case _:
            value: Value = kept
            return value


def _places(changes: Any, origin: Origin) -> tuple[Change, ...]:
    return tuple(
        Change(
            path=AttributePath(change["path"]),
            declared=None,
            recorded=value_of(change.get("recorded")),
            live=None,
            origin=origin,
        )
        for change in changes or ()
    )
