"""What a line of an `apply -json` log means: to a person who watches, and to the record.

No value is repeated: neither ids nor quoted words, since either may be a secret.
Source: Terraform's machine-readable UI, version 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iac_adapters.json_lines import object_in
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.terraform.diagnostics_text import Diagnostic
from reconciler.domain.model import ResourceAddress
from reconciler.ports import Progress, Step

NOT_STARTED: Final = b"the command could not be started"
_STEPS: Final = {"create": Step.CREATING, "update": Step.UPDATING, "delete": Step.DELETING}
_DOING: Final = {"create": "creating", "update": "updating", "delete": "deleting"}
_DONE: Final = {"create": "created", "update": "updated", "delete": "deleted"}
_COUNTED: Final = {"add": "created", "change": "changed", "remove": "destroyed",
                   "import": "imported"}  # fmt: skip
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'|`[^`]*`")
_SHOWN_CHARACTERS: Final = 300
_UNTOLD: Final = "failed; the summary of the run says why"
_LOCKED: Final = "Error acquiring the state lock"
_LOCK_FIELD: Final = re.compile(r"^\s*(ID|Operation|Who|Created):\s*(\S.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Touched:
    """One resource that an event is about, and what is done to it."""

    address: ResourceAddress
    action: str


def touched_by(event: Mapping[str, Any]) -> Touched | None:
    """Return which resource is created, updated or deleted here; None when none is."""
    about = event.get("hook") or event.get("change")
    if not isinstance(about, dict) or not isinstance(about.get("resource"), dict):
        return None
    address, action = about["resource"].get("addr"), about.get("action")
    if not isinstance(address, str) or not isinstance(action, str):
        return None
    return Touched(ResourceAddress(address), action)


def progress_of(line: bytes, *, redactor: Redactor | None = None) -> Progress | None:
    """Return what one line means to a person; None when it is of no interest.

    A provider's own words are repeated only where `redactor` knows the stack's secrets.
    """
    event = object_in(line)
    if event is None:
        known = line.startswith(NOT_STARTED)
        return Progress(line.decode(errors="replace").strip()) if known else None
    match event.get("type"):
        case (
            "planned_change"
            | "apply_start"
            | "apply_progress"
            | "apply_complete"
            | ("apply_errored")
        ):
            return _resource_progress(event)
        case "change_summary":
            summary = summary_of(event)
            return Progress(summary) if summary is not None else None
        case "diagnostic":
            return _told(event.get("diagnostic"), redactor)
        case _:
            return None


def summary_of(event: Mapping[str, Any]) -> str | None:
    """Return `1 created, 2 changed` when the event says that an apply has ended."""
    changes = event.get("changes")
    if not isinstance(changes, dict) or changes.get("operation") != "apply":
        return None
    counts = [f"{changes[key]} {word}" for key, word in _COUNTED.items() if changes.get(key)]
    return ", ".join(counts) or "nothing changed"


def lock_holder(diagnostics: Iterable[Diagnostic]) -> str | None:
    """Return who holds the state's lock, since when and for what; None if that was no reason."""
    for diagnostic in diagnostics:
        if _LOCKED in diagnostic.summary:
            fields = dict(_LOCK_FIELD.findall(diagnostic.detail))
            parts = [fields.get("Who", "somebody")]
            parts += [f"since {fields['Created']}"] if "Created" in fields else []
            parts += [f"for {fields['Operation']}"] if "Operation" in fields else []
            parts += [f"lock {fields['ID']}"] if "ID" in fields else []
            return ", ".join(parts)
    return None


def _resource_progress(event: Mapping[str, Any]) -> Progress | None:
    touched = touched_by(event)
    if touched is None or touched.action not in _STEPS | {"replace": None}:
        return None
    address, action = touched.address, touched.action
    doing = _STEPS.get(action, Step.PENDING)
    seconds = event.get("hook", {}).get("elapsed_seconds")
    match event["type"]:
        case "planned_change":
            return Progress(f"{address}: to {action}", address, Step.PENDING)
        case "apply_start":
            return Progress(f"{address}: {_DOING.get(action, action)}", address, doing)
        case "apply_progress":
            text = f"{address}: still {_DOING.get(action, action)} after {seconds} s"
            return Progress(text, address, doing)
        case "apply_complete":
            text = f"{address}: {_DONE.get(action, action)} after {seconds} s"
            return Progress(text, address, Step.DONE)
        case _:
            return Progress(f"{address}: failed after {seconds} s", address, Step.FAILED)


def _told(diagnostic: object, redactor: Redactor | None) -> Progress | None:
    """Repeat an error's headline. Warnings are about our targeting, or nobody's drift."""
    if not isinstance(diagnostic, dict) or diagnostic.get("severity") != "error":
        return None
    address = diagnostic.get("address")
    where = f"{address}: " if isinstance(address, str) else ""
    if redactor is None:
        return Progress(f"error: {where}{_UNTOLD}")
    words = _QUOTED.sub("...", str(diagnostic.get("summary", "")).partition("\n")[0])
    return Progress(f"error: {where}{redactor.without(words)[:_SHOWN_CHARACTERS]}")
