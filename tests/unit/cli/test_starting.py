"""A daemon that cannot be started is an error that names its folder, log or program."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.starting import Start
from reconciler.domain.errors import PermanentError


def start(folder: Path) -> Start:
    config = folder / "trueup.toml"
    config.write_text("")
    return Start(config, folder, {"TRUEUP_DATA_DIR": str(folder / "data")})


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(PermanentError, match="data: File exists"):
        start(tmp_path)()


def test_a_log_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "data" / "serve.log").mkdir(parents=True)
    with pytest.raises(PermanentError, match=r"serve\.log: Is a directory"):
        start(tmp_path)()


def test_a_program_that_cannot_be_run_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_arguments: Any, **_more: Any) -> None:
        raise FileNotFoundError(2, "No such file or directory", "/gone/python")

    monkeypatch.setattr(subprocess, "Popen", gone)
    with pytest.raises(PermanentError, match="/gone/python: No such file or directory"):
        start(tmp_path)()
