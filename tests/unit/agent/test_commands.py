"""Words of a command that cannot be meant are refused by name, with what to write instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import main
from agent.identity import Identity, keep_identity


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--interval=5"], "'5' is no time; write 30s, 5m or 1h"),
        (["run", "--interval=0m"], "'0m' is no time"),
        (["run", "--interval=1s"], "an agent reports at most every 10s"),
        (["explain", "etc/motd"], "'etc/motd' is no path from the root; write /etc/motd"),
        (["enroll", "--server=https://x"], "--token-file"),
    ],
)
def test_words_that_cannot_be_meant_end_the_command(
    capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert (ended.value.code, said in capsys.readouterr().err) == (2, True)


def test_a_server_that_does_not_answer_is_named_with_what_to_check(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text("tu_x")
    words = ["enroll", "--server=http://127.0.0.1:1", f"--token-file={token}", "--host=web-1"]
    assert main([*words, f"--state={tmp_path / 'state'}"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "error: http://127.0.0.1:1 does not answer: Connection refused",
        "  check the address, and that `trueup serve` runs there",
    ]


def test_run_says_what_it_does(tmp_path: Path) -> None:
    identity = Identity("http://127.0.0.1:1", "a", "web-1", "00" * 32, 1, "a" * 32, "00" * 32)
    keep_identity(tmp_path, identity)
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "run", f"--state={tmp_path}", "--interval=5m"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == (
            "reporting web-1 to http://127.0.0.1:1 every 300s, until it is ended;"
            " `trueup-agent status` shows the last report\n"
        )
    finally:
        process.terminate()
        process.communicate(timeout=60)
