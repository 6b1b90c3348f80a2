"""From the daemon's JSON back to values of the domain, so that both are shown alike."""

from __future__ import annotations

from typing import Any

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import (
    Change,
    Finding,
    Fingerprint,
    Kind,
    Origin,
    ResourceAddress,
    Severity,
    SourcePosition,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import UNKNOWN, Json, Sensitive, Value


def read_finding(body: Json) -> Finding:
    """Return the finding object of the API as `scan` would have found it.

    Raises:
        PermanentError: it holds a word this version does not know.
    """
    try:
        return _finding(body)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise PermanentError(
            f"the daemon's answer about {body.get('address')} is not understood ({error})",
            remedy="use the `trueup` of the daemon's version",
        ) from error


def read_value(body: Any) -> Value:
    """Return a value of a change or a plan; what is masked stays masked."""
    match body:
        case {"digest": digest} if len(body) == 1:
            return Sensitive(str(digest))
        case {"unknown": True} if len(body) == 1:
            return UNKNOWN
        case list():
            return [read_value(item) for item in body]
        case dict():
            return {name: read_value(item) for name, item in body.items()}
        case None | bool() | int() | float() | str():
            return body
        case _:
            raise TypeError(type(body).__name__)


def _finding(body: Json) -> Finding:
    source = body.get("source")
    origin = body.get("origin")
    consequence_of = body.get("consequence_of")
    parent = body.get("parent")
    return Finding(
        address=ResourceAddress(body["address"]),
        type=body["type"],
        kind=Kind(body["kind"]),
        severity=Severity[body["severity"].upper()],
        origin=Origin(origin) if origin else None,
        requires_replace=bool(body.get("requires_replace")),
        fingerprint=Fingerprint(body.get("fingerprint") or ""),
        source=SourcePosition(source["file"], source["line"]) if source else None,
        changes=tuple(_change(change) for change in body.get("changes") or ()),
        consequences=tuple(_change(change) for change in body.get("consequences") or ()),
        consequence_of=ResourceAddress(consequence_of) if consequence_of else None,
        parent=ResourceAddress(parent) if parent else None,
        reason=body.get("reason"),
        severity_reason=body.get("severity_reason"),
        added_as=tuple(map(ResourceAddress, body.get("added_as") or ())),
    )


def _change(body: Json) -> Change:
    return Change(
        path=AttributePath(body["path"]),
        declared=read_value(body.get("declared")),
        recorded=read_value(body.get("recorded")),
        live=read_value(body.get("live")),
        origin=Origin(body.get("origin") or Origin.OUT_OF_BAND),
        sensitive=bool(body.get("sensitive")),
        forces_replacement=bool(body.get("forces_replacement")),
    )
