"""The engine inside another program: what docs/embedding.md shows, run as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from pulumi import automation

from iac_adapters.pulumi.programs import tool_environment
from reconciler import Reconciler
from reconciler.domain.errors import ConflictError, NotFoundError, RetryableError
from reconciler.domain.records import Hold
from reconciler.ports import Done
from reconciler.storage.sqlite import open_store
from tests.fakes import FakeClock
from tests.worlds.pulumi.tools import PulumiTools

PAGE: Final = Path(__file__).parents[2] / "docs" / "embedding.md"
PROGRAM: Final = """
import json
import os
import time
from pathlib import Path

from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider
from pulumi.dynamic import UpdateResult


class Keeper(ResourceProvider):
    def create(self, props):
        return CreateResult("it", self.keep(props))

    def read(self, id_, props):
        file = Path(props["file"])
        if not file.exists():
            return ReadResult("", {})
        return ReadResult(id_, {"file": props["file"], "value": json.loads(file.read_text())})

    def diff(self, id_, olds, news):
        return DiffResult(changes=olds["value"] != news["value"])

    def update(self, id_, olds, news):
        return UpdateResult(self.keep(news))

    def keep(self, props):
        while Path(props["file"]).with_name("wait").exists():
            time.sleep(0.05)
        Path(props["file"]).write_text(json.dumps(props["value"]))
        return {"file": props["file"], "value": props["value"]}


class Thing(Resource):
    def __init__(self, name, file, value):
        super().__init__(Keeper(), name, {"file": file, "value": value})


def program():
    Thing("thing", os.environ["THING_FILE"], "as declared")
"""


class Embedded:
    """A program's folder: its inline program, its thing, and the environment for both."""

    def __init__(self, folder: Path, tools: PulumiTools, environment: dict[str, str]) -> None:
        self.folder = folder
        self.thing = folder / "thing.json"
        (folder / "state").mkdir()
        (folder / "things.py").write_text(PROGRAM)
        own = {
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder}/state",
            "PULUMI_CONFIG_PASSPHRASE": "correct horse",
            "TRUEUP_PULUMI": str(tools.cli),
            "THING_FILE": str(self.thing),
            "XDG_DATA_HOME": str(folder / "data"),
        }
        self.environment = tool_environment({**environment, **own})

    def run(self, code: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "main.py").write_text(code)
        return subprocess.run(
            [sys.executable, "main.py"], cwd=self.folder, env=self.environment,
            capture_output=True, text=True, check=False, timeout=200,
        )  # fmt: skip

    @property
    def value(self) -> Any:
        return json.loads(self.thing.read_text())


@pytest.fixture
def embedded(pulumi: PulumiTools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Embedded:

    made = Embedded(tmp_path, pulumi, dict(os.environ))
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(tmp_path))
    # The provider is pickled by its module's name: whoever reads it must find that module.
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "things", raising=False)
    return made


def example() -> str:
    found = re.search(
        r"<!-- example -->\s*```python\n(.*?)```\s*<!-- /example -->", PAGE.read_text(), re.DOTALL
    )
    assert found is not None
    return found[1]


def test_the_example_does_what_the_page_says(embedded: Embedded) -> None:
    first = embedded.run(example())
    assert (first.returncode, first.stderr.count("Traceback")) == (0, 0), first.stderr
    assert first.stdout.splitlines()[-1] == "nothing to do"
    embedded.thing.write_text('"changed by hand"')
    # The example deploys first; that is a plain update, which sees no drift.
    second = embedded.run(example())
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[-2] == "1 to update"
    assert second.stdout.splitlines()[-1].endswith("True")
    assert embedded.value == "as declared"


def stack_of(embedded: Embedded) -> automation.Stack:
    from things import program  # type: ignore[import-not-found]  # noqa: PLC0415 - just written

    stack = automation.create_or_select_stack("dev", project_name="embedded", program=program)
    stack.up()
    assert embedded.value == "as declared"
    return stack


async def test_only_the_digest_of_the_plan_of_now_is_applied(embedded: Embedded) -> None:
    data_dir = embedded.folder / "own"
    stack = stack_of(embedded)
    async with Reconciler.for_pulumi(stack, data_dir=data_dir, dynamic_providers=True) as engine:
        assert engine.stacks == ("dev",)
        assert (await engine.scan("dev")).findings == ()
        embedded.thing.write_text('"by hand"')
        (finding,) = (await engine.scan("dev")).findings
        assert [change.live for change in finding.changes] == ["by hand"]

        plan = await engine.plan("dev")
        with pytest.raises(ConflictError) as wrong:
            await engine.apply(plan, approved_digest="0" * 64)
        assert wrong.value.code == "plan-digest-mismatch"

        embedded.thing.write_text('"by another hand"')
        with pytest.raises(ConflictError) as stale:
            await engine.apply(plan, approved_digest=plan.digest)
        assert stale.value.code == "plan-stale"
        assert embedded.value == "by another hand"

        fresh = await engine.plan("dev")
        applied = await engine.apply(fresh, approved_digest=fresh.digest)
        assert isinstance(applied.outcome, Done)
        assert applied.converged
        assert embedded.value == "as declared"
    (folder,) = (data_dir / "runs").iterdir()
    assert not list(folder.glob("plan*"))
    store = await open_store(data_dir / "trueup.db")
    (run,) = await store.read(lambda view: view.runs.page().items)
    assert (run.id, run.plan_digest) == (folder.name, fresh.digest)
    assert await store.read(lambda view: view.stacks.all()) == ()
    await store.close()


async def test_the_kill_switch_of_a_daemon_holds_it_too(embedded: Embedded) -> None:
    data_dir = embedded.folder / "own"
    data_dir.mkdir(mode=0o700)
    store = await open_store(data_dir / "trueup.db")
    hold = Hold(by="ana", reason="release night", since=FakeClock().now(), until=None)
    await store.transact(lambda tx: tx.holds.put(hold))
    await store.close()
    stack = stack_of(embedded)
    embedded.thing.write_text('"by hand"')
    async with Reconciler.for_pulumi(stack, data_dir=data_dir, dynamic_providers=True) as engine:
        plan = await engine.plan("dev")
        with pytest.raises(ConflictError, match="release night") as held:
            await engine.apply(plan, approved_digest=plan.digest)
    assert held.value.code == "held"
    assert embedded.value == "by hand"


async def test_what_was_refused_leaves_no_plan_behind(embedded: Embedded) -> None:
    data_dir = embedded.folder / "own"
    stack = stack_of(embedded)
    lock = embedded.folder / "state/.pulumi/locks/organization/embedded/dev/held.json"
    holder = {
        "pid": 7,
        "username": "ada",
        "hostname": "elsewhere",
        "timestamp": "2026-01-01T00:00:00Z",
    }
    async with Reconciler.for_pulumi(stack, data_dir=data_dir, dynamic_providers=True) as engine:
        embedded.thing.write_text('"by hand"')
        plan = await engine.plan("dev")
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.write_text(json.dumps(holder))
        with pytest.raises(RetryableError, match="locked by ada@elsewhere"):
            await engine.apply(plan, approved_digest=plan.digest)
        lock.unlink()
        embedded.thing.write_text('"by another hand"')
        with pytest.raises(ConflictError):
            await engine.apply(plan, approved_digest=plan.digest)
    assert list((data_dir / "runs").iterdir()) == []


KILLED: Final = """
import asyncio, json, pathlib
import psutil
from pulumi import automation
from reconciler import Reconciler
from things import program

JOB = "iac_adapters.pulumi.update_job"
here = pathlib.Path.cwd()
state, thing, wait = here / "state/.pulumi", here / "thing.json", here / "wait"


async def until(true):
    while not true():
        await asyncio.sleep(0.05)


def jobs():
    try:
        record = (state / "stacks/embedded/dev.json").read_bytes()
    except FileNotFoundError:  # the CLI moves it away before it writes the next
        return []
    if b'"updating"' not in record:
        return []
    return [one for one in psutil.process_iter() if own(one)]


def own(process):
    try:
        words = process.cmdline()
    except psutil.Error:
        return False
    return JOB in words and words[-1].startswith(str(here / "own"))


async def main():
    stack = automation.create_or_select_stack("dev", project_name="embedded", program=program)
    stack.up()
    data_dir = here / "own"
    async with Reconciler.for_pulumi(stack, data_dir=data_dir, dynamic_providers=True) as engine:
        thing.write_text('"by hand"')
        plan = await engine.plan("dev")
        wait.touch()
        applying = asyncio.create_task(engine.apply(plan, approved_digest=plan.digest))
        while not (found := jobs()):
            await asyncio.sleep(0.05)
        for job in found:
            job.kill()
        applied = await applying
        print(type(applied.outcome).__name__, applied.report, applied.converged)
        wait.unlink()
        await until(lambda: not list(state.glob("locks/**/*.json")))
        print(json.loads(thing.read_text()), len((await engine.scan("dev")).findings))


asyncio.run(main())
"""


def test_an_update_whose_job_was_killed_is_told_in_doubt_though_nothing_can_be_read(
    embedded: Embedded,
) -> None:
    ended = embedded.run(KILLED)
    # The CLI went on below, so the stack was locked; what was done is told all the same.
    assert ended.stdout.splitlines() == ["InDoubt None False", "as declared 0"], ended.stderr
    (run,) = (embedded.folder / "own" / "runs").iterdir()
    assert not list(run.glob("plan*"))


async def test_a_stack_that_is_not_there_is_named(embedded: Embedded) -> None:
    settings = embedded.folder / "trueup.toml"
    settings.write_text("")
    (embedded.folder / "main.tf").write_text("")
    async with Reconciler.from_config(settings) as engine:
        with pytest.raises(NotFoundError, match="nowhere"):
            await engine.scan("nowhere")
