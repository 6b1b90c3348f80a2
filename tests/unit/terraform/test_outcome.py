"""What a log and a record come to: clean only where that can be shown."""

from __future__ import annotations

import json
import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.redaction.redactor import Redactor, redactor_of
from iac_adapters.terraform.correction import applying
from iac_adapters.terraform.left_state import ERRORED_STATE
from iac_adapters.terraform.outcome import outcome_of
from iac_adapters.terraform.run_log import progress_of
from reconciler.ports import Done, Exited, Failed, InDoubt, Outcome, Progress, Step, Vanished

SECRET = "hunter2-hunter2"
LOCK = """state blob is already locked
Lock Info:
  ID:        4f2b
  Path:      terraform.tfstate
  Operation: OperationTypeApply
  Who:       ann@laptop
  Version:   1.11.4
  Created:   2026-05-01 10:00:00 UTC
  Info:
"""


def line(kind: str, address: str = "a.b", action: str = "update", **more: Any) -> bytes:
    hook = {"resource": {"addr": address}, "action": action, "elapsed_seconds": 2, **more}
    return json.dumps({"type": kind, "hook": hook}).encode()


def error(summary: str, detail: str = "", **more: Any) -> bytes:
    told = {"severity": "error", "summary": summary, "detail": detail, **more}
    return json.dumps({"type": "diagnostic", "diagnostic": told}).encode()


def summary(**counts: int) -> bytes:
    changes = {"add": 0, "change": 0, "remove": 0, "operation": "apply", **counts}
    return json.dumps({"type": "change_summary", "changes": changes}).encode()


def exited(code: int, *, interrupted: bool = False) -> Exited:
    return Exited(code, datetime(2026, 5, 1, tzinfo=UTC), interrupted)


class Run:
    def __init__(self, folder: Path) -> None:
        self.stack, self.run = folder / "stack", folder / "run"
        self.stack.mkdir()
        self.run.mkdir()
        (self.run / "started.json").write_text("{}")

    def came_to(self, ended: Exited | Vanished, *lines: bytes) -> Outcome:
        (self.run / "log").write_bytes(b"\n".join(lines))
        return outcome_of(
            self.stack,
            tool="terraform",
            ended=ended,
            log=self.run / "log",
            redactor=Redactor(frozenset({SECRET})),
        )


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_what_was_done_is_counted(run: Run) -> None:
    assert run.came_to(exited(0), summary(change=1, add=2)) == Done("2 created, 1 changed")
    assert run.came_to(exited(0), summary()) == Done("nothing changed")


def test_an_error_with_every_end_known_is_a_clean_failure(run: Run) -> None:
    told = run.came_to(exited(1), line("apply_start"), line("apply_errored"), error("no", "why"))
    assert isinstance(told, Failed)
    assert "no" in told.reason
    assert "why" in told.reason


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        (1, [line("apply_start"), error("crashed")]),
        (1, [line("apply_start"), line("apply_start", "a.c"), line("apply_errored"), error("x")]),
        (1, [line("apply_start"), line("apply_complete")]),
        (1, []),
        (1, [line("apply_start"), line("apply_complete"), b'{"type": "diagn']),
        (1, [line("apply_start"), line("apply_errored"), error("Failed to persist state")]),
        (-9, [line("apply_start"), line("apply_complete")]),
        (-15, []),
    ],
)
def test_what_cannot_be_shown_to_be_clean_is_in_doubt(
    run: Run, code: int, lines: list[bytes]
) -> None:
    assert isinstance(run.came_to(exited(code), *lines), InDoubt)


def test_an_error_with_exit_code_0_is_repeated_and_left_to_a_read(run: Run) -> None:
    told = run.came_to(exited(0), error(f"quota of {SECRET} exceeded"), summary(change=1))
    assert isinstance(told, Failed)
    assert told.read_first
    assert "exit code 0, and yet said: " in told.reason
    assert SECRET not in told.reason


@pytest.mark.parametrize("code", [1, 2, 127, 255])
def test_garbage_for_a_log_is_in_doubt(run: Run, code: int) -> None:
    told = run.came_to(exited(code), b'{"type": "apply_st', b"\xff\x00{}", b"[1, 2", b'{"type": 7}')
    assert isinstance(told, InDoubt)


def test_a_log_of_any_length_is_read_in_little_memory(run: Run) -> None:
    log = run.run / "log"
    log.write_bytes(line("apply_start") + b"\n" + line("apply_complete") + b"\n")
    os.truncate(log, 2**28)  # the rest is one endless line, which takes no room on the disk
    tracemalloc.start()
    try:
        told = outcome_of(
            run.stack, tool="terraform", ended=exited(0), log=log, redactor=Redactor(frozenset())
        )
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(told, Done)
    assert most < 2**24


def test_a_run_without_a_record_is_in_doubt_whatever_its_log_says(run: Run) -> None:
    assert isinstance(run.came_to(Vanished(), summary(change=1)), InDoubt)


def test_a_state_that_could_not_be_kept_is_in_doubt(run: Run) -> None:
    (run.stack / ERRORED_STATE).write_text("{}")
    told = run.came_to(exited(1), line("apply_start"), line("apply_complete"), error("x"))
    assert isinstance(told, InDoubt)
    assert told.for_person
    assert f"state push {ERRORED_STATE}" in told.reason


def test_a_state_that_an_earlier_run_left_is_not_this_ones(run: Run) -> None:
    left = run.stack / ERRORED_STATE
    left.write_text("{}")
    os.utime(left, (0, 0))
    assert isinstance(run.came_to(exited(0), summary(change=1)), Done)


def test_a_stale_plan_is_told_from_other_errors(run: Run) -> None:
    told = run.came_to(exited(1), error("Saved plan is stale", "the state changed"))
    assert isinstance(told, Failed)
    assert told.stale


def test_who_holds_the_lock_is_named(run: Run) -> None:
    told = run.came_to(exited(1), error("Error acquiring the state lock", LOCK))
    assert isinstance(told, Failed)
    assert "ann@laptop, since 2026-05-01 10:00:00 UTC, for OperationTypeApply" in told.reason
    assert not told.stale


def test_one_that_was_asked_to_stop_says_how_far_it_came(run: Run) -> None:
    told = run.came_to(
        exited(1, interrupted=True), line("apply_start"), line("apply_complete"), error("halted")
    )
    assert told == Failed("it was asked to stop; 1 resources were dealt with before")


def test_a_command_that_did_not_start_changed_nothing(run: Run) -> None:
    told = run.came_to(exited(127), b"the command could not be started: No such file\n")
    assert told == Failed("the command could not be started: No such file")


def test_a_reason_repeats_no_secret_and_no_code(run: Run) -> None:
    snippet = {"code": 'password = "not-marked"', "start_line": 1}
    told = run.came_to(
        exited(1), error(f"{SECRET} is refused", f"password={SECRET}", snippet=snippet)
    )
    assert isinstance(told, Failed)
    assert SECRET not in told.reason
    assert "not-marked" not in told.reason
    assert "is refused" in told.reason


@pytest.mark.parametrize(
    ("said", "step"),
    [
        (line("apply_start", action="create"), Step.CREATING),
        (line("apply_start", action="delete"), Step.DELETING),
        (line("apply_progress"), Step.UPDATING),
        (line("apply_complete"), Step.DONE),
        (line("apply_errored"), Step.FAILED),
    ],
)
def test_a_resource_can_be_followed(said: bytes, step: Step) -> None:
    told = progress_of(said)
    assert told is not None
    assert (told.address, told.step) == ("a.b", step)
    assert told.text.startswith("a.b: ")


def test_progress_repeats_no_values() -> None:
    redactor = Redactor(frozenset({SECRET}))
    refused = error(f'value "a" is not allowed, nor is {SECRET}', address="a.b")
    told = progress_of(refused, redactor=redactor)
    assert told == Progress("error: a.b: value ... is not allowed, nor is ***")
    told = progress_of(refused)
    assert told == Progress("error: a.b: failed; the summary of the run says why")
    started = progress_of(line("apply_start", id_key="id", id_value=SECRET))
    assert started is not None
    assert SECRET not in started.text


def test_reads_and_warnings_are_of_no_interest() -> None:
    warning = {"type": "diagnostic", "diagnostic": {"severity": "warning", "summary": "targets"}}
    assert progress_of(json.dumps(warning).encode()) is None
    assert progress_of(line("apply_start", "data.a.b", "read")) is None


def test_credentials_of_the_environment_are_not_repeated() -> None:
    environment = {"AWS_SECRET_ACCESS_KEY": SECRET, "HOME": "/home/ann-and-others"}
    redactor = redactor_of((), environment)
    assert redactor.without(f"{SECRET} in /home/ann-and-others") == "*** in /home/ann-and-others"


def test_an_apply_gets_no_arguments_from_the_environment() -> None:
    environment = {
        "TF_CLI_ARGS": "-x",
        "TF_CLI_ARGS_apply": "-y",
        "TF_LOG": "trace",
        "TF_VAR_a": "b",
    }
    kept = applying(environment)
    assert kept["TF_VAR_a"] == "b"
    assert not {name for name in kept if name.startswith(("TF_CLI_ARGS", "TF_LOG"))}
    assert kept["TF_IN_AUTOMATION"] == "1"
