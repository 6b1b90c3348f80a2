"""A log that is sealed reads as before, and nothing of it stands on the disk as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.dispatch.sealed_logs import PIECE_BYTES, SealedLogs

KEY = bytes(range(32))
CONTENT = b"".join(b"line %d of the log\n" % number for number in range(12_000))


def sealed(folder: Path, content: bytes = CONTENT) -> tuple[SealedLogs, Path]:
    folder.mkdir(exist_ok=True)
    log = folder / "log"
    log.write_bytes(content)
    logs = SealedLogs(KEY)
    logs.seal(log)
    return logs, log


@pytest.mark.parametrize("offset", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, 3 * PIECE_BYTES + 7, 10**9])
@pytest.mark.parametrize("most", [1, 100, PIECE_BYTES, PIECE_BYTES + 1, 10**7])
def test_any_part_of_a_sealed_log_reads_as_before(tmp_path: Path, offset: int, most: int) -> None:
    logs, log = sealed(tmp_path / "run")
    assert logs.read(log, offset, most) == CONTENT[offset : offset + most]


def test_nothing_of_a_sealed_log_stands_on_the_disk(tmp_path: Path) -> None:
    _, log = sealed(tmp_path / "run")
    (file,) = log.parent.iterdir()
    assert file.name == "log.sealed"
    assert file.stat().st_mode & 0o077 == 0
    assert b"line " not in file.read_bytes()


def test_sealing_twice_is_sealing_once(tmp_path: Path) -> None:
    logs, log = sealed(tmp_path / "run")
    logs.seal(log)
    assert logs.read(log, 0, 10) == CONTENT[:10]


def test_an_empty_log_and_none_read_as_nothing(tmp_path: Path) -> None:
    logs, log = sealed(tmp_path / "run", b"")
    assert logs.read(log, 0, 10) == b""
    assert logs.read(tmp_path / "none" / "log", 0, 10) == b""
    logs.seal(tmp_path / "none" / "log")


def test_a_log_cannot_be_put_in_the_place_of_another_runs(tmp_path: Path) -> None:
    logs, log = sealed(tmp_path / "run")
    other = tmp_path / "other"
    other.mkdir()
    (other / "log.sealed").write_bytes((log.parent / "log.sealed").read_bytes())
    assert logs.read(other / "log", 0, 10) == b""


def test_of_a_damaged_log_what_comes_before_the_damage_can_be_read(tmp_path: Path) -> None:
    logs, log = sealed(tmp_path / "run")
    file = log.parent / "log.sealed"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert logs.read(log, 0, 10**7) == CONTENT[: len(CONTENT) // PIECE_BYTES * PIECE_BYTES]


def test_a_log_that_cannot_be_sealed_stays_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "log.sealing").mkdir(parents=True)
    logs, log = sealed(folder)
    assert log.read_bytes() == CONTENT
    assert logs.read(log, 0, 10) == CONTENT[:10]
