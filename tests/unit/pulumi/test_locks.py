"""Locks on a stack: whose they are, and whether that process lives."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.locks import Holder, Lock, locks_of

HERE = socket.gethostname()
NOW = datetime.now(UTC)


def place(root: Path) -> Place:
    return Place(f"file://{root}", "shop", "dev", root)


def lock(root: Path, content: bytes | dict[str, Any], name: str = "a") -> Path:
    folder = place(root).lock_folder
    assert folder is not None
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return file


def held(pid: int, timestamp: datetime | str = NOW, hostname: str = HERE) -> dict[str, Any]:
    text = timestamp if isinstance(timestamp, str) else timestamp.isoformat()
    return {"pid": pid, "username": "ada", "hostname": hostname, "timestamp": text}


def only(root: Path) -> Lock:
    (found,) = locks_of(place(root))
    return found


def finished() -> int:
    """Return the number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def begun(pid: int) -> datetime:
    return datetime.fromtimestamp(psutil.Process(pid).create_time(), UTC)


def test_no_lock_is_no_lock(tmp_path: Path) -> None:
    assert locks_of(place(tmp_path)) == ()
    assert locks_of(Place("s3://bucket", "shop", "dev")) == ()
    lock(tmp_path, b"{}").unlink()
    assert locks_of(place(tmp_path)) == ()


def test_a_living_process_holds_its_lock(tmp_path: Path) -> None:
    file = lock(tmp_path, held(os.getpid()))
    found = only(tmp_path)
    assert (found.holder, found.file, found.pid) == (Holder.ALIVE, file, os.getpid())
    assert str(found) == f"ada@{HERE} (pid {os.getpid()}) since {NOW.isoformat()}"


def test_a_process_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    lock(tmp_path, held(finished()))
    assert only(tmp_path).holder is Holder.DEAD


def test_a_process_on_another_machine_is_nothing_we_can_see(tmp_path: Path) -> None:
    lock(tmp_path, held(finished(), hostname=f"{HERE}-2"))
    assert only(tmp_path).holder is Holder.ELSEWHERE


@pytest.mark.parametrize(
    ("before_s", "holder", "reason"),
    [
        (-3600, Holder.DEAD, "the number was given out again since"),
        (-10, Holder.DEAD, "likewise, soon after"),
        (-1, Holder.ALIVE, "clocks are read at different moments"),
        (0, Holder.ALIVE, "a lock is made at once"),
        (3600, Holder.ALIVE, "an old process may lock at any time"),
    ],
)
def test_a_process_that_began_after_the_lock_only_has_its_number(
    tmp_path: Path, before_s: int, holder: Holder, reason: str
) -> None:
    moment = begun(os.getpid()) + timedelta(seconds=before_s)
    lock(tmp_path, held(os.getpid(), moment))
    assert only(tmp_path).holder is holder, reason


@pytest.mark.parametrize(
    "form",
    [
        "{:%Y-%m-%dT%H:%M:%S}.123456789Z",
        "{:%Y-%m-%dT%H:%M:%S}.123456789+00:00",
        "{:%Y-%m-%dT%H:%M:%S}.1234567-00:00",
        "{:%Y-%m-%dT%H:%M:%S}.5Z",
        "{:%Y-%m-%dT%H:%M:%S}Z",
    ],
)
def test_times_are_read_as_go_writes_them(tmp_path: Path, form: str) -> None:
    lock(tmp_path, held(os.getpid(), form.format(NOW)))
    assert only(tmp_path).holder is Holder.ALIVE
    lock(tmp_path, held(os.getpid(), form.format(NOW - timedelta(days=400))))
    assert only(tmp_path).holder is Holder.DEAD


@pytest.mark.parametrize("timestamp", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_a_time_that_cannot_be_read_does_not_break_a_lock(tmp_path: Path, timestamp: str) -> None:
    lock(tmp_path, held(os.getpid(), timestamp))
    assert only(tmp_path).holder is Holder.ALIVE


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'"x"', b"{}", b'{"pid": "x"}', b"\xff", b'{"pid": null}']
)
def test_a_lock_that_cannot_be_read_is_held_by_somebody(tmp_path: Path, content: bytes) -> None:
    file = lock(tmp_path, content)
    found = only(tmp_path)
    assert (found.holder, found.file, found.pid) == (Holder.ELSEWHERE, file, 0)


def test_locks_are_told_oldest_first(tmp_path: Path) -> None:
    for name, days in (("a", 1), ("b", 3), ("c", 2)):
        lock(tmp_path, held(finished(), NOW - timedelta(days=days)), name)
    assert [found.file.stem for found in locks_of(place(tmp_path))] == ["b", "c", "a"]


def test_a_process_that_ended_holds_nothing_even_before_its_parent_has_noticed(
    tmp_path: Path,
) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    try:
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        lock(tmp_path, held(process.pid, datetime.now(UTC)))
        assert only(tmp_path).holder is Holder.DEAD
    finally:
        process.wait()


@given(number=st.integers(-(2**80), 2**80))
def test_any_number_is_a_process_or_none(
    tmp_path_factory: pytest.TempPathFactory, number: int
) -> None:
    folder = tmp_path_factory.mktemp("locked")
    lock(folder, held(number))
    assert only(folder).username in {"ada", "somebody"}
