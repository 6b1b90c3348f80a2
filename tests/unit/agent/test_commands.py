"""Words of a command that cannot be meant are refused by name, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.cli import main


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
