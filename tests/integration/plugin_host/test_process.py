"""Plugins that are none, end, hang or lose their host: what the host makes of each."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from iac_adapters.plugin_host.errors import PluginCrashed, PluginStartError
from iac_adapters.plugin_host.file_identity import identity_of
from iac_adapters.plugin_host.process import PluginProcess, PluginSpec
from tests.patience import PATIENCE_S, is_gone, until
from tests.providers.mirror import world_executable
from tests.providers.world_provider import COOKIE

_ROOT = Path(__file__).resolve().parents[3]


def _script(tmp_path: Path, body: str) -> PluginSpec:
    path = tmp_path / "plugin"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    environment = {**os.environ, "THE_SECRET": "hush-hush-hush"}
    return PluginSpec((str(path),), environment, "test/plugin", tmp_path)


def _real(folder: Path) -> Path:
    return folder.resolve()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("echo hello", "'hello' instead"),
        ("echo 34567; sleep 60", "Pulumi"),
        ("echo token=hush >&2; exit 3", r"exit code 3 .*; its last output: token=\*\*\*"),
        ("echo first >&2; echo no licence for $THE_SECRET >&2; exit 3", r"no licence for \*\*\*"),
        ("""echo '{"@level":"error","@message":"too old"}' >&2; exit 1""", "output: too old"),
        ("printf '\\377\\376\\000|'; sleep 60 & head -c 20000 /dev/zero; sleep 60", "instead"),
        ("sleep 60", "within 0.5 s"),
        ("while :; do echo; done", "empty line"),
    ],
)
async def test_a_stranger_is_refused_and_left_nowhere(
    tmp_path: Path, body: str, words: str
) -> None:
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    timeout_s = 0.5 if body == "sleep 60" else PATIENCE_S
    with pytest.raises(PluginStartError, match=words) as raised:
        await PluginProcess.start(_script(tmp_path, body), timeout_s=timeout_s)
    assert "hush" not in str(raised.value)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


_SAID = "echo '1|5|unix|/nowhere|grpc'; sleep 0.2; echo no licence for $THE_SECRET >&2; exit 4"


async def test_one_that_ends_before_it_was_told_anything_has_its_last_words(
    tmp_path: Path,
) -> None:
    process = await PluginProcess.start(_script(tmp_path, _SAID), timeout_s=PATIENCE_S)
    with pytest.raises(PluginCrashed, match=r"code 4; its last output: no licence for \*\*\*$"):
        await process.unary("/tfplugin5.Provider/GetSchema", b"", timeout_s=PATIENCE_S)
    await process.close()


async def test_one_that_was_told_something_is_not_quoted(tmp_path: Path) -> None:
    process = await PluginProcess.start(_script(tmp_path, _SAID), timeout_s=PATIENCE_S)
    with pytest.raises(PluginCrashed, match=r"code 4$"):
        await process.unary("/tfplugin5.Provider/Configure", b"a password", timeout_s=PATIENCE_S)
    await process.close()


_HANGS_UP = """
import socket, sys, time
with socket.socket(socket.AF_UNIX) as listening:
    listening.bind("plugin.sock")
    listening.listen()
    print("1|5|unix|plugin.sock|grpc", flush=True)
    listening.accept()[0].close()
time.sleep(2)
sys.exit(3)
"""


async def test_a_crash_whose_end_the_system_reports_late_is_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plugin.py").write_text(_HANGS_UP)
    spec = _script(tmp_path, f"exec {sys.executable} plugin.py")
    process = await PluginProcess.start(spec, timeout_s=60)
    with pytest.raises(PluginCrashed, match="ended with exit code 3"):
        await process.unary("/tfplugin5.Provider/ReadResource", b"asked", timeout_s=60)
    await process.close()


async def test_a_file_that_cannot_run_is_named(tmp_path: Path) -> None:
    missing = PluginSpec((str(tmp_path / "none"),), {}, "test/plugin", tmp_path)
    with pytest.raises(PluginStartError, match="none is not an executable"):
        await PluginProcess.start(missing)
    foreign = tmp_path / "foreign"
    foreign.write_bytes(b"\x7fELF not for this machine")
    foreign.chmod(0o755)
    with pytest.raises(PluginStartError, match="cannot be run: Exec format error"):
        await PluginProcess.start(PluginSpec((str(foreign),), {}, "test/plugin", tmp_path))


@pytest.mark.parametrize("mode", ["exec", "hold"])
async def test_a_file_that_was_replaced_after_its_check_is_told_nothing(
    tmp_path: Path, mode: str
) -> None:
    binary = world_executable(tmp_path / "world")
    spec = PluginSpec((str(binary),), dict(os.environ), "world", tmp_path, identity_of(binary))
    process = await PluginProcess.start(spec, cookie=COOKIE, guard_mode=mode)
    await process.close()
    # As somebody would who hides it: the same size, and the time of before.
    times = binary.stat()
    binary.write_text(binary.read_text())
    os.utime(binary, ns=(times.st_atime_ns, times.st_mtime_ns))
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    with pytest.raises(PluginStartError, match="was replaced after it had been checked"):
        await PluginProcess.start(spec, cookie=COOKIE, guard_mode=mode)
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before


@pytest.mark.parametrize("mode", ["exec", "hold"])
async def test_it_runs_in_the_directory_given_and_knows_it_by_name(
    tmp_path: Path, mode: str
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    script = _script(tmp_path, 'pwd -P > told; printenv PWD >> told; echo "$0" >> told')
    with pytest.raises(PluginStartError, match="exit code 0"):
        await PluginProcess.start(replace(script, directory=there), guard_mode=mode)
    told = (there / "told").read_text().splitlines()
    assert told == [str(_real(there)), str(there), script.argv[0]]


async def test_a_directory_that_is_gone_is_named(tmp_path: Path) -> None:
    script = replace(_script(tmp_path, "echo"), directory=tmp_path / "gone")
    with pytest.raises(PluginStartError, match="gone: no such directory"):
        await PluginProcess.start(script)


@pytest.mark.parametrize("mode", ["exec", "hold"])
async def test_close_leaves_no_process_and_no_folder(tmp_path: Path, mode: str) -> None:
    binary = world_executable(tmp_path / "world")
    spec = PluginSpec((str(binary),), dict(os.environ), "world", tmp_path)
    process = await PluginProcess.start(spec, cookie=COOKIE, guard_mode=mode)
    folder = Path(process.handshake.address).parent
    assert folder.stat().st_mode & 0o777 == 0o700
    await asyncio.gather(process.close(), process.close())
    assert not psutil.pid_exists(process.pid)
    assert not folder.exists()
    with pytest.raises(PluginCrashed):
        await process.unary("/x/y", b"", timeout_s=1)


@pytest.mark.parametrize("mode", ["exec", "hold"])
async def test_its_memory_is_the_plugins_and_not_the_guards(tmp_path: Path, mode: str) -> None:
    binary = world_executable(tmp_path / "world")
    spec = PluginSpec((str(binary),), dict(os.environ), "world", tmp_path)
    process = await PluginProcess.start(spec, cookie=COOKIE, guard_mode=mode)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    resident = sum(one.memory_info().rss for one in family)
    assert len(family) == (2 if mode == "hold" else 1)
    assert resident / 4 < process.memory_bytes() <= resident * 1.5
    await process.close()
    assert process.memory_bytes() == 0


_HOST = """
import asyncio, os, sys
from pathlib import Path
from iac_adapters.plugin_host.process import PluginProcess, PluginSpec
from tests.providers.world_provider import COOKIE
async def main():
    spec = PluginSpec((sys.argv[1],), dict(os.environ), "world", Path.cwd())
    process = await PluginProcess.start(spec, cookie=COOKIE, guard_mode=sys.argv[2])
    print(process.pid, process.handshake.address, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.parametrize("mode", ["exec", "hold"])
def test_a_killed_host_leaves_no_orphan(tmp_path: Path, mode: str) -> None:
    binary = world_executable(tmp_path / "world")
    host = subprocess.Popen(
        [sys.executable, "-c", _HOST, str(binary), mode],
        stdout=subprocess.PIPE,
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    )
    with host:
        assert host.stdout is not None
        pid = int(host.stdout.readline().split()[0])
        plugin = psutil.Process(pid)
        family = [plugin, *plugin.children(recursive=True)]
        host.send_signal(signal.SIGKILL)
        host.wait()
    asyncio.run(until(lambda: all(is_gone(one) for one in family)))
