"""What the demo prints fits a terminal of 80 columns, whatever its words are."""

from __future__ import annotations

import pytest

from demo.narration import WIDTH, Narrator

LONG = "the alarm on waiting orders is off: its threshold is a hundred times higher"


def test_no_line_is_wider_than_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator()
    with narrator.step("Break nine things behind the tools' backs"):
        narrator.say(f"{LONG}. {LONG}.")
        narrator.item(f"{LONG}, {LONG}")
        narrator.compare("terraform plan -refresh-only", theirs=18.3, ours=1.24)
        narrator.row("2026-11-28T07:57:43.123Z", "detected")
        narrator.command(". /tmp/trueup-demo-iriboy1a/env", "go there; have trueup see them")
        narrator.command("sed -i.old s/40/4/ dispatch.json", "found within 10 s, then put back")
        narrator.command("a-command-that-is-longer-than-its-column --with options", "what it does")
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert f"    - {LONG[:60]}" in [line[:66] for line in lines]
    assert any("18.3 s, trueup 1.24 s: 15 times" in line for line in lines)


def test_a_failed_step_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator()
    with pytest.raises(ValueError, match="no"), narrator.step("Try"):
        raise ValueError("no")
    assert "NOT as expected, after 0.0 s" in capsys.readouterr().out
