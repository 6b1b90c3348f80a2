from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from reconciler.cli import commands
from reconciler.cli import main as cli
from reconciler.cli.suggestions import suggestion
from reconciler.domain.errors import PermanentError

_PROGRAM = "import sys; from reconciler.cli.main import main; main()"


def trueup(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )


def answering(monkeypatch: pytest.MonkeyPatch, command: click.Command, *arguments: str) -> int:
    """Run `command` as if it were `trueup doctor`."""
    monkeypatch.setattr(commands.LazyGroup, "get_command", lambda *_: command)
    return cli.run(["doctor", *arguments])


def failing(error: BaseException) -> click.Command:
    @click.command()
    def fail() -> None:
        raise error

    return fail


def test_help_lists_every_command_and_imports_none() -> None:
    watched = "reconciler.cli.scan", "reconciler.cli.init", "grpc", "pydantic", "rich", "asyncio"
    code = (
        "import sys\nfrom reconciler.cli.main import run\n"
        f"code = run(['--help'])\nprint([m for m in {watched!r} if m in sys.modules])\n"
        "sys.exit(code)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    assert all(word in result.stdout for word in ("init", "doctor", "scan", "--config"))
    assert result.stdout.endswith("[]\n")


def test_every_listed_command_can_be_imported() -> None:
    context = click.Context(cli.root)
    for name in cli.root.list_commands(context):
        command = cli.root.get_command(context, name)
        assert isinstance(command, click.Command)
        assert command.name == name


def test_the_version_is_told() -> None:
    result = trueup("--version")
    assert (result.returncode, result.stdout) == (0, "trueup, version 0.1.0\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("scna",), "did you mean 'scan'?"),
        (("--nonsense",), "--nonsense"),
        (("doctor", "--nonsense"), "trueup doctor --help"),
        (("init", "/does/not/exist"), "/does/not/exist"),
    ],
)
def test_a_wrong_command_line_ends_1_and_not_2(arguments: tuple[str, ...], words: str) -> None:
    result = trueup(*arguments)
    assert result.returncode == 1
    assert words in result.stderr
    assert result.stdout == ""


def test_a_users_mistake_is_a_sentence_and_a_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = PermanentError("main.tf:3: no such thing", remedy="write another")
    assert answering(monkeypatch, failing(error)) == 1
    assert capsys.readouterr().err == "error: main.tf:3: no such thing\n  help: write another\n"


def test_a_defect_leaves_a_crash_log_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert answering(monkeypatch, failing(ZeroDivisionError("oops"))) == 1
    shown = capsys.readouterr().err
    log = next((tmp_path / "trueup").glob("crash-*.log"))
    assert "Traceback" not in shown
    assert str(log) in shown
    assert "ZeroDivisionError" in log.read_text()
    assert "oops" not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_an_interrupt_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert answering(monkeypatch, failing(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "")


def test_a_command_chooses_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    @click.pass_context
    def drifted(context: click.Context) -> None:
        context.exit(2)

    @click.command()
    def returning() -> int:
        return 3

    assert answering(monkeypatch, drifted) == 2
    assert answering(monkeypatch, returning) == 3


def test_a_closed_pipe_is_quiet() -> None:
    code = (
        "import click\nfrom reconciler.cli import commands, main as cli\n"
        "@click.command()\ndef flood():\n    for _ in range(100000): click.echo('x' * 80)\n"
        "commands.LazyGroup.get_command = lambda *_: flood\n"
        "import sys; sys.argv = ['trueup', 'doctor']; cli.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(100)
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), told) == (141, b"")


@pytest.mark.parametrize(
    "module", ["reconciler.cli", "reconciler.cli.scan", "reconciler.cli.client.api"]
)
def test_a_module_that_is_no_command_says_so(module: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", module, "/nonexistent"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"error: {module} is no command\n  help: run `trueup`")


@pytest.mark.parametrize("module", ["reconciler", "reconciler.cli.main"])
def test_the_modules_are_the_command(module: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", module, "scan", "/nonexistent"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "/nonexistent does not exist" in ended.stderr


def test_json_on_stdout_holds_nothing_that_a_terminal_obeys(tmp_path: Path) -> None:
    name = "a\u202eb\x9bc"
    ended = trueup("scan", "--json", str(tmp_path / name))
    assert ended.returncode == 1
    assert name in json.dumps(json.loads(ended.stdout), ensure_ascii=False)
    assert ended.stdout.isascii()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("stauts", "status"),
        ("sacn", "scan"),
        ("findngs", "findings"),
        ("ack", "ack"),
        ("apply", "approve"),
        ("logs", "log"),
        ("destroy", None),
        ("xyz", None),
    ],
)
def test_a_command_near_to_what_was_typed_is_suggested(given: str, meant: str | None) -> None:
    assert suggestion(given, commands.COMMANDS) == meant


def test_help_and_version_are_commands_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["help", "policy", "add"]) == 0
    assert "Usage: trueup policy add" in capsys.readouterr().out
    assert cli.run(["help"]) == 0
    assert "Commands that ask the daemon" in capsys.readouterr().out
    assert cli.run(["version"]) == 0
    assert capsys.readouterr().out == "trueup, version 0.1.0\n"
    assert cli.run(["help", "nonsense"]) == 1
    assert cli.run(["help", "policy", "nonsense"]) == 1


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete"), ("zsh", "compdef"), ("fish", "complete")]
)
def test_each_shell_gets_its_script(
    shell: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["completion", shell]) == 0
    told = capsys.readouterr().out
    assert word in told
    assert "_TRUEUP_COMPLETE" in told


def test_settings_are_named_after_the_command_as_well(tmp_path: Path) -> None:
    file = tmp_path / "trueup.toml"
    file.write_text("nonsense = 1\n")
    for arguments in (("scan", "--config", file), ("--config", file, "scan")):
        ended = trueup(*map(str, arguments))
        assert ended.returncode == 1
        assert "nonsense" in ended.stderr


@pytest.mark.parametrize("module", ["reconciler", "reconciler.cli.main"])
def test_a_module_that_is_run_is_the_command(module: str) -> None:
    ended = _run_module(module, "nonsense")
    assert ended.returncode == cli.EXIT_ERROR
    assert "there is no command 'nonsense'" in ended.stderr


def test_the_package_beside_it_is_refused() -> None:
    ended = _run_module("reconciler.cli", "scan")
    assert ended.returncode != 0
    assert "run `trueup`" in ended.stderr


def _run_module(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
