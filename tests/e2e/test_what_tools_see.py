"""What a program that a stack runs during a scan sees of the daemon, and of a person's shell."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform.executable import Executable
from tests.daemon import serving
from tests.e2e.command import Trueup
from tests.e2e.shop import until_verified
from tests.makers import MakersStack
from tests.ports import free_port

# Tells in a file what it sees. One line, as the plugin passes it on.
_CODE: Final = """
data "external" "seen" {{
  program = ["/bin/sh", "-c", "env -0 > {seen}; printf '{{\\"a\\":\\"b\\"}}'"]
}}
resource "local_file" "a" {{
  filename = "${{path.module}}/a.txt"
  content  = data.external.seen.result.a
}}
"""
_SECRETS: Final = {
    "TRUEUP_TOKEN": "canary-of-the-token",
    "SLACK_WEBHOOK": "canary-of-the-webhook",
    "CI_JOB_TOKEN": "canary-of-ci",
}


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    """Where the program tells what it sees."""
    return tmp_path / "seen"


@pytest.fixture
def stack(makers: Path, terraform: Executable, tmp_path: Path, seen: Path) -> MakersStack:
    """A stack that runs a program during each scan; it was applied."""
    made = MakersStack.made(
        tmp_path / "s", mirror=makers, terraform=terraform.path, code=_CODE.format(seen=seen)
    )
    made.apply()
    seen.unlink()
    return made


def _environment(seen: Path) -> dict[str, str]:
    pairs = (one.split("=", 1) for one in seen.read_text().split("\0") if one)
    return dict(pairs)


def test_a_program_of_a_daemons_stack_sees_what_the_stack_needs_and_no_secret_of_the_daemon(
    stack: MakersStack, seen: Path, tmp_path: Path
) -> None:
    own = tmp_path / "stack.env"
    own.write_text("FROM_THE_STACK=yes\n")
    settings = tmp_path / "trueup.toml"
    settings.write_text(
        f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n'
        f'[[stack]]\nname = "shop"\ndirectory = "{stack.directory}"\nenv_file = "{own}"\n'
    )
    environment = {
        **os.environ, **stack.environment, **_SECRETS,
        "AWS_PROFILE": "watcher", "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }  # fmt: skip
    with serving(
        settings, data_dir=tmp_path / "data", environment=environment, directory=tmp_path
    ) as daemon:
        until_verified(daemon)
    told = _environment(seen)
    assert "canary" not in json.dumps(told)
    assert told["FROM_THE_STACK"] == "yes"
    assert told["AWS_PROFILE"] == "watcher"
    assert told["PATH"] == os.environ["PATH"]
    assert told["PWD"] == str(stack.directory)


def test_a_program_of_a_scan_sees_the_callers_environment_but_trueups_token(
    stack: MakersStack, seen: Path, tmp_path: Path
) -> None:
    trueup = Trueup({**stack.environment, **_SECRETS, "XDG_CACHE_HOME": str(tmp_path / "cache")})
    ended = trueup.run("scan", stack.directory)
    assert ended.code == 0, ended.everything
    told = _environment(seen)
    assert "TRUEUP_TOKEN" not in told
    assert told["CI_JOB_TOKEN"] == _SECRETS["CI_JOB_TOKEN"]
