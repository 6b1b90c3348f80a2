"""Nobody is asked to start a daemon that could not be shown, or that must change nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import pytest

from reconciler.cli.main import run


@pytest.mark.parametrize(
    ("term", "preferences", "said"),
    [
        ("dumb", "", "the terminal 'dumb' cannot be drawn on"),
        ("xterm-256color", "mouse = [", "tui.toml"),
        ("xterm-256color", 'read_only = ["*"]', "no daemon runs at"),
    ],
)
def test_a_daemon_is_not_offered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    term: str,
    preferences: str,
    said: str,
) -> None:
    asked: list[str] = []

    def confirm(question: str, **_more: object) -> bool:
        asked.append(question)
        return False

    (tmp_path / "trueup").mkdir()
    (tmp_path / "trueup" / "tui.toml").write_text(preferences)
    for name in [name for name in os.environ if name.startswith("TRUEUP_")]:
        monkeypatch.delenv(name)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("TERM", term)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "isatty", lambda _number: True)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(click, "confirm", confirm)
    assert run(["tui"]) != 0
    assert asked == []
    assert said in capsys.readouterr().err
