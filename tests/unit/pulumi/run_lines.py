"""Lines of an update's events: as the CLI prints them, and as the job keeps them."""

from __future__ import annotations

import json
from typing import Any, Final

THING: Final = "shop:index:Thing"
_STAGES: Final = {
    "pre": "resourcePreEvent",
    "outputs": "resOutputsEvent",
    "failed": "resOpFailedEvent",
}


def urn(name: str, type_name: str = THING) -> str:
    return f"urn:pulumi:dev::shop::{type_name}::{name}"


def step(stage: str, op: str, name: str = "web", type_name: str = THING, **more: Any) -> bytes:
    """Return the line that tells of a step: `pre`, `outputs` or `failed`."""
    metadata = {"op": op, "urn": urn(name, type_name), "type": type_name, **more}
    return line({_STAGES[stage]: {"metadata": metadata}})


def said(text: str, severity: str = "error", about: str | None = None) -> bytes:
    where = {} if about is None else {"urn": urn(about)}
    return line({"diagnosticEvent": {"severity": severity, "message": text, **where}})


def summary(result: str = "succeeded", **changes: int) -> bytes:
    told = {"resourceChanges": changes, "result": result, "durationSeconds": 1}
    return line({"summaryEvent": told})


def line(event: dict[str, Any]) -> bytes:
    return json.dumps(event).encode() + b"\n"
