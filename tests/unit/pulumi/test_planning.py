"""What is refused before any plan is made, and what a plan leaves for its job."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.provider_files import ProviderFiles
from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.checkpoint import Checkpoint, PendingOperation, StateResource
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.loaded import LoadedResource, Recorded
from iac_adapters.pulumi.locks import Holder, Lock
from iac_adapters.pulumi.planning import JOB_FILE, PLAN_FILE, PlanOrder, preview
from iac_adapters.pulumi.project import Project
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.provider_config import Surroundings
from iac_adapters.pulumi.values import SECRET, SIGNATURE
from iac_adapters.redaction.redactor import Redactor
from reconciler.domain.errors import PermanentError, ReconcilerError, RetryableError
from reconciler.domain.model import RecordedResource, ResourceAddress, Status
from tests.unit.pulumi.raw import secret
from tests.unit.pulumi.run_lines import THING, said, step, urn

WEB: Final = ResourceAddress(urn("web"))
OLD: Final = ResourceAddress(f"{urn('web')} (to be deleted: web-0)")
STATE: Final = StateResource(urn("web"), THING, True, "web-1", {}, {}, "", "", {})  # noqa: FBT003 - custom
PLANNED: Final = {
    "goal": {"inputDiff": {"updates": {"a": {SIGNATURE: SECRET, "plaintext": '"CANARY-wanted"'}}}},
    "steps": ["update"],
    "state": {},
}


class Machine:
    """An order in a folder, and a program in place of the CLI that notes what it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "run"
        self.folder.mkdir(mode=0o700)
        self.words, self.variables = folder / "words", folder / "variables"
        self._program = folder / "pulumi"
        self.answer(json.dumps({"resourcePlans": {urn("web"): PLANNED}}))
        cli = Cli(
            self._program,
            folder,
            "dev",
            {"PATH": os.defpath, "PULUMI_OPTION_TARGET": "x"},
            Redactor(frozenset({"CANARY-recorded"})),
        )
        project = Project(folder, folder / "Pulumi.yaml", "shop", "python")
        files = ProviderFiles({}, folder)
        surroundings = Surroundings(project, {}, {}, b"k" * 32, files)
        place = Place(f"file://{folder}", "shop", "dev", folder)
        self.context = Context(project, place, cli, Checkpoint(), b"", "", surroundings)
        recorded_as = RecordedResource(WEB, THING, Status.LIVE)
        recorded = Recorded("web-1", {"b": secret("CANARY-recorded")}, {})
        resource = LoadedResource(recorded_as, STATE, recorded, {})
        self.resources = {WEB: resource, OLD: resource}

    def answer(self, plan: str, *, code: int = 0, said: bytes = b"") -> None:
        """Make the program write `plan`, say what it is to say, and end with `code`."""
        summary = b"" if code else b'{"summaryEvent":{"resourceChanges":{}}}\n'
        (self._program.parent / "said").write_bytes(said + summary)
        self._program.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" > {self.words}\nenv > {self.variables}\n"
            f"cat > {self.folder / PLAN_FILE} <<'END'\n{plan}\nEND\n"
            f"cat {self._program.parent / 'said'}\nexit {code}\n"
        )
        self._program.chmod(0o755)

    async def plan(
        self, *addresses: ResourceAddress, live: Mapping[str, ReadAnswer] | None = None
    ) -> dict[str, Any]:
        """Plan, and return the job that was left."""
        order = PlanOrder(self.context, self.resources, self.folder)
        await preview(order, addresses, live or {})
        job: dict[str, Any] = json.loads((self.folder / JOB_FILE).read_text())
        return job

    async def refusal(self, *addresses: ResourceAddress) -> ReconcilerError:
        with pytest.raises(ReconcilerError) as refused:
            await self.plan(*addresses)
        return refused.value


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def lock(holder: Holder) -> Lock:
    return Lock(Path(f"/locks/{holder}.json"), 7, "ada", "here", "2026-01-01T00:00:00Z", holder)


async def test_the_job_is_an_update_of_exactly_what_was_planned(machine: Machine) -> None:
    job = await machine.plan(WEB)
    told = machine.words.read_text().split("\n")
    assert [word for word in told if word.startswith("--target")] == [f"--target={WEB}"]
    assert {"--refresh", "--run-program", "--show-secrets", "--non-interactive"} <= set(told)
    assert "PULUMI_OPTION_TARGET" not in machine.variables.read_text()
    _, verb, *words = job["command"]
    assert verb == "up"
    assert f"--plan={machine.folder / PLAN_FILE}" in words
    assert [word for word in words if word.startswith("--target")] == [f"--target={WEB}"]
    assert {"--yes", "--skip-preview", "--refresh", "--run-program", "--json"} <= set(words)
    assert "--show-secrets" not in words


async def test_an_object_to_be_deleted_bears_the_name_of_the_new_one(machine: Machine) -> None:
    job = await machine.plan(OLD, WEB)
    assert [word for word in job["command"] if "--target" in word] == [f"--target={WEB}"]


async def test_what_must_not_be_said_is_what_is_recorded_will_be_and_is_there(
    machine: Machine,
) -> None:
    live = {urn("web"): ReadAnswer("web-1", {"b": "CANARY-live"}, None)}
    job = await machine.plan(WEB, live=live)
    assert set(job["secrets"]) == {"CANARY-recorded", "CANARY-wanted", "CANARY-live"}


async def test_the_job_is_readable_by_nobody_else(machine: Machine) -> None:
    await machine.plan(WEB)
    assert stat.S_IMODE((machine.folder / JOB_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((machine.folder / PLAN_FILE).stat().st_mode) == 0o600


async def test_only_locks_of_the_dead_are_handed_on(machine: Machine) -> None:
    machine.context = replace(machine.context, locks=(lock(Holder.DEAD),))
    job = await machine.plan(WEB)
    told = {"file": "/locks/dead.json", "pid": 7, "timestamp": "2026-01-01T00:00:00Z"}
    assert job["stale_locks"] == [told]


async def test_a_lock_of_another_machine_is_worth_waiting_for(machine: Machine) -> None:
    machine.context = replace(machine.context, locks=(lock(Holder.ELSEWHERE),))
    refused = await machine.refusal(WEB)
    assert isinstance(refused, RetryableError)
    assert "ada@here" in str(refused)
    assert "pulumi cancel" in str(refused.remedy)
    assert not machine.words.exists()


@pytest.mark.parametrize(
    ("kind", "refused"),
    [("creating", True), ("importing", True), ("updating", False), ("deleting", False)],
)
async def test_only_a_creation_without_an_end_stops_every_plan(
    machine: Machine, kind: str, *, refused: bool
) -> None:
    pending = (PendingOperation(replace(STATE, urn=urn("other")), kind),)
    machine.context = replace(machine.context, checkpoint=Checkpoint(pending=pending))
    if not refused:
        assert await machine.plan(WEB)
        return
    error = await machine.refusal(WEB)
    assert isinstance(error, PermanentError)
    assert "creating other" in str(error)
    assert "--clear-pending-creates" in str(error.remedy)
    assert not machine.words.exists()


@pytest.mark.parametrize(
    ("addresses", "told"),
    [((), "without a target"), ((ResourceAddress(urn("none")),), "neither program nor record")],
)
async def test_what_cannot_be_meant_is_refused(
    machine: Machine, addresses: tuple[ResourceAddress, ...], told: str
) -> None:
    error = await machine.refusal(*addresses)
    assert isinstance(error, PermanentError)
    assert told in str(error)
    assert not machine.words.exists()


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("boom CANARY-recorded", PermanentError, "boom ***"),
        ("the stack is currently locked by 1 lock(s)", RetryableError, "currently locked"),
        ("dial tcp: connection refused", RetryableError, "connection refused"),
    ],
)
async def test_a_preview_that_fails_is_told_in_its_own_words(
    machine: Machine, text: str, kind: type[ReconcilerError], told: str
) -> None:
    machine.answer("{}", code=1, said=step("pre", "same") + said(text))
    error = await machine.refusal(WEB)
    assert isinstance(error, kind)
    assert told in str(error)
    assert error.remedy
    assert not (machine.folder / JOB_FILE).exists()


@pytest.mark.parametrize("plan", ["", "{", "[]", "{}", '{"resourcePlans": 1}'])
async def test_a_plan_that_is_none_is_refused(machine: Machine, plan: str) -> None:
    machine.answer(plan)
    error = await machine.refusal(WEB)
    assert isinstance(error, PermanentError)
    assert "cannot read" in str(error)
