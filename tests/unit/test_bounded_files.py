"""Reading somebody else's files: what is refused, and what never blocks."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from reconciler.bounded_files import UnfitFileError, apart, names_in, read_bytes, read_text
from reconciler.domain.errors import PermanentError, RetryableError
from tests.patience import let_pass, until


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 10_000)
    assert read_bytes(file, most=10_000) == b"x" * 10_000


def test_a_file_of_the_system_that_has_no_size_is_read_whole() -> None:
    file = Path("/proc/self/status")
    if not file.exists():
        file = Path("/etc/hosts")
    assert read_text(file)


def test_a_larger_file_is_refused_by_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 11)
    with pytest.raises(UnfitFileError, match="is larger than 10 bytes"):
        read_bytes(file, most=10)


def test_what_is_no_regular_file_is_refused_and_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        with pytest.raises(OSError, match=r"socket|device"):
            read_bytes(tmp_path / "socket")
    with pytest.raises(UnfitFileError, match="is a named pipe"):
        read_bytes(tmp_path / "pipe")
    with pytest.raises(UnfitFileError, match="is a directory"):
        read_bytes(tmp_path)
    with pytest.raises(UnfitFileError, match="is a device"):
        read_bytes(Path("/dev/zero"))


async def test_an_error_of_the_file_system_names_the_file_and_the_remedy(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(PermanentError, match=str(loop)) as caught:
        await apart(lambda: names_in(loop), place=tmp_path)
    assert "symbolic link" in str(caught.value.remedy)


async def test_work_that_never_ends_stops_neither_the_loop_nor_other_places(
    tmp_path: Path,
) -> None:
    at_it, release = threading.Event(), threading.Event()
    stuck = tmp_path / "stuck"
    stuck.write_text("")

    def hang() -> None:
        read_bytes(stuck)
        at_it.set()
        release.wait()

    try:
        reading = asyncio.create_task(apart(hang, place=tmp_path, within_s=60))
        await until(at_it.is_set)
        let_pass(60)
        with pytest.raises(
            RetryableError, match=f"{stuck}: no answer within 60 s: .* or this machine is too busy"
        ):
            await reading
        before = threading.active_count()
        with pytest.raises(RetryableError, match=f"{stuck}: an earlier read"):
            await apart(hang, place=tmp_path, within_s=0.05)
        assert threading.active_count() == before
        assert await apart(lambda: 42, place=tmp_path / "other") == 42
    finally:
        release.set()


async def test_a_place_is_read_again_when_what_was_stuck_has_ended(tmp_path: Path) -> None:
    release = threading.Event()
    with pytest.raises(RetryableError):
        await apart(release.wait, place=tmp_path, within_s=0.05)
    release.set()
    async with asyncio.timeout(30):
        while True:
            try:
                assert await apart(lambda: 42, place=tmp_path) == 42
            except RetryableError:
                await asyncio.sleep(0.01)
            else:
                return


async def test_an_answer_in_time_counts_though_the_event_loop_is_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a suspend: the answer and the end of the time come in one turn of the loop."""
    loop = asyncio.get_running_loop()
    hand_over = loop.call_soon_threadsafe
    stuck, handed_over = threading.Event(), threading.Event()

    def be_stuck() -> None:
        stuck.set()
        handed_over.wait()
        let_pass(60)

    def answer_while_the_loop_is_stuck() -> int:
        hand_over(be_stuck)
        stuck.wait()
        return 42

    def noted(*call: Any, **more: Any) -> asyncio.Handle:
        handle = hand_over(*call, **more)
        handed_over.set()
        return handle

    monkeypatch.setattr(loop, "call_soon_threadsafe", noted)
    assert await apart(answer_while_the_loop_is_stuck, place=tmp_path, within_s=60) == 42
