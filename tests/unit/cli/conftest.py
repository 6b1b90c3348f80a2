"""A fake daemon per test, and the command line set up to ask it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.main import run
from tests.unit.cli.fake_daemon import TOKEN, FakeDaemon, running


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Ask = Callable[..., Said]


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with running() as fake:
        fake.has("GET /hold", {"hold": None, "holds": []})
        fake.lists("/audit", [])
        yield fake


@pytest.fixture
def ask(
    daemon: FakeDaemon,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Ask:
    """Run `trueup ARGUMENTS` against the fake daemon."""
    monkeypatch.setenv("TRUEUP_SERVER", daemon.url)
    monkeypatch.setenv("TRUEUP_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)

    def invocation(*arguments: str | Path) -> Said:
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        assert TOKEN not in said.out + said.err
        return Said(code, said.out, said.err)

    return invocation
