"""The engine's event stream, as `--json` prints it: what was said, and what was done.

Values in it are masked by the engine, but for those that a message quotes; the program's
debug messages may quote any, and are left out altogether.

Source: sdk/go/common/apitype/events.go of pulumi/pulumi 3.259.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iac_adapters.json_lines import object_in

_STDERR: Final = "info#err"
_QUIET: Final = ("debug", _STDERR)


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a program, a provider or the engine."""

    severity: str
    text: str
    urn: str | None


@dataclass(frozen=True, slots=True)
class Done:
    """One step, begun (`pre`), done (`outputs`) or failed (`failed`)."""

    stage: str
    op: str
    urn: str
    type: str
    metadata: Mapping[str, Any]


def events_of(output: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield each line's event; lines that are none are passed over."""
    for line in output.splitlines():
        if (event := object_in(line)) is not None:
            yield event


def said_in(event: Mapping[str, Any]) -> Said | None:
    """Return the message that an event is; None for debug messages and other events."""
    content = event.get("diagnosticEvent")
    if not isinstance(content, dict) or content.get("severity") in _QUIET:
        return None
    text = str(content.get("message") or "").strip()
    urn = content.get("urn")
    return Said(str(content.get("severity")), text, urn if isinstance(urn, str) else None)


_STAGES: Final = {
    "resourcePreEvent": "pre",
    "resOutputsEvent": "outputs",
    "resOpFailedEvent": "failed",
}


def done_in(event: Mapping[str, Any]) -> Done | None:
    """Return the step that an event is about; None for other events."""
    for name, stage in _STAGES.items():
        content = event.get(name)
        if isinstance(content, dict) and isinstance(metadata := content.get("metadata"), dict):
            op, urn = metadata.get("op"), metadata.get("urn")
            if isinstance(op, str) and isinstance(urn, str):
                return Done(stage, op, urn, str(metadata.get("type")), metadata)
    return None


def errors_in(events: Iterable[Mapping[str, Any]]) -> list[Said]:
    """Return the error messages, each once, in order."""
    said = (sentence for event in events if (sentence := said_in(event)) is not None)
    return list(
        dict.fromkeys(
            sentence for sentence in said if sentence.severity == "error" and sentence.text
        )
    )


def stderr_in(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what the program wrote to stderr, in order; YAML programs are refused there."""
    found = []
    for event in events:
        content = event.get("diagnosticEvent")
        if isinstance(content, dict) and content.get("severity") == _STDERR:
            text = str(content.get("message") or "").rstrip()
            found += [text] if text.strip() else []
    return found
