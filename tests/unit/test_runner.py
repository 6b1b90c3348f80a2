"""The runner itself: one job, seen through to its end, whatever becomes of anybody."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from reconciler.dispatch.process_identity import boot_id, command_line
from reconciler.dispatch.runner_process import ProcessRunner, found
from reconciler.domain.errors import RetryableError
from reconciler.ports import Exited, NeverBegun, RunnerJob, RunnerProcess, Running, Vanished
from tests.patience import until

NAMES = ("started.json", "log", "exit.json")
SCRIPT = Path(__file__).parents[2] / "reconciler/runner.py"
CANARY = "canary-of-the-environment"
# Says when it is ready and what it was told; ends when the file named by END is there.
COMMAND = """
import os, signal, sys, time
heard = []
def hear(number, _frame):
    heard.append(number)
    print("heard", number, flush=True)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    print("deaf", flush=True)
signal.signal(signal.SIGINT, hear)
print("up", flush=True)
while not os.path.exists(os.environ["END"]):
    time.sleep(0.02)
print("heard in all", len(heard), flush=True)
sys.exit(int(os.environ.get("CODE", "0")))
"""


class Room:
    """A folder for one run, and a command in it that stays until it is let go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "run"
        self._end = folder / "end"
        self.runner = ProcessRunner()

    def job(self, **environment: str) -> RunnerJob:
        return RunnerJob(
            (sys.executable, "-c", COMMAND),
            self.folder.parent,
            {"END": str(self._end), "CANARY": CANARY, **environment},
        )

    async def start(self, **environment: str) -> RunnerProcess:
        process = await self.runner.start(self.job(**environment), self.folder)
        await until(lambda: "up" in self.log())
        return process

    def let_go(self) -> None:
        self._end.touch()

    def log(self) -> str:
        file = self.folder / "log"
        return file.read_text() if file.exists() else ""

    def started(self) -> dict[str, int]:
        content: dict[str, int] = json.loads((self.folder / "started.json").read_text())
        return content


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.let_go()


async def test_it_leaves_what_was_said_and_how_it_ended(room: Room) -> None:
    process = await room.start(CODE="3")
    room.let_go()
    ended = await room.runner.wait(process, room.folder)

    assert isinstance(ended, Exited)
    assert (ended.exit_code, ended.interrupted) == (3, False)
    assert room.log() == "up\nheard in all 0\n"


async def test_nobody_else_can_read_what_it_leaves(room: Room) -> None:
    process = await room.start()
    room.let_go()
    await room.runner.wait(process, room.folder)

    assert stat.S_IMODE(room.folder.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in room.folder.iterdir()}
    assert modes == {"log": 0o600, "started.json": 0o600, "exit.json": 0o600}


@pytest.mark.parametrize("umask", [0o022, 0o027])
async def test_what_the_command_makes_has_the_modes_that_the_user_wants(
    room: Room, umask: int
) -> None:
    made = room.folder.parent / "made"
    job = RunnerJob(("/bin/sh", "-c", f">{made}; printf x >{room.folder}/by-it"), made.parent, {})
    before = os.umask(umask)
    try:
        process = await room.runner.start(job, room.folder)
        await room.runner.wait(process, room.folder)
    finally:
        os.umask(before)
    assert stat.S_IMODE(made.stat().st_mode) == 0o666 & ~umask
    own = {stat.S_IMODE((room.folder / name).stat().st_mode) for name in ("log", "exit.json")}
    assert own == {0o600}
    assert stat.S_IMODE(room.folder.stat().st_mode) == 0o700


async def test_the_environment_is_on_no_disk_and_in_no_command_line(room: Room) -> None:
    process = await room.start()
    await until(lambda: "command" in room.started())
    lines = [command_line(pid) for pid in (process.pid, room.started()["command"])]
    room.let_go()
    await room.runner.wait(process, room.folder)

    written = b"".join(file.read_bytes() for file in room.folder.iterdir())
    assert all(lines)
    assert CANARY not in repr(lines) + repr(written)


async def test_the_command_gets_its_own_environment_and_no_more(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_DAEMON", "secret")
    shown = RunnerJob(
        (sys.executable, "-c", "import os; print(sorted(os.environ)); print(os.getcwd())"),
        room.folder.parent,
        {"ONLY": "this", "LC_ALL": "C"},
    )
    process = await room.runner.start(shown, room.folder)
    await room.runner.wait(process, room.folder)

    names, directory = room.log().splitlines()
    assert "OF_THE_DAEMON" not in names
    assert "ONLY" in names
    assert room.folder.parent.samefile(directory)


async def test_a_command_that_cannot_be_started_has_ended(room: Room) -> None:
    job = RunnerJob(("/nowhere/terraform",), room.folder.parent, {})
    process = await room.runner.start(job, room.folder)
    ended = await room.runner.wait(process, room.folder)

    assert isinstance(ended, Exited)
    assert ended.exit_code == 127
    assert room.log() == "the command could not be started: No such file or directory\n"


async def test_a_command_that_was_killed_is_told_from_one_that_ended(room: Room) -> None:
    process = await room.start()
    await until(lambda: "command" in room.started())
    os.kill(room.started()["command"], signal.SIGKILL)
    ended = await room.runner.wait(process, room.folder)

    assert isinstance(ended, Exited)
    assert ended.exit_code == -signal.SIGKILL


async def test_it_lets_signals_pass_that_end_others(room: Room) -> None:
    process = await room.start()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
        os.kill(process.pid, number)
    room.let_go()
    ended = await room.runner.wait(process, room.folder)

    assert isinstance(ended, Exited)
    assert (ended.exit_code, ended.interrupted) == (0, False)
    assert room.log() == "up\nheard in all 0\n"


async def test_many_requests_to_stop_are_one_signal_to_the_command(room: Room) -> None:
    process = await room.start()
    assert room.runner.interrupt(process)
    await until(lambda: "heard" in room.log())
    for _ in range(5):
        assert ProcessRunner().interrupt(process)
    room.let_go()
    ended = await room.runner.wait(process, room.folder)

    assert isinstance(ended, Exited)
    assert ended.interrupted
    assert room.log().endswith("heard in all 1\n")
    await until(lambda: found(room.folder) is None)  # its end is on record before it has ended
    assert not room.runner.interrupt(process)


async def test_the_command_hears_signals_even_where_the_daemon_ignores_them(room: Room) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = await room.start()
    finally:
        signal.signal(signal.SIGINT, before)
    room.let_go()
    await room.runner.wait(process, room.folder)
    assert "deaf" not in room.log()


async def test_it_is_found_again_by_its_folder(room: Room) -> None:
    assert room.runner.state(None, room.folder) == Vanished()
    process = await room.start()
    assert found(room.folder) == process
    assert room.runner.state(None, room.folder) == Running()
    assert room.runner.state(process, room.folder) == Running()
    room.let_go()
    assert await room.runner.wait(None, room.folder) == await room.runner.wait(process, room.folder)
    await until(lambda: found(room.folder) is None)  # its end is on record before it has ended


async def test_another_process_of_its_number_is_not_it(room: Room) -> None:
    process = await room.start()
    earlier = replace(process, started_at_s=process.started_at_s - 1)
    before_boot = replace(process, boot_id="another")
    try:
        for other in (earlier, before_boot):
            assert room.runner.state(other, room.folder.with_name("earlier")) == Vanished()
            assert not room.runner.interrupt(other)
    finally:
        room.let_go()
        ended = await room.runner.wait(process, room.folder)
    assert isinstance(ended, Exited)
    assert not ended.interrupted


async def test_a_killed_runner_is_gone_when_its_command_is(room: Room) -> None:
    process = await room.start()
    await until(lambda: "command" in room.started())
    os.kill(process.pid, signal.SIGKILL)
    await until(lambda: found(room.folder) is None)
    assert room.runner.state(process, room.folder) == Running()
    assert room.runner.state(None, room.folder) == Running()
    room.let_go()

    assert await room.runner.wait(process, room.folder) == Vanished()
    assert room.log() == "up\nheard in all 0\n"


async def test_the_job_goes_on_when_its_parent_is_killed(room: Room) -> None:
    job = room.job()
    given = [str(room.folder), list(job.argv), str(job.directory), dict(job.environment)]
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DAEMON, json.dumps(given), cwd=SCRIPT.parents[1]
    )
    await until(lambda: "up" in room.log())
    daemon.kill()
    await daemon.wait()
    assert room.runner.state(None, room.folder) == Running()
    room.let_go()
    ended = await room.runner.wait(None, room.folder)

    assert isinstance(ended, Exited)
    assert ended.exit_code == 0


_DAEMON = """
import asyncio, json, sys
from pathlib import Path
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.ports import RunnerJob

async def serve():
    folder, argv, directory, environment = json.loads(sys.argv[1])
    job = RunnerJob(tuple(argv), Path(directory), environment)
    await ProcessRunner().start(job, Path(folder))
    await asyncio.sleep(3600)

asyncio.run(serve())
"""


@pytest.mark.parametrize("told", ["", '{"argv": ["/bin/touch", "'])
async def test_half_a_job_is_never_run(room: Room, told: str) -> None:
    room.folder.mkdir()
    runner = [sys.executable, "-I", "-S", str(SCRIPT), str(room.folder), *NAMES]
    text = await asyncio.to_thread(
        subprocess.run, runner, input=told, capture_output=True, text=True, check=True
    )
    await until(lambda: found(room.folder) is None)
    assert text.stdout.startswith("ready ")

    assert room.runner.state(None, room.folder) == NeverBegun()
    assert list(room.folder.iterdir()) == []


async def test_a_caller_that_is_gone_before_it_hears_us_has_nothing_run(room: Room) -> None:
    room.folder.mkdir()
    runner = [sys.executable, "-I", "-S", str(SCRIPT), str(room.folder), *NAMES]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        await asyncio.to_thread(
            subprocess.run, runner, stdin=subprocess.DEVNULL, stdout=writing, check=True
        )
    finally:
        os.close(writing)
    await until(lambda: not any(str(room.folder) in one for one in _command_lines()))
    assert room.runner.state(None, room.folder) == NeverBegun()
    assert list(room.folder.iterdir()) == []


def _command_lines() -> Iterator[str]:
    for process in psutil.process_iter(["cmdline"]):
        yield " ".join(process.info["cmdline"] or ())


async def test_where_nothing_can_be_written_nothing_is_run(room: Room) -> None:
    (room.folder / "started.json/in-the-way").mkdir(parents=True)
    with pytest.raises(RetryableError, match="did not begin"):
        await room.runner.start(room.job(), room.folder)
    assert not (room.folder / "log").exists()

    room.folder.with_name("file").touch()
    with pytest.raises(RetryableError, match="no runner can be started"):
        await room.runner.start(room.job(), room.folder.with_name("file") / "run")


async def test_the_end_is_recorded_as_soon_as_there_is_room_for_it(room: Room) -> None:
    process = await room.start()
    (room.folder / "exit.json/in-the-way").mkdir(parents=True)
    room.let_go()
    await until(lambda: "heard in all" in room.log())
    assert room.runner.state(process, room.folder) == Running()
    (room.folder / "exit.json/in-the-way").rmdir()
    (room.folder / "exit.json").rmdir()

    assert isinstance(await room.runner.wait(process, room.folder), Exited)


async def test_where_its_folder_is_gone_it_goes_too(room: Room) -> None:
    process = await room.start()
    await until(lambda: "command" in room.started())  # the last that it writes until the end
    shutil.rmtree(room.folder)
    room.let_go()
    assert await room.runner.wait(process, room.folder) == Vanished()


def test_a_record_that_is_none_is_no_end(room: Room) -> None:
    room.folder.mkdir()
    for content in ("", "[]", "{}", '{"exit_code": 0}', '{"exit_code": 0, "ended_at": "then"'):
        (room.folder / "exit.json").write_text(content)
        assert room.runner.state(None, room.folder) == Vanished()


def test_it_imports_the_standard_library_only() -> None:
    tree = ast.parse(SCRIPT.read_text())
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= set(sys.stdlib_module_names)


def test_a_boot_has_a_name_that_stays() -> None:
    assert boot_id()
    assert boot_id() == boot_id()
