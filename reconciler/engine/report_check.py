"""What another source reports, checked before anything of it is kept: pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from reconciler.domain.errors import InvalidError
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.model import Kind, ResourceAddress, Severity, StackName
from reconciler.domain.records import Json, TemplateId
from reconciler.domain.secret_names import is_telling
from reconciler.domain.sent_values import is_digest, without_named_secrets
from reconciler.wire.scan import json_bytes

MOST_DETAILS_BYTES: Final = 1 << 20
DEEPEST_DETAILS: Final = 32
LONGEST_RESOURCE_ID: Final = 2000
_LONGEST_HASH: Final = 200
_LONGEST_PATH: Final = 1000
_MOST_CHANGES: Final = 1000
_AHEAD: Final = timedelta(minutes=5)
_VALUES: Final = ("declared", "recorded", "live")
_SAID: Final = ("actor", "account", "region")
_LONGEST_SAID: Final = 200


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """What another source saw of one resource; `resource_id` is `STACK/ADDRESS`."""

    resource_id: str
    drift_details: Json = field(default_factory=dict)
    healed: bool = False
    """The drift that this source reported before is gone."""
    drift_hash: str | None = None
    template_id: TemplateId | None = None
    timestamp: datetime | None = None
    type: str = ""
    kind: Kind = Kind.CHANGED
    severity: Severity = Severity.MEDIUM
    host: str = ""
    """The host that it is about, by the name of its agent; empty where it is about none."""
    host_groups: tuple[str, ...] = ()
    """The groups of the host that it is about; none where it is about no host."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A draft that was checked, its marked secrets replaced by digests."""

    stack: StackName
    address: ResourceAddress
    details: Json
    hash: str
    at: datetime


def checked(draft: ReportDraft, *, now: datetime, key: bytes) -> Sighting:
    """Return what the draft says; values that it marks as sensitive became keyed digests.

    Raises:
        InvalidError: it names no resource, lies in the future, or is too large.
    """
    stack, slash, address = draft.resource_id.partition("/")
    if not slash or not stack or not address or len(draft.resource_id) > LONGEST_RESOURCE_ID:
        raise InvalidError("resource_id is STACK/ADDRESS", remedy="such as web/aws_vpc.main")
    if draft.kind is Kind.UNREADABLE:
        raise InvalidError(
            "an unreadable resource cannot be reported as drift",
            remedy="report it when it can be read",
        )
    if len(draft.drift_hash or "") > _LONGEST_HASH:
        raise InvalidError(f"drift_hash has at most {_LONGEST_HASH} characters")
    at = draft.timestamp or now
    if at.tzinfo is None or at > now + _AHEAD:
        raise InvalidError("timestamp has a time zone and does not lie in the future")
    if any(depth > DEEPEST_DETAILS for depth in _depths(draft.drift_details)):
        raise InvalidError(f"drift_details is nested deeper than {DEEPEST_DETAILS}")
    details = _redacted(draft.drift_details, key)
    body = _bytes(details)
    return Sighting(
        stack=StackName(stack),
        address=ResourceAddress(address),
        details=details,
        hash=draft.drift_hash or hashlib.sha256(body).hexdigest(),
        at=min(at, now),
    )


def _bytes(details: Json) -> bytes:
    try:
        body = json_bytes(details)
    except TypeError as error:
        raise InvalidError("drift_details is not a JSON object") from error
    if len(body) > MOST_DETAILS_BYTES:
        raise InvalidError(f"drift_details has more than {MOST_DETAILS_BYTES} bytes")
    return body


def _depths(value: Any) -> Iterator[int]:
    """Yield how deep each thing in `value` lies, without recursion."""
    waiting = [(value, 1)]
    while waiting:
        found, depth = waiting.pop()
        yield depth
        if depth > DEEPEST_DETAILS:
            return
        inner = (
            found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
        )
        waiting.extend((item, depth + 1) for item in inner)


def _redacted(details: Json, key: bytes) -> Json:
    """Return `details` with digests for what is marked sensitive or has a telling name."""
    named: Json = without_named_secrets(dict(details), key=key)
    changes = named.get("changes")
    if not isinstance(changes, list):
        return named
    return {**named, "changes": [_redacted_change(change, key) for change in changes]}


def _redacted_change(change: Any, key: bytes) -> Any:
    if not isinstance(change, dict):
        return change
    path = change.get("path")
    tells = isinstance(path, str) and is_telling(re.sub(r"(\[[^\]]*\])+$", "", path))
    if not tells and not change.get("sensitive"):
        return change
    hidden = {
        name: {"digest": value_digest(change[name], key=key)}
        for name in _VALUES
        if change.get(name) is not None and not is_digest(change[name])
    }
    return {**change, **hidden, "sensitive": True}


def finding_details(draft: ReportDraft, seen: Sighting) -> Json:
    """Return the finding object of `scan --json`, as far as the report goes."""
    return {
        "address": seen.address,
        "type": draft.type,
        "kind": draft.kind.value,
        "severity": draft.severity.word,
        "severity_reason": _reason(seen.details),
        "origin": None,
        "requires_replace": False,
        "fingerprint": seen.hash,
        "source": None,
        "changes": list(_changes(seen.details)),
        "consequences": [],
        "consequence_of": None,
        "reason": "reported by another source",
        **({"host": draft.host} if draft.host else {}),
        **({"host_groups": list(draft.host_groups)} if draft.host_groups else {}),
        **dict(_said(seen.details)),
    }


def _said(details: Json) -> Iterator[tuple[str, str]]:
    """Yield who caused it and where it is, as far as the report says so."""
    for name in _SAID:
        given = details.get(name)
        if isinstance(given, str) and given:
            yield name, given[:_LONGEST_SAID]


def _reason(details: Json) -> str:
    given = details.get("severity_reason")
    return given if isinstance(given, str) and given else "the source of the report says so"


def _changes(details: Json) -> Iterator[dict[str, Any]]:
    changes = details.get("changes")
    for change in changes[:_MOST_CHANGES] if isinstance(changes, list) else ():
        path = change.get("path") if isinstance(change, dict) else None
        if isinstance(path, str) and path and len(path) <= _LONGEST_PATH:
            yield {
                "path": path,
                **{name: change.get(name) for name in _VALUES},
                "origin": None,
                "sensitive": bool(change.get("sensitive")),
                "forces_replacement": False,
            }
