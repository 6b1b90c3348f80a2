"""Corrections that go wrong: what is clean is told from what is in doubt."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import psutil

from reconciler.dispatch.runner_process import found
from reconciler.ports import Done, Exited, Failed, InDoubt, RunnerProcess, Vanished
from tests.integration.correcting import Corrector
from tests.integration.terraform.correcting import corrector
from tests.patience import is_gone, until
from tests.providers.world_provider import World
from tests.world_stack import WorldStack

SECRET = "the-open-secret"
CODE = f"""
resource "world_thing" "web" {{
  name   = "web"
  labels = {{ team = "red" }}
  secret = "{SECRET}"
}}
resource "world_thing" "other" {{
  name   = "other"
  labels = {{ team = "red" }}
  zones  = [world_thing.web.name]
}}
"""
BOTH = ("world_thing.web", "world_thing.other")


def team_of(stack: WorldStack, name: str) -> object:
    things = {one["name"]: one for one in World(stack.cloud).read()["objects"].values()}
    return things[name]["labels"]["team"]


def drifted(stack: WorldStack) -> None:
    stack.apply(CODE)
    with stack.changed() as things:
        for thing in things.values():
            thing["labels"] = {"team": "blue"}


def command_of(ours: Corrector) -> int:
    """Return the process id of the tool itself."""
    record = json.loads((ours.run_folder() / "started.json").read_text())
    return int(record["command"])


async def waiting_apply(stack: WorldStack, ours: Corrector) -> RunnerProcess:
    """Begin an apply of both that gets no further than the first."""
    snapshot, _ = await ours.plan(*BOTH)
    stack.while_applying(web="wait")
    process = await ours.start(snapshot)
    await until(lambda: b'"apply_start"' in ours.log())
    return process


async def test_a_plan_that_the_state_outran_does_nothing_at_all(stack: WorldStack) -> None:
    drifted(stack)
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan("world_thing.web")
        stack.run("state", "rm", "world_thing.other")
        outcome = await ours.apply(snapshot)

    assert isinstance(outcome, Failed)
    assert outcome.stale
    assert team_of(stack, "web") == "blue"


async def test_a_tool_killed_in_the_middle_leaves_doubt(stack: WorldStack) -> None:
    drifted(stack)
    async with corrector(stack) as ours:
        process = await waiting_apply(stack, ours)
        plugins = psutil.Process(command_of(ours)).children(recursive=True)
        os.kill(command_of(ours), signal.SIGKILL)
        snapshot = await ours.adapter.load(ours.reference)
        ended, outcome = await ours.ended(process, snapshot)

        assert isinstance(ended, Exited)
        assert ended.exit_code == -signal.SIGKILL
        assert isinstance(outcome, InDoubt)
        await until(lambda: all(is_gone(plugin) for plugin in plugins))
        stack.while_applying(web=None)


async def test_a_killed_runner_is_missed_only_when_its_tool_has_ended(stack: WorldStack) -> None:
    drifted(stack)
    async with corrector(stack) as ours:
        process = await waiting_apply(stack, ours)
        os.kill(process.pid, signal.SIGKILL)
        waiting = asyncio.create_task(ours.runner.wait(process, ours.run_folder()))
        stack.while_applying(web=None)

        assert await waiting == Vanished()
        # The tool wrote to the log itself, and was not hindered.
        assert b"Apply complete!" in ours.log()
        assert team_of(stack, "web") == "red"
        snapshot = await ours.adapter.load(ours.reference)
        log = ours.run_folder() / "log"
        assert isinstance(ours.adapter.outcome(snapshot, ended=Vanished(), log=log), InDoubt)


async def test_an_apply_that_is_asked_to_stop_ends_what_it_began(stack: WorldStack) -> None:
    drifted(stack)
    async with corrector(stack) as ours:
        process = await waiting_apply(stack, ours)
        assert ours.runner.interrupt(process)
        await until(lambda: b"nterrupt" in ours.log() or b"topping" in ours.log())
        for _ in range(3):
            assert ours.runner.interrupt(process)
        stack.while_applying(web=None)
        snapshot = await ours.adapter.load(ours.reference)
        ended, outcome = await ours.ended(process, snapshot)

        assert isinstance(ended, Exited)
        assert ended.interrupted
        assert isinstance(outcome, Failed)
        assert "1 resources were dealt with" in outcome.reason
        assert team_of(stack, "web") == "red"
        assert team_of(stack, "other") == "blue"
        # Its state is whole: what is left can be corrected at once.
        later, _ = await ours.plan("world_thing.other", name="later")
        assert await ours.apply(later, name="later") == Done("1 changed")


async def test_a_provider_that_says_no_is_repeated_without_secrets(stack: WorldStack) -> None:
    drifted(stack)
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan("world_thing.web")
        stack.while_applying(web=f"ValidationError: secret '{SECRET}' is too open")
        outcome = await ours.apply(snapshot)
        said = ours.log().splitlines()
        told = [ours.adapter.progress(line, stack=snapshot.stack) for line in said]

    assert isinstance(outcome, Failed)
    assert "ValidationError" in outcome.reason
    assert not outcome.stale
    assert SECRET not in outcome.reason
    assert any(one is not None and "ValidationError" in one.text for one in told)
    assert SECRET not in repr(told)


async def test_the_daemons_death_is_not_the_applys(stack: WorldStack) -> None:
    drifted(stack)
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan("world_thing.web")
        job = ours.adapter.correction(snapshot, folder=ours.run_folder())
        stack.while_applying(web="wait")
        daemon = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _DAEMON,
            str(ours.run_folder()),
            json.dumps([list(job.argv), str(job.directory), dict(job.environment)]),
            cwd=Path(__file__).parents[3],
        )
        await until(lambda: b'"apply_start"' in ours.log())
        daemon.kill()
        await daemon.wait()
        process = found(ours.run_folder())
        assert process is not None
        stack.while_applying(web=None)
        _, outcome = await ours.ended(process, snapshot)

    assert outcome == Done("1 changed")
    assert team_of(stack, "web") == "red"


async def test_a_plan_whose_daemon_is_killed_gives_the_lock_back(stack: WorldStack) -> None:
    drifted(stack)
    lock = stack.directory / ".terraform.tfstate.lock.info"
    stack.turn(web="pause")
    daemon = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _PLANNER,
        str(stack.directory.parent),
        str(stack.directory),
        json.dumps(stack.environment),
        cwd=Path(__file__).parents[3],
    )
    await until(lock.exists)
    daemon.kill()
    await daemon.wait()
    stack.turn(web=None)
    await until(lambda: not lock.exists())


_PLANNER = """
import asyncio, json, sys
from pathlib import Path
from iac_adapters.terraform.command import run_tool

environment = json.loads(sys.argv[3])
asyncio.run(run_tool(
    Path(environment["TRUEUP_TERRAFORM"]), ["plan", "-input=false", "-json"],
    directory=Path(sys.argv[2]), environment={"PATH": "/bin:/usr/bin", **environment},
    timeout_s=600, holds_lock=True,
))
"""
_DAEMON = """
import asyncio, json, sys
from pathlib import Path
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.ports import RunnerJob

async def serve():
    argv, directory, environment = json.loads(sys.argv[2])
    job = RunnerJob(tuple(argv), Path(directory), environment)
    await ProcessRunner().start(job, Path(sys.argv[1]))
    await asyncio.sleep(3600)

asyncio.run(serve())
"""
