"""What every runner promises. A new one joins by a `Place` in `PLACES`."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.domain.model import StackName
from reconciler.ports import (
    Exited,
    NeverBegun,
    Runner,
    RunnerJob,
    RunnerProcess,
    Running,
    StackReference,
    Vanished,
)
from tests.fake_world import Fate, World, WorldAdapter, WorldRunner
from tests.fakes import FakeClock
from tests.patience import until

# Stays as long as the file it is told of; at the end of a test that is no longer.
_STAYS = """
import os, sys, time
print("up", flush=True)
while os.path.exists(sys.argv[1]):
    time.sleep(0.02)
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A runner, and how to make jobs for it: one that ends by itself, one that stays.

    One that was asked to stop has begun something, and ends when it is `let_go`.
    """

    runner: Runner
    folder: Path
    ends: Callable[[], Awaitable[RunnerJob]]
    stays: Callable[[], Awaitable[RunnerJob]]
    let_go: Callable[[], None]

    async def start(self, make: Callable[[], Awaitable[RunnerJob]]) -> RunnerProcess:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        return await self.runner.start(await make(), self.folder)


def process_place(folder: Path) -> Place:
    async def ends() -> RunnerJob:
        return RunnerJob(("/bin/sh", "-c", "exit 0"), folder, {"A": "b"})

    async def stays() -> RunnerJob:
        (folder / "stay").touch()
        return RunnerJob((sys.executable, "-c", _STAYS, str(folder / "stay")), folder, {"A": "b"})

    return Place(ProcessRunner(), folder / "run", ends, stays, lambda: None)


def fake_place(folder: Path) -> Place:
    name, world = StackName("web"), World.in_sync(a={"size": 1})
    adapter, runner = WorldAdapter({name: world}), WorldRunner({name: world}, FakeClock())
    run = folder / "run"

    async def job(fate: Fate) -> RunnerJob:
        runner.fates.append(fate)
        snapshot = await adapter.load(StackReference(name, folder, "fake"))
        await adapter.plan(snapshot, world.addresses, folder=run)
        return adapter.correction(snapshot, folder=run)

    return Place(runner, run, lambda: job(Fate.DONE), lambda: job(Fate.STAYS), runner.release)


PLACES = {"process": process_place, "fake": fake_place}


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    yield PLACES[request.param](tmp_path)
    (tmp_path / "stay").unlink(missing_ok=True)


async def ask(place: Place, process: RunnerProcess) -> None:
    """Ask it to stop, as soon as there is a command that can hear."""
    if isinstance(place.runner, ProcessRunner):
        log = place.folder / "log"
        await until(lambda: log.exists() and bool(log.read_bytes()))
    assert place.runner.interrupt(process)


async def test_a_job_that_ends_by_itself_leaves_its_end(place: Place) -> None:
    process = await place.start(place.ends)
    ended = await place.runner.wait(process, place.folder)

    assert isinstance(ended, Exited)
    assert ended.exit_code == 0
    assert not ended.interrupted
    assert ended.ended_at.tzinfo is not None


async def test_its_end_can_be_asked_for_again(place: Place) -> None:
    process = await place.start(place.ends)
    ended = await place.runner.wait(process, place.folder)

    assert place.runner.state(process, place.folder) == ended
    assert place.runner.state(None, place.folder) == ended
    assert await place.runner.wait(process, place.folder) == ended


async def test_where_nothing_was_started_nothing_is_at_work(place: Place) -> None:
    assert place.runner.state(None, place.folder) == Vanished()


async def test_a_folder_that_nobody_wrote_into_says_that_nothing_was_run(place: Place) -> None:
    place.folder.mkdir(mode=0o700)
    (place.folder / "plan.bin").touch()
    assert place.runner.state(None, place.folder) == NeverBegun()
    process = await place.start(place.ends)
    ended = await place.runner.wait(process, place.folder)
    assert place.runner.state(None, place.folder) == ended


async def test_one_that_stays_is_at_work_until_it_is_asked_to_stop(place: Place) -> None:
    process = await place.start(place.stays)
    assert place.runner.state(process, place.folder) == Running()
    assert place.runner.state(None, place.folder) == Running()
    await ask(place, process)
    place.let_go()
    ended = await place.runner.wait(process, place.folder)

    assert isinstance(ended, Exited)
    assert ended.interrupted


async def test_one_that_has_ended_cannot_be_asked(place: Place) -> None:
    process = await place.start(place.ends)
    await place.runner.wait(process, place.folder)
    # Its end is on record before it has ended: until then it is there, and takes no notice.
    await until(lambda: not place.runner.interrupt(process))
