"""What may not stand in the data directory, and what is never followed out of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.bootstrap.instance import instance_key, only_daemon, private_folder
from reconciler.domain.errors import PermanentError
from reconciler.engine.folders import drop_left_behind, drop_plans, run_folders


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    file = tmp_path / "victim"
    file.write_text("precious")
    return file


def test_a_data_directory_that_others_may_write_into_is_refused(data_dir: Path) -> None:
    data_dir.chmod(0o777)
    with pytest.raises(PermanentError, match="others may write") as caught, only_daemon(data_dir):
        pass
    assert caught.value.remedy == f"chmod 700 {data_dir}"
    with pytest.raises(PermanentError, match="others may write"):
        instance_key(data_dir)


def test_a_lock_that_is_a_link_cuts_nothing(data_dir: Path, victim: Path) -> None:
    (data_dir / "daemon.lock").symlink_to(victim)
    with pytest.raises(PermanentError, match="is a symbolic link"), only_daemon(data_dir):
        pass
    assert victim.read_text() == "precious"
    (data_dir / "daemon.lock").unlink()
    (data_dir / "daemon.lock").hardlink_to(victim)
    with pytest.raises(PermanentError, match="has a second name"), only_daemon(data_dir):
        pass
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    ("make", "kind"), [(os.mkfifo, "is a named pipe"), (os.mkdir, "is a directory")]
)
def test_a_lock_that_is_no_regular_file_is_refused_by_its_name(
    data_dir: Path, make: Callable[[Path], None], kind: str
) -> None:
    lock = data_dir / "daemon.lock"
    make(lock)
    with pytest.raises(PermanentError, match=f"{lock}: {kind}") as caught, only_daemon(data_dir):
        pass
    assert caught.value.remedy == f"remove {lock}, and start again"


def test_a_folder_of_ours_that_is_a_link_is_refused(data_dir: Path, tmp_path: Path) -> None:
    (data_dir / "runs").symlink_to(tmp_path)
    with pytest.raises(PermanentError, match="is a symbolic link"):
        private_folder(data_dir / "runs")


def test_nothing_is_deleted_through_a_link_among_the_runs(data_dir: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "plan.bin").write_text("precious")
    for name in ("plan-abandoned", "a-run"):
        (data_dir / name).symlink_to(elsewhere)
        drop_plans(data_dir / name)
    drop_left_behind(data_dir)
    assert list(run_folders(data_dir)) == []
    assert (elsewhere / "plan.bin").read_text() == "precious"
