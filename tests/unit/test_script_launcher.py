"""What a script may do and what not, by real processes."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from reconciler.dispatch import script_files
from reconciler.dispatch.script_files import ScriptFiles, lack_of
from reconciler.domain.errors import PermanentError
from reconciler.domain.scripts import ScriptLimits, ScriptRule
from reconciler.script_launcher import _members
from tests.patience import PATIENCE_S, wait_until

# Longer than any script here stays by itself: only a limit that is tested ends one.
PLAIN = ScriptLimits(time=timedelta(seconds=240))


@dataclass(frozen=True, slots=True)
class Place:
    """A directory of scripts, and the folder of a run."""

    scripts: Path
    folder: Path

    def rule(self, text: str, *, limits: ScriptLimits = PLAIN, **more: Any) -> ScriptRule:
        return self._rule(f"#!{sys.executable} -I\n{text}", limits=limits, **more)

    def shell(self, text: str, *, limits: ScriptLimits = PLAIN, **more: Any) -> ScriptRule:
        return self._rule(f"#!/bin/sh\n{text}\n", limits=limits, **more)

    def _rule(self, content: str, *, limits: ScriptLimits, **more: Any) -> ScriptRule:
        file = self.scripts / "fix"
        file.write_text(content)
        file.chmod(0o755)
        digest = hashlib.sha256(content.encode()).hexdigest()
        return ScriptRule("fix", str(file), digest, limits=limits, **more)

    def run(
        self, rule: ScriptRule, given: Mapping[str, Any] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        files = ScriptFiles({"fix": rule})
        _, job = files.save("fix", given or {}, folder=self.folder, environment=environment)
        return subprocess.run(
            job.argv, cwd=job.directory, env=job.environment, capture_output=True, check=False,
            timeout=300,
        )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Place:
    scripts, folder = tmp_path / "scripts", tmp_path / "run"
    for made in (scripts, folder):
        made.mkdir(mode=0o700)
    return Place(scripts, folder)


@pytest.fixture
def isolating() -> None:
    lack = lack_of(ScriptRule("fix", "", ""))
    if lack:
        pytest.skip(lack)


LOOKS = """
import json, os, socket, sys
given = json.load(sys.stdin)
try:
    socket.create_connection(("127.0.0.1", int(given["port"])), 2).close()
    net = True
except OSError:
    net = False
print(json.dumps({"given": given, "env": sorted(os.environ), "net": net, "cwd": os.listdir("."),
                  "pid": os.getpid(), "mine": os.environ.get("MINE")}))
"""


def said(ended: subprocess.CompletedProcess[bytes]) -> str:
    assert all(line.startswith(b"script: ") for line in ended.stdout.splitlines())
    return ended.stdout.replace(b"script: ", b"").decode()


@pytest.mark.usefixtures("isolating")
@pytest.mark.parametrize("network", [False, True])
def test_a_script_sees_its_input_and_named_variables_and_no_network_unless_allowed(
    place: Place, *, network: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        rule = place.rule(LOOKS, environment=("MINE", "ABSENT"), network=network)
        ended = place.run(rule, {"port": port}, MINE="own", OTHERS="not passed")
    assert ended.returncode == 0, ended
    seen = json.loads(said(ended))
    assert seen["given"] == {"port": port}
    assert set(seen["env"]) <= {"HOME", "LANG", "LC_CTYPE", "MINE", "PATH", "TMPDIR"}
    assert (seen["net"], seen["cwd"], seen["pid"], seen["mine"]) == (network, [], 1, "own")


FORKS = """
import os, time
for _ in range(20):
    if os.fork() == 0:
        time.sleep(90)
time.sleep(90)
"""
WRITES = "with open('x', 'wb') as f:\n    f.write(b'y' * 4096)"
OPENS = "f = [open('/dev/null') for _ in range(20)]"
FILLS = """
import os, time
os.mkdir("deep")
for number in range(64):
    with open(f"deep/{number}", "wb") as file:
        file.write(bytes(2**18))
time.sleep(90)
"""
MANY = """
import time
for number in range(11_000):
    open(str(number), "w").close()
time.sleep(90)
"""
LIMITS: list[tuple[str, ScriptLimits, str, set[int]]] = [
    ("time", ScriptLimits(time=timedelta(seconds=1)), "import time; time.sleep(60)", {124}),
    ("memory", replace(PLAIN, memory=2**27), "x = bytearray(2**28)", {1}),
    ("open files", replace(PLAIN, open_files=16), OPENS, {1}),
    ("file size", replace(PLAIN, file_size=1024), WRITES, {1}),
    ("disk", replace(PLAIN, disk=2**20), FILLS, {124}),
    ("many files", PLAIN, MANY, {124}),
    # Of root the kernel limits nothing: then the launcher counts.
    ("processes", replace(PLAIN, processes=8), FORKS, {1, 124}),
]


@pytest.mark.usefixtures("isolating")
@pytest.mark.parametrize(
    ("limits", "text", "codes"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS]
)
def test_a_limit_ends_the_script(
    place: Place, limits: ScriptLimits, text: str, codes: set[int]
) -> None:
    ended = place.run(place.rule(text, limits=limits))
    assert ended.returncode in codes, ended


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")
def test_before_the_namespace_is_made_nothing_counts_as_the_scripts() -> None:
    with subprocess.Popen(["sleep", "60"]) as slow:
        try:
            assert _members(slow.pid) == 0
        finally:
            slow.kill()


@pytest.mark.usefixtures("isolating")
def test_what_it_leaves_behind_ends_with_it(place: Place) -> None:
    mark = f"left-{os.getpid()}"
    text = (
        "import os, subprocess\n"
        f"subprocess.Popen(['sh', '-c', 'sleep 300 # {mark}'], start_new_session=True)\n"
    )
    assert place.run(place.rule(text)).returncode == 0
    assert _alive(mark) == []


@pytest.mark.usefixtures("isolating")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_its_launcher(place: Place, number: signal.Signals) -> None:
    mark = f"held-{os.getpid()}-{number}"
    rule = place.rule(f"import subprocess\nsubprocess.run(['sh', '-c', 'sleep 600; : {mark}'])")
    _, job = ScriptFiles({"fix": rule}).save("fix", {}, folder=place.folder, environment={})
    running = subprocess.Popen(job.argv, cwd=job.directory, env=job.environment,
                               stdout=subprocess.DEVNULL)  # fmt: skip
    wait_until(lambda: bool(_alive(mark)))
    running.send_signal(number)
    assert running.wait(PATIENCE_S) == (130 if number is signal.SIGINT else -number)
    wait_until(lambda: not _alive(mark))


@pytest.mark.usefixtures("isolating")
def test_it_ends_with_the_runner_that_is_killed(place: Place) -> None:
    rule = place.shell("sleep 300; true", limits=PLAIN)
    _, job = ScriptFiles({"fix": rule}).save("fix", {}, folder=place.folder, environment={})
    starts = "import subprocess, sys; subprocess.run(sys.argv[1:])"
    with subprocess.Popen([sys.executable, "-c", starts, *job.argv], cwd=job.directory,
                          env=job.environment, stdout=subprocess.DEVNULL) as runner:  # fmt: skip
        wait_until(lambda: bool(_descendants(runner.pid, "sleep")))
        (sleeping,) = _descendants(runner.pid, "sleep")
        runner.kill()
    wait_until(lambda: not sleeping.is_running())


@pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
def test_a_script_begins_with_the_signals_as_they_are_by_default(place: Place) -> None:
    rule = place.shell("grep SigIgn /proc/self/status", isolated=False, network=True)
    ignored = int(said(place.run(rule)).split()[1], 16)
    # The C library keeps 32 and 33 to itself: where they are ignored, no program can change that.
    assert not [number for number in signal.valid_signals() if ignored >> (number - 1) & 1]


def test_every_line_is_marked_and_has_an_end(place: Place) -> None:
    rule = place.shell(r"""printf 'one\r{"type": 1}\r\nlast'""", isolated=False, network=True)
    lines = place.run(rule).stdout.split(b"\n")
    assert [line for line in lines if line not in (b"", b"script: ")] == [
        b"script: one", b'script: {"type": 1}', b"script: last",
    ]  # fmt: skip
    assert lines[-1] == b""


def test_output_beyond_the_limit_is_left_out(place: Place) -> None:
    rule = place.rule("print('x' * 79 + '\\n', end='')\n" * 2000, isolated=False, network=True)
    ended = place.run(rule)
    assert ended.returncode == 0
    assert len(said(ended)) < 70_000
    assert said(ended).endswith("trueup: output beyond 65536 bytes was left out\n")


def test_a_script_that_was_changed_after_it_was_checked_is_not_started(place: Place) -> None:
    rule = place.rule("open('done', 'w')", isolated=False, network=True)
    _, job = ScriptFiles({"fix": rule}).save("fix", {}, folder=place.folder, environment={})
    copy = place.folder / "plan.script"
    copy.chmod(0o700)
    copy.write_text("#!/bin/sh\ntouch done\n")
    ended = subprocess.run(job.argv, cwd=job.directory, env=job.environment, check=False,
                           capture_output=True)  # fmt: skip
    assert ended.returncode == 126
    assert b"is not the approved one" in ended.stdout
    assert not (job.directory / "done").exists()


def _loosen_file(place: Place) -> None:
    (place.scripts / "fix").chmod(0o777)


def _loosen_folder(place: Place) -> None:
    place.scripts.chmod(0o777)


def _not_executable(place: Place) -> None:
    (place.scripts / "fix").chmod(0o644)


def _edit(place: Place) -> None:
    (place.scripts / "fix").write_text("#!/bin/sh\ntrue\n")


def _link(place: Place) -> None:
    file = place.scripts / "fix"
    file.rename(place.scripts / "other")
    file.symlink_to("other")


def _remove(place: Place) -> None:
    (place.scripts / "fix").unlink()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_loosen_file, "can be written by others"),
        (_loosen_folder, "can be written by others"),
        (_not_executable, "is not executable"),
        (_edit, "is not the allowed one: its SHA-256 is "),
        (_link, "symbolic link"),
        (_remove, "No such file"),
    ],
)
def test_a_file_that_is_not_the_allowed_one_is_refused_with_a_remedy(
    place: Place, change: Any, why: str
) -> None:
    rule = place.rule("pass")
    change(place)
    with pytest.raises(PermanentError) as caught:
        ScriptFiles({"fix": rule}).save("fix", {}, folder=place.folder, environment={})
    assert why in str(caught.value)
    assert caught.value.remedy
    assert list(place.folder.iterdir()) == []


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_files, "_works", set())


@pytest.mark.usefixtures("untried")
def test_a_host_without_unshare_cannot_isolate(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    monkeypatch.setattr(script_files, "_PATH", str(place.folder))
    assert "has no `unshare`" in str(lack_of(place.rule("pass")))
    assert lack_of(place.rule("pass", isolated=False, network=True)) is None


@pytest.mark.usefixtures("isolating", "untried")
def test_a_trial_that_failed_once_is_made_again(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    with monkeypatch.context() as short:
        short.setattr(script_files, "_TRIAL_S", 0.0)
        assert lack_of(place.rule("pass")) is not None
    assert lack_of(place.rule("pass")) is None


@pytest.mark.usefixtures("isolating", "untried")
def test_what_was_tried_is_what_runs_whatever_the_daemons_path(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    false = place.folder.parent / "unshare"
    false.write_text("#!/bin/sh\nexit 7\n")
    false.chmod(0o755)
    monkeypatch.setenv("PATH", str(false.parent), prepend=os.pathsep)
    rule = place.rule("print('ran')")
    assert lack_of(rule) is None
    assert said(place.run(rule)) == "ran\n"


def _alive(mark: str) -> list[int]:
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(mark in part for part in process.info["cmdline"] or ())
        and process.status() != psutil.STATUS_ZOMBIE
    ]


def _descendants(pid: int, name: str) -> list[psutil.Process]:
    found = psutil.Process(pid).children(recursive=True)
    return [process for process in found if process.name() == name]
