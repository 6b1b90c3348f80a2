"""`trueup scan` towards the shell: exit codes, streams, colours, passes, neighbours."""

from __future__ import annotations

import json
import os
import pty
import select
import time
from pathlib import Path

import pytest

from tests.e2e.command import Trueup, killed_at_the_end, wait_for
from tests.e2e.conftest import SECRET
from tests.world_stack import WorldStack

ESCAPE = "\x1b["


def _drift(stack: WorldStack) -> None:
    with stack.changed() as things:
        things["many-0"]["labels"] = {"team": "nobody"}
        things["one"]["secret"] = "another-secret-0815"
        del things["many-2"]


def test_in_sync_ends_0_and_says_so(stack: WorldStack, trueup: Trueup) -> None:
    ended = trueup.run("scan", stack.directory)
    assert ended.code == 0
    assert "No drift. 4 resources match" in ended.out
    assert ended.err == ""


def test_drift_ends_2_with_what_changed_and_nothing_else(stack: WorldStack, trueup: Trueup) -> None:
    _drift(stack)
    ended = trueup.run("scan", stack.directory, "--json")
    assert ended.code == 2
    assert ended.err == ""
    (report,) = ended.json["stacks"]
    found = {
        one["address"]: (one["kind"], [change["path"] for change in one["changes"]])
        for one in report["findings"]
    }
    assert found == {
        "world_thing.many[0]": ("changed", ["labels.team"]),
        "world_thing.many[2]": ("missing", []),
        "world_thing.one": ("changed", ["secret"]),
    }
    assert all(one["source"]["file"] == "main.tf" for one in report["findings"])
    for secret in (SECRET, "another-secret-0815"):
        assert secret not in ended.out
    assert ended.json["format_version"] == "1.0"


def test_words_for_people_hold_values_and_no_secret(stack: WorldStack, trueup: Trueup) -> None:
    _drift(stack)
    ended = trueup.run("scan", stack.directory)
    assert ended.code == 2
    assert 'labels.team  "web" -> "nobody"' in ended.out
    assert "(sensitive, changed)" in ended.out
    assert "main.tf:" in ended.out
    assert "another-secret-0815" not in ended.everything
    assert ESCAPE not in ended.everything


def test_unreadable_ends_3_though_there_is_drift(stack: WorldStack, trueup: Trueup) -> None:
    _drift(stack)
    stack.turn(**{"many-1": "deny"})
    ended = trueup.run("scan", stack.directory, "--json")
    assert ended.code == 3
    counts = ended.json["stacks"][0]["counts"]
    assert (counts["unreadable"], counts["changed"], counts["missing"]) == (1, 2, 1)


def test_an_error_ends_1_and_json_tells_it_too(stack: WorldStack, trueup: Trueup) -> None:
    stack.state.write_text("{")
    ended = trueup.run("scan", stack.directory, "--json")
    assert ended.code == 1
    (error,) = ended.json["errors"]
    assert error["stack"] == "code"
    assert "cut short" in error["message"]
    assert error["remedy"]
    assert "cut short" in ended.err


def test_one_broken_stack_hides_no_other(stack: WorldStack, trueup: Trueup, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "main.tf").write_text("resource {")
    ended = trueup.run("scan", stack.directory, tmp_path / "bad", "--json")
    assert ended.code == 1
    assert [one["stack"] for one in ended.json["stacks"]] == ["code"]
    assert [one["stack"] for one in ended.json["errors"]] == ["bad"]


def test_an_error_before_any_stack_is_json_too(trueup: Trueup, tmp_path: Path) -> None:
    (tmp_path / "trueup.toml").write_text("[daemon]\nno_such_setting = 1\n")
    for arguments in (("--config", tmp_path / "trueup.toml", "scan"), ("scan", "nowhere")):
        ended = trueup.run(*arguments, "--json", cwd=tmp_path)
        assert ended.code == 1, ended.everything
        assert ended.json["stacks"] == []
        (error,) = ended.json["errors"]
        assert error["stack"] is None
        assert error["message"] in ended.err


@pytest.mark.parametrize("output", ["words", "json"])
def test_a_directory_that_is_not_listed_is_told_from_those_that_are_scanned(
    stack: WorldStack, trueup: Trueup, tmp_path: Path, output: str
) -> None:
    (tmp_path / "trueup.toml").write_text(f"[[stack]]\ndirectory = '{stack.directory}'\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "main.tf").write_text("terraform {}\n")
    arguments = () if output == "words" else ("-o", "json")
    ended = trueup.run("scan", *arguments, cwd=tmp_path / "other")
    assert ended.code == 0, ended.everything
    assert ended.err == (
        "warning: other is not in trueup.toml; scanning its 1 stack."
        " `trueup scan .` scans this directory.\n"
    )
    if output == "json":
        assert [one["stack"] for one in ended.json["stacks"]] == ["code"]


def test_repeated_passes_stay_warm(stack: WorldStack, trueup: Trueup) -> None:
    noted = Trueup({**trueup.environment, **stack.environment}, trueup.mark)
    stack.forget_calls()
    ended = noted.run("scan", stack.directory, "--json", "--repeat", "3", "--every", "0s")
    assert ended.code == 0, ended.err
    passes = [json.loads(line)["stacks"][0] for line in ended.out.splitlines()]
    assert [one["counts"]["in_sync"] for one in passes] == [4, 4, 4]
    assert all(one["timing_ms"]["total"] > 0 for one in passes)
    assert stack.calls("plan") == 1, "the code is evaluated once"


def test_passes_for_people_show_the_time_of_each(stack: WorldStack, trueup: Trueup) -> None:
    ended = trueup.run("scan", stack.directory, "--repeat", "2", "--every", "0s")
    assert ended.code == 0
    assert "scan 1 of 2" in ended.out
    warm = ended.out.split("scan 2 of 2")[1]
    assert " ms (" in warm


def test_a_change_between_passes_is_seen(stack: WorldStack, trueup: Trueup) -> None:
    stack.turn(one="pause again")
    process = trueup.start("scan", stack.directory, "--json", "--repeat", "3", "--every", "0s")
    with killed_at_the_end(process):
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        _drift(stack)
        stack.turn(one=None)
        process.stdout.readline()  # this scan has read some of it before
        last = json.loads(process.stdout.readline())
        assert process.wait(60) == 2, "the last scan decides"
    assert first["stacks"][0]["findings"] == []
    assert len(last["stacks"][0]["findings"]) == 3


def test_two_scans_of_one_directory_at_once(stack: WorldStack, trueup: Trueup) -> None:
    _drift(stack)
    both = [trueup.start("scan", stack.directory, "--json") for _ in range(2)]
    told = [one.communicate(timeout=120)[0] for one in both]
    assert [one.returncode for one in both] == [2, 2]
    first, second = (json.loads(text)["stacks"][0]["findings"] for text in told)
    assert first == second


def test_a_reader_that_leaves_early_is_no_error(stack: WorldStack, trueup: Trueup) -> None:
    _drift(stack)
    process = trueup.start("scan", stack.directory, "--json")
    with killed_at_the_end(process):
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(60) == 141
        assert err == ""
        process.stdout = None


@pytest.mark.parametrize("no_colour", ["", "1"])
def test_colours_on_a_terminal_unless_not_wanted(
    no_colour: str, stack: WorldStack, trueup: Trueup
) -> None:
    _drift(stack)
    environment = {**trueup.environment, "NO_COLOR": no_colour, "TERM": "xterm-256color"}
    shown = _on_a_terminal(Trueup(environment, trueup.mark), stack, columns=100)
    assert "many[0]" in shown
    assert (ESCAPE in shown) == (not no_colour)


def test_80_columns_are_enough(stack: WorldStack, trueup: Trueup) -> None:
    _drift(stack)
    stack.turn(**{"many-1": "deny"})
    environment = {**trueup.environment, "NO_COLOR": "1", "TERM": "xterm"}
    shown = _on_a_terminal(Trueup(environment, trueup.mark), stack, columns=80)
    assert "AccessDenied" in shown
    # The first line names the directory, however long it is.
    assert [line for line in shown.splitlines()[1:] if len(line) > 80] == []


def _on_a_terminal(trueup: Trueup, stack: WorldStack, *, columns: int) -> str:
    """Scan with stdout on a terminal; return what it showed."""
    ours, theirs = pty.openpty()
    sized = Trueup({**trueup.environment, "COLUMNS": str(columns)}, trueup.mark)
    process = sized.start("scan", stack.directory, stdout=theirs)
    os.close(theirs)
    shown = b""
    with killed_at_the_end(process):
        limit = time.monotonic() + 90
        while time.monotonic() < limit:
            if not select.select([ours], [], [], 1.0)[0]:
                continue
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # all writers have gone
                break
            shown += chunk
        wait_for(lambda: process.poll() is not None)
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


def test_an_older_state_that_was_put_back_is_said(stack: WorldStack, trueup: Trueup) -> None:
    file = stack.directory / "terraform.tfstate"
    earlier = json.loads(file.read_text())
    file.write_text(json.dumps({**earlier, "serial": earlier["serial"] + 1}))
    assert "older copy" not in trueup.run("scan", stack.directory).out
    file.write_text(json.dumps(earlier))
    for _ in range(2):
        ended = trueup.run("scan", stack.directory, "--json")
        (report,) = ended.json["stacks"]
        assert f"older copy: it has the serial {earlier['serial']}" in report["warnings"][0]
    assert "older copy" in trueup.run("scan", stack.directory).out
