"""The log of a daemon in the background grows to a size and no further."""

from __future__ import annotations

from pathlib import Path

from reconciler.cli.bounded_log import cut


def test_a_log_that_grew_too_long_begins_anew_and_its_end_is_kept(tmp_path: Path) -> None:
    log, kept = tmp_path / "serve.log", tmp_path / "serve.log.1"
    with log.open("ab", buffering=0) as writer:  # as a daemon has it open
        writer.write(b"0123456789")
        cut(log, most=10)
        assert not kept.exists()
        kept.write_bytes(b"older")
        kept.chmod(0o644)
        writer.write(b"ab")
        cut(log, most=10)
        writer.write(b"next")
    assert log.read_bytes() == b"next"
    assert kept.read_bytes() == b"23456789ab"
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_kept_stays(tmp_path: Path) -> None:
    log = tmp_path / "serve.log"
    log.write_bytes(b"0123456789")
    (tmp_path / "serve.log.1").mkdir()
    cut(log, most=1)
    assert log.read_bytes() == b"0123456789"
    cut(tmp_path / "other.log")


def test_a_log_is_not_kept_where_a_link_leads(tmp_path: Path) -> None:
    log, other = tmp_path / "serve.log", tmp_path / "other"
    log.write_bytes(b"0123456789")
    other.write_bytes(b"precious")
    (tmp_path / "serve.log.1").symlink_to(other)
    cut(log, most=1)
    assert other.read_bytes() == b"precious"
    assert log.read_bytes() == b"0123456789"
