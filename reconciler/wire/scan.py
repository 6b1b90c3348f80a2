"""What crosses a process boundary: reports as JSON-ready objects, and back to bytes.

Light on purpose: the terminal UI and the host agent import it. Keys named in
`docs/scan.md` keep their meaning; more may join them (`format_version` 1.x).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import Change, Finding, ProviderDoubt, SourcePosition, StackReport
from reconciler.domain.values import Sensitive, Unknown, Value
from reconciler.wire.kept import JsonReady, plain
from reconciler.wire.times import moment, timestamp

__all__ = [
    "change_object",
    "doubt_object",
    "finding_object",
    "json_bytes",
    "moment",
    "scan_object",
    "stack_object",
    "timestamp",
    "value_object",
]
FORMAT_VERSION: Final = "1.0"
_EXACT_INTEGERS: Final = 2**53
_MOST_DIGITS: Final = 16
_FEWEST_DIGITS: Final = -30


def scan_object(
    reports: Iterable[StackReport], *, errors: Sequence[tuple[str | None, ReconcilerError]] = ()
) -> dict[str, Any]:
    """Return what `scan --json` prints: the stacks, and those that gave no report.

    An error that came before any stack could be looked at has no stack.
    """
    return {
        "format_version": FORMAT_VERSION,
        "stacks": [stack_object(report) for report in reports],
        "errors": [
            {"stack": stack, "message": str(error), "remedy": error.remedy}
            for stack, error in errors
        ],
    }


def stack_object(report: StackReport) -> dict[str, Any]:
    """Return one scan of one stack."""
    counts = report.counts
    return {
        "stack": report.stack,
        "tool": report.tool,
        "directory": report.directory,
        "obtained_by": report.obtained_by.value,
        "observed_at": timestamp(report.observed_at),
        "counts": {
            "resources": counts.resources,
            "in_sync": counts.in_sync,
            "changed": counts.changed,
            "missing": counts.missing,
            "unmanaged": counts.unmanaged,
            "unreadable": counts.unreadable,
            "noise": counts.noise,
            "not_applicable": counts.not_applicable,
            "added": counts.added,
        },
        "findings": [finding_object(finding) for finding in report.findings],
        "noise": [
            {
                "address": address,
                "path": item.path,
                "reason": item.reason,
                "recorded": value_object(item.recorded),
                "live": value_object(item.live),
            }
            for address, item in report.noise
        ],
        "unreadable": [
            {"address": address, "reason": reason} for address, reason in report.unreadable
        ],
        "children": {
            "unseen": [
                {
                    "address": address,
                    "parent": unseen.parent,
                    "type": unseen.type,
                    "asked": unseen.asked,
                    "reason": unseen.reason,
                }
                for address, unseen in report.unseen
            ],
            "blind_spots": [
                {"type": spot.parent_type, "children": list(spot.children)}
                for spot in report.blind_spots
            ],
        },
        "warnings": list(report.warnings),
        "provider_doubts": [doubt_object(doubt) for doubt in report.provider_doubts],
        "timing_ms": dict(report.timing_ms),
    }


def finding_object(finding: Finding) -> dict[str, Any]:
    """Return one deviating resource."""
    return {
        "address": finding.address,
        "type": finding.type,
        "kind": finding.kind.value,
        "parent": finding.parent,
        "added_as": list(finding.added_as),
        "severity": finding.severity.word,
        "severity_reason": finding.severity_reason,
        "origin": finding.origin.value if finding.origin else None,
        "requires_replace": finding.requires_replace,
        "fingerprint": finding.fingerprint,
        "source": _source_object(finding.source),
        "changes": [change_object(change) for change in finding.changes],
        "consequences": [change_object(change) for change in finding.consequences],
        "consequence_of": finding.consequence_of,
        "reason": finding.reason,
        "provider": finding.provider,
        "account": finding.account,
        "region": finding.region,
    }


def doubt_object(doubt: ProviderDoubt) -> dict[str, Any]:
    """Return why a provider's objects are not corrected without a person."""
    return {"provider": doubt.provider, "reason": doubt.reason}


def change_object(change: Change) -> dict[str, Any]:
    """Return one attribute's three values; a sensitive one shows digests only."""
    return {
        "path": change.path,
        "declared": _shown(change.declared, change),
        "recorded": _shown(change.recorded, change),
        "live": _shown(change.live, change),
        "origin": change.origin.value,
        "sensitive": change.sensitive,
        "forces_replacement": change.forces_replacement,
    }


def value_object(value: Value) -> Any:
    """Return `value` as JSON holds it.

    A secret is `{"digest": ...}`, a value only an apply can tell `{"unknown": true}`.
    A number JSON readers would round becomes a string.
    """
    match value:
        case Sensitive(digest=digest):
            return {"digest": digest}
        case Unknown():
            return {"unknown": True}
        case bool() | None | str():
            return value
        case int():
            return value if -_EXACT_INTEGERS <= value <= _EXACT_INTEGERS else str(value)
        case Decimal():
            return _decimal_object(value)
        case float():
            return value
        case list():
            return [value_object(item) for item in value]
        case dict():
            return {name: value_object(item) for name, item in value.items()}


def json_bytes(body: Mapping[str, Any] | JsonReady, *, indented: bool = False) -> bytes:
    """Return `body` as UTF-8 JSON, one line unless `indented`."""
    options = orjson.OPT_PASSTHROUGH_DATACLASS | (orjson.OPT_INDENT_2 if indented else 0)
    return orjson.dumps(body, plain, options)


def _shown(value: Value, change: Change) -> Any:
    # A change marked sensitive must not show a clear value even if an adapter slips.
    if change.sensitive and not _is_redacted(value):
        return {"digest": None}
    return value_object(value)


def _is_redacted(value: Value) -> bool:
    return value is None or isinstance(value, Sensitive | Unknown)


def _decimal_object(value: Decimal) -> Any:
    if not value.is_finite():
        return str(value)
    # `10**9999999` as an integer would take all memory; its text takes none.
    if _FEWEST_DIGITS < value.adjusted() < _MOST_DIGITS and value == value.to_integral_value():
        return value_object(int(value))
    as_float = float(value)
    return as_float if Decimal(repr(as_float)) == value else str(value)


def _source_object(source: SourcePosition | None) -> dict[str, Any] | None:
    return {"file": source.file, "line": source.line} if source else None
