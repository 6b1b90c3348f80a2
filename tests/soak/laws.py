"""The laws of correcting, I1 to I10, asked of a daemon and its stack after a kill."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.daemon import Daemon, RefusedError
from tests.receivers.http import SignedReceiver
from tests.soak.stacks import ASKED, Trial

ENDED: Final = frozenset(
    {"converged", "rejected", "superseded", "cancelled", "suppressed", "expired", "failed"}
)
_SECRET: Final = re.compile(rb"CANARY-[-\w]+|correct horse")
_PAGE: Final = 200


@dataclass(slots=True)
class Laws:
    """What was acknowledged and seen so far; I9 and I10 are the trial's, since it waits for them.

    `templates` and `approved` are what the daemon said yes to: ids, and digests by remediation.
    """

    trial: Trial
    receiver: SignedReceiver
    templates: list[str] = field(default_factory=list)
    approved: dict[str, str] = field(default_factory=dict)
    _ended: dict[str, str] = field(default_factory=dict)

    def broken(self, daemon: Daemon) -> Iterator[str]:
        """Yield what does not hold now, with the number of its law."""
        remediations = list(_all(daemon, "/remediations"))
        runs = list(_all(daemon, "/runs"))
        if self.trial.overlaps:
            yield f"I1: {self.trial.overlaps} times the tool wrote while another one did"
        yield from self._intents(runs, remediations)
        yield from self._acknowledged(daemon)
        yield from self._terminal(remediations)
        audit = daemon.ask("/audit/verify")
        if audit["broken"] is not None:
            yield f"I6: {audit['why']}"
        yield from (f"I8: {found}" for found in self._secrets())

    def alerts(self, daemon: Daemon) -> list[str]:
        """Return the alerts that nobody was told of, or whose end nobody was told of."""
        newest = {one["subject"]: one["type"] for one in list(self.receiver.events.values())}
        return [
            f"I7: alert {one['id']} is {one['state']}, and {newest.get(one['id'])} came"
            for one in _all(daemon, "/alerts")
            if not newest.get(one["id"], "").endswith(one["state"])
        ]

    def _intents(
        self, runs: list[dict[str, Any]], remediations: list[dict[str, Any]]
    ) -> Iterator[str]:
        if len(self.trial.begun) > len(runs):
            yield f"I2: {len(self.trial.begun)} applies began, and {len(runs)} were intended"
        by_id = {one["id"]: one for one in remediations}
        for run in runs:
            known = by_id[run["remediation_id"]]
            digests = {one["plan_digest"] for one in known["approvals"]}
            is_asked = any(ASKED in address for address in known["addresses"])
            if is_asked and run["plan_digest"] not in digests:
                yield f"I4: run {run['id']} applied a plan that nobody approved"
            if run["state"] == "started" and known["state"] in ENDED:
                yield f"I2: run {run['id']} has no end"

    def _acknowledged(self, daemon: Daemon) -> Iterator[str]:
        for template_id in self.templates:
            try:
                daemon.ask(f"/templates/{template_id}")
            except RefusedError:
                yield f"I3: template {template_id} was acknowledged and is lost"
        for remediation_id, digest in self.approved.items():
            audited = daemon.ask(f"/audit?subject={remediation_id}&limit=200")["items"]
            if not any(one["details"].get("plan_digest") == digest for one in audited):
                yield f"I3: the approval of {remediation_id} is lost"

    def _terminal(self, remediations: list[dict[str, Any]]) -> Iterator[str]:
        now = {one["id"]: one["state"] for one in remediations}
        for remediation_id, state in self._ended.items():
            if now.get(remediation_id) != state:
                yield f"I5: {remediation_id} was {state} and is {now.get(remediation_id)}"
        self._ended = {one: state for one, state in now.items() if state in ENDED}

    def _secrets(self) -> Iterator[str]:
        for place in (self.trial.folder / "data", self.trial.folder / "state"):
            for file in _files(place):
                yield from (f"{one!r} is in {file}" for one in _SECRET.findall(file.read_bytes()))


def _files(place: Path) -> Iterator[Path]:
    yield from (file for file in sorted(place.rglob("*")) if file.is_file())


def _all(daemon: Daemon, path: str) -> Iterator[dict[str, Any]]:
    cursor = ""
    while True:
        page = daemon.ask(f"{path}?limit={_PAGE}{cursor}")
        yield from page["items"]
        if not page["next"]:
            return
        cursor = f"&cursor={page['next']}"
