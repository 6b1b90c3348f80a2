"""The database is lost, or an old copy is put back: the daemon says so, and the hold stands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import Ended, Trueup
from tests.e2e.lone_daemon import LoneDaemon
from tests.patience import until


def _refused(lone: LoneDaemon) -> Ended:
    process = Trueup(lone.environment).start("--config", lone.settings_file, "serve")
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it started:\n{out}{err}")
    assert process.returncode == 1
    assert "Traceback" not in err
    return Ended(process.returncode, out, err)


def _remove_database(data_dir: Path) -> None:
    for file in data_dir.glob("trueup.db*"):
        file.unlink()


def test_a_lost_or_older_database_is_refused_and_a_hold_outlives_it(lone: LoneDaemon) -> None:
    lone.settings({})
    copy = lone.folder / "copy"
    with lone.serving() as daemon:
        daemon.ask("/tokens", {"name": "ci", "role": "viewer"})
        assert daemon.end() == 0
        shutil.copytree(lone.data_dir, copy)
    with lone.serving() as daemon:
        daemon.ask("/hold", {"reason": "the migration is under way"})

    _remove_database(lone.data_dir)
    gone = _refused(lone)
    assert f"{lone.data_dir / 'trueup.db'}: is gone" in gone.err
    assert "2 tokens and 0 policies were in it, and a hold was set" in gone.err
    assert "--accept-new-database" in gone.err
    assert not (lone.data_dir / "trueup.db").exists()

    shutil.copy(copy / "trueup.db", lone.data_dir)
    older = _refused(lone)
    assert "is an older copy" in older.err
    assert "a hold was set" in older.err

    with lone.serving(options=("--accept-new-database",)) as daemon:
        held = daemon.ask("/hold")["hold"]
        assert held["reason"] == "the migration is under way"
        assert daemon.ask("/audit")["items"][0]["action"] == "daemon.started"
        assert any("hold_restored" in line for line in daemon.lines)
        daemon.ask("/hold", method="DELETE")
    with lone.serving() as daemon:
        assert daemon.ask("/hold")["hold"] is None


async def test_a_database_that_is_removed_under_the_daemon_ends_it_with_a_word(
    lone: LoneDaemon,
) -> None:
    lone.settings({})
    process = Trueup(lone.environment).start("--config", lone.settings_file, "serve")
    try:
        await until((lone.data_dir / "database.mark").exists)
        (lone.data_dir / "trueup.db").unlink()
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert f"{lone.data_dir / 'trueup.db'}: No such file or directory" in err
    assert "put the newest trueup.db back" in err


def test_a_lost_admin_token_is_made_anew_while_a_hold_stands(lone: LoneDaemon) -> None:
    lone.settings({})
    with lone.serving() as daemon:
        daemon.ask("/hold", {"reason": "the migration is under way"})
    (lone.data_dir / "admin.token").unlink()
    with lone.serving() as daemon:
        assert daemon.ask("/hold")["hold"]["reason"] == "the migration is under way"
        names = {one["name"] for one in daemon.ask("/tokens")["items"]}
        # Whoever removes the file does not become a second person, who may approve once more.
        assert {one["person"] for one in daemon.ask("/tokens")["items"]} == {"admin"}
    assert len(names) == 2
    assert "admin" in names
    # Known to the database: the next start makes no third one.
    with lone.serving() as daemon:
        assert {one["name"] for one in daemon.ask("/tokens")["items"]} == names
