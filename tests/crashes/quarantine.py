"""`python -m tests.crashes.quarantine FOLDER [POINT]`: one quarantine by a script, ended at points.

Drift is found, a script isolates it after an approval, and a person has it released. As in
`tests.crashes`, one JSON line for each point that is passed: its name, whether the process was
killed there, and what the next life found wrong, which must be nothing.
"""

from __future__ import annotations

import hashlib
import json
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from reconciler.dispatch.script_files import ScriptFiles
from reconciler.domain.errors import ConflictError
from reconciler.domain.policy import ActionType, Driver, Policy, PolicyId
from reconciler.domain.quarantines import Quarantine, QuarantineState
from reconciler.domain.records import Remediation, RemediationId
from reconciler.domain.remediation_states import OPEN, RemediationState
from reconciler.domain.scripts import ScriptRule
from reconciler.engine.decisions import approve
from reconciler.engine.quarantine.releasing import release
from reconciler.engine.remediate import advance
from reconciler.engine.scheduled_scan import scan_and_decide
from reconciler.engine.service import Service
from reconciler.engine.sweep import sweep
from reconciler.stores import Transaction
from tests.crashes.__main__ import DRIFTED, NOTES, SHOP, Life, main, registered
from tests.crashes.points import PointedStore

ANN: Final = "ann"
SINCE: Final = "before commit of remediation.awaiting_approval"
"""What comes before is as in any correction."""
_CUT_OFF: Final = """#!{python} -I
import json, os, sys, time
given = json.load(sys.stdin)
with open({notes!r}, "a") as notes:
    notes.write(given["action"] + " ")
time.sleep(0.1)  # long enough for a daemon that dies right after it was started
cloud = json.load(open({cloud!r}))
for finding in given["findings"]:
    there = cloud["things"][finding["address"].removeprefix("thing.")]
    there.pop("closed", None)
    if given["action"] == "isolate":
        there["closed"] = True
with open({cloud!r} + ".partial", "w") as file:
    json.dump(cloud, file)
os.replace({cloud!r} + ".partial", {cloud!r})
"""
_POLICY: Final = Policy(
    PolicyId("auto"), "cut off", ActionType.QUARANTINE, driver=Driver.SCRIPT, script="cut-off"
)
_MOST_ROUNDS: Final = 60


class QuarantinedLife(Life):
    """One daemon's life, with a person who approves, and asks for the release."""

    def registration(self) -> Any:
        stack = registered(self.folder)

        def work(tx: Transaction) -> None:
            stack(tx)
            tx.policies.put(_POLICY)

        return work

    def amiss(self) -> list[str]:
        """Return what is wrong with the cloud, and with how often the script was run."""
        wrong = []
        things = json.loads((self.folder / "cloud.json").read_text())["things"]
        if things != DRIFTED:
            wrong.append(f"the cloud has {things}")
        notes = (self.folder / NOTES).read_text().split()
        if notes != ["isolate", "release"]:
            wrong.append(f"the script was run otherwise than once for each: {notes}")
        return wrong

    def _service(self, store: PointedStore) -> Service:
        return replace(super()._service(store), scripts=ScriptFiles({"cut-off": self._rule()}))

    def _rule(self) -> ScriptRule:
        """Write the script where it is not there yet, and return what allows it."""
        folder = self.folder / "scripts"
        folder.mkdir(mode=0o700, exist_ok=True)
        text = _CUT_OFF.format(
            python=sys.executable,
            notes=str(self.folder / NOTES),
            cloud=str(self.folder / "cloud.json"),
        )
        file = folder / "cut-off"
        file.write_text(text)
        file.chmod(0o700)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return ScriptRule("cut-off", str(file), digest, network=True, isolated=False)

    async def _until_ended(self, service: Service) -> Remediation | None:
        for _ in range(_MOST_ROUNDS):
            await self._advance(service)
            await _person(service)
            await self._advance(service)
            kept = await _quarantine(service)
            if kept is not None and kept.state is QuarantineState.RELEASED:
                (isolating,) = await service.store.read(
                    lambda view: [
                        one
                        for one in view.remediations.in_states({RemediationState.CONVERGED})
                        if one.action_type is ActionType.QUARANTINE
                    ]
                )
                return isolating
            self.clock.move(seconds=60)
            await scan_and_decide(service, SHOP)
            await sweep(service)
        return None

    async def _advance(self, service: Service) -> None:
        while self.due:
            name, _ = self.due.popitem()
            await advance(service, RemediationId(name))


async def _quarantine(service: Service) -> Quarantine | None:
    found = await service.store.read(lambda view: view.quarantines.page().items)
    return found[0] if found else None


async def _person(service: Service) -> None:
    """Approve what waits for it, and have released what is isolated."""
    waiting = await service.store.read(lambda view: view.remediations.in_states(OPEN))
    with suppress(ConflictError):
        for known in waiting:
            if known.state is RemediationState.AWAITING_APPROVAL:
                await approve(service, known.id, plan_digest=known.plan_digest or "", actor=ANN)
        kept = await _quarantine(service)
        if kept is not None and kept.state is QuarantineState.ACTIVE and kept.release is None:
            await release(service, kept.id, actor=ANN)


if __name__ == "__main__":
    main(*sys.argv[1:], kind=QuarantinedLife, since=SINCE)
