"""A disk without room: nothing is left of what did not fit, and what was there stays."""

from __future__ import annotations

import errno
import io
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from agent.capture import Captured
from agent.conversation import Conversation
from agent.differences import changes_between
from agent.errors import AwayError
from agent.identity import Identity
from agent.leaf_rewriting import LeafRewriting
from agent.private_files import write_private
from agent.probes.files import FileScope, files_section
from agent.protocol.tree import Section, digests_of, root_digest
from agent.scope import Scope
from agent.session import Session
from agent.spool import Spool
from agent.transport import Server

IDENTITY = Identity("http://127.0.0.1:1", "a", "web-1", "00" * 32, 1, "a" * 32, "00" * 32)
FIRST = {"files": Section("ok", {"/etc/motd": 1})}
SECOND = {"files": Section("ok", {"/etc/motd": 2})}


class FullDisk(io.FileIO):
    def write(self, _content: Any, /) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fill_the_disk(patch: pytest.MonkeyPatch) -> None:
    def opened(file: Path) -> BinaryIO:
        return FullDisk(file, "w")

    for name in ("private_files.open_fresh", "leaf_rewriting.open_private"):
        patch.setattr(f"agent.{name}", opened)


def captured(host: Mapping[str, Section]) -> Captured:
    root = root_digest(digests_of(host)).hex()
    return Captured(host, digests_of(host), root, time.monotonic())


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.rglob("*") if file.is_file()}


def test_nothing_is_left_of_a_file_that_did_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/motd").write_text("welcome")
    kept = tmp_path / "state/files.leaves"
    kept.parent.mkdir()
    write_private(kept.parent / "sequence", b"1")
    scope = FileScope(tmp_path, ("/etc",), frozenset(), b"key")
    files_section(scope, kept)
    before = names(kept.parent)
    (tmp_path / "etc/motd").write_text("another welcome")
    fill_the_disk(monkeypatch)
    with pytest.raises(OSError, match="No space"):
        files_section(scope, kept)
    with pytest.raises(OSError, match="No space"):
        write_private(kept.parent / "sequence", b"2")
    with pytest.raises(OSError, match="No space"):
        Spool(kept.parent / "spool").add(
            changes_between(FIRST, SECOND), base="b", root="r", at=1.0, dropped=()
        )
    assert names(kept.parent) == before
    assert (kept.parent / "sequence").read_bytes() == b"1"


def test_a_full_disk_does_not_hide_that_the_server_wants_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(tmp_path)
    session.acknowledge(captured(FIRST).root, FIRST)

    def busy(*_asked: object) -> None:
        fill_the_disk(monkeypatch)
        raise AwayError("busy", retry_after_s=60)

    monkeypatch.setattr(Server, "post", busy)
    with pytest.raises(AwayError) as caught:
        Conversation(IDENTITY, session).tell(captured(SECOND), Scope())
    assert caught.value.retry_after_s == 60


def test_a_spool_without_room_keeps_nobody_from_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(tmp_path)
    session.acknowledge(captured(FIRST).root, FIRST)
    (tmp_path / "spool").write_text("no folder")

    def busy(*_asked: object) -> None:
        raise AwayError("busy", retry_after_s=60)

    monkeypatch.setattr(Server, "post", busy)
    with pytest.raises(AwayError):
        Conversation(IDENTITY, session).tell(captured(SECOND), Scope())
    assert session.not_before() > time.time()


def test_what_a_killed_capture_left_is_removed_by_the_next(tmp_path: Path) -> None:
    for name in (".leaves.new", ".leaves.0a1b2c3d.new"):
        (tmp_path / name).write_bytes(b"left")
    LeafRewriting(tmp_path / "leaves").finish()
    assert names(tmp_path) == {"leaves"}


def test_leaves_that_are_kept_already_leave_no_second_name(tmp_path: Path) -> None:
    leaves = LeafRewriting(tmp_path / "leaves").finish()
    for _ in range(2):
        leaves.kept_as(tmp_path / "kept")
    assert names(tmp_path) == {"leaves", "kept"}
