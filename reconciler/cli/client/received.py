"""From the daemon's answers back to values of the domain, so that both are shown alike."""

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
from reconciler.domain.values import UNKNOWN, Sensitive, Value
from reconciler.wire import models as wire


def read_finding(found: wire.Finding) -> Finding:
    """Return the finding object of the API as `scan` would have found it.

    Raises:
        PermanentError: it holds a word this version does not know.
    """
    try:
        return _finding(found)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise PermanentError(
            f"the daemon's answer about {found.address} is not understood ({error})",
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


def _finding(found: wire.Finding) -> Finding:
    source = found.source
    return Finding(
        address=ResourceAddress(found.address),
        type=found.type,
        kind=Kind(found.kind),
        severity=Severity[found.severity.upper()],
        origin=Origin(found.origin) if found.origin else None,
        requires_replace=found.requires_replace,
        fingerprint=Fingerprint(found.fingerprint),
        source=SourcePosition(source.file, source.line) if source else None,
        changes=tuple(_change(change) for change in found.changes),
        consequences=tuple(_change(change) for change in found.consequences),
        consequence_of=ResourceAddress(found.consequence_of) if found.consequence_of else None,
        parent=ResourceAddress(found.parent) if found.parent else None,
        reason=found.reason,
        severity_reason=found.severity_reason,
        added_as=tuple(map(ResourceAddress, found.added_as)),
    )


def _change(change: wire.Change) -> Change:
    declared, recorded = read_value(change.declared), read_value(change.recorded)
    if change.origin is None and recorded is None:
        # Another source, such as an agent, knows no state: it compared with what is declared.
        recorded = declared
    return Change(
        path=AttributePath(change.path),
        declared=declared,
        recorded=recorded,
        live=read_value(change.live),
        origin=Origin(change.origin or Origin.OUT_OF_BAND),
        sensitive=change.sensitive,
        forces_replacement=change.forces_replacement,
    )
