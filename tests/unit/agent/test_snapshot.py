"""A snapshot holds what its root was made of, and only its owner reads it."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given

from agent.capture import Captured
from agent.errors import AgentError
from agent.protocol.reading import read
from agent.protocol.tree import Section, digests_of, root_digest
from agent.snapshot import write_snapshot
from tests.unit.agent.test_tree import SECTIONS


@given(SECTIONS)
def test_a_snapshot_gives_the_root_that_it_names(host: dict[str, Section]) -> None:
    digests = digests_of(host)
    captured = Captured(host, digests, root_digest(digests).hex(), time.monotonic())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "evidence.json"
        write_snapshot(captured, file, host="web-1")
        assert file.stat().st_mode & 0o777 == 0o600
        taken = json.loads(file.read_text())
    assert taken["host"] == "web-1"
    report = read({
        "v": 1, "inc": "a" * 32, "seq": 1, "at": taken["captured_at"], "age": 0, "nonce": "0" * 16,
        "scope": "0" * 16, "root": taken["root"], "base": "0" * 64, "sections": taken["sections"],
    })  # fmt: skip
    sections = {
        name: Section(change.status, dict(change.changed))
        for name, change in report.sections.items()
    }
    assert root_digest(digests_of(sections)).hex() == taken["root"] == captured.root


def test_a_snapshot_is_not_written_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".evidence.json.new").symlink_to(victim)
    captured = Captured({}, {}, root_digest({}).hex(), time.monotonic())
    write_snapshot(captured, tmp_path / "evidence.json", host="web-1")
    assert victim.read_text() == "mine"
    assert not (tmp_path / "evidence.json").is_symlink()


def test_a_snapshot_into_a_folder_that_is_not_there_names_the_folder(tmp_path: Path) -> None:
    captured = Captured({}, {}, root_digest({}).hex(), time.monotonic())
    with pytest.raises(AgentError, match=f"there is no folder {tmp_path}/missing"):
        write_snapshot(captured, tmp_path / "missing/evidence.json", host="web-1")
