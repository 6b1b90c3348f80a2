"""What a short command must not pay for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.commands import COMMANDS, LOCAL
from tests.unit.cli import objects as api
from tests.unit.cli.fake_daemon import TOKEN, FakeDaemon
from tests.unit.cli.scenes import fleet

_HEAVY = {"httpx", "pydantic", "rich", "asyncio", "sqlalchemy", "fastapi", "grpc"}
_GROUPS = {"agent", "alert", "channel", "policy", "template", "stack", "token"}


def loaded_by(*arguments: str, **environment: str) -> set[str]:
    """Return what is imported when the command has ended."""
    code = (
        "import sys, json\nfrom reconciler.cli.main import run\n"
        f"code = run({list(arguments)!r})\n"
        "print('\\n' + json.dumps(sorted(sys.modules)))\nsys.exit(code)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **environment},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


def client_commands() -> list[str]:
    """Return a command of each module that asks the daemon; the terminal UI answers no data."""
    others = {*LOCAL, "tui"}
    asking = {place: name for name, (place, _) in COMMANDS.items() if name not in others}
    return sorted({place.partition(":")[0]: name for place, name in asking.items()}.values())


@pytest.mark.parametrize("command", client_commands())
def test_help_loads_nothing_heavy(command: str) -> None:
    words = [command, "list"] if command in _GROUPS else [command]
    assert not loaded_by(*words, "--help") & _HEAVY


@pytest.mark.parametrize("command", client_commands())
def test_help_shows_how_it_is_used(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from reconciler.cli.main import run  # noqa: PLC0415 - beside the processes above

    words = [command, "list"] if command in _GROUPS else [command]
    assert run([*words, "--help"]) == 0
    told = capsys.readouterr().out
    assert f"\n  Examples:\n    trueup {' '.join(words)}" in told
    assert "--json" in told
    assert max(map(len, told.splitlines())) <= 100


def test_no_settings_are_read_where_the_environment_says_it_all(daemon: FakeDaemon) -> None:
    fleet(daemon, api.stack())
    environment = {"TRUEUP_SERVER": daemon.url, "TRUEUP_TOKEN": TOKEN}
    assert "pydantic" not in loaded_by("status", **environment)


def test_asking_loads_neither_the_event_loop_nor_the_tables_of_the_domain(
    daemon: FakeDaemon,
) -> None:
    fleet(daemon, api.stack())
    environment = {"TRUEUP_SERVER": daemon.url, "TRUEUP_TOKEN": TOKEN}
    tables = {f"reconciler.domain.{name}" for name in ("records", "policy", "severity")}
    assert not loaded_by("status", **environment) & {*_HEAVY, *tables}
