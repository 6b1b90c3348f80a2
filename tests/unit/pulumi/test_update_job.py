"""The job below the runner: what it keeps of the CLI's words, and which locks it removes."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.pulumi.update_job import RAW_FILE, Teller, reduced, remove_stale_lock
from iac_adapters.redaction.redactor import Redactor
from tests.patience import PATIENCE_S
from tests.unit.pulumi.run_lines import line, said, step, summary, urn

WORDS = Redactor(frozenset({"CANARY-known"}))
MODULE = "iac_adapters.pulumi.update_job"


def kept(content: bytes) -> Any:
    """Return what is kept of an event, as JSON."""
    told = reduced(content.strip(), WORDS)
    assert told is not None
    return json.loads(told)


def test_of_a_step_only_its_name_is_kept() -> None:
    secret = {"inputs": {"a": "CANARY-any"}}
    found = kept(step("outputs", "update", old=secret, new=secret, detailedDiff={"a": {}}))
    metadata = {"op": "update", "urn": urn("web"), "type": "shop:index:Thing"}
    assert found == {"resOutputsEvent": {"metadata": metadata}}


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("no CANARY-known here", "no *** here", "a word of the stack"),
        (
            f"resource {urn('web')} violates plan: properties changed: ~~a[{{CANARY}}!={{x}}]",
            f"resource {urn('web')} violates plan: properties changed: ...",
            "both sides stand there",
        ),
        (
            "violates plan: properties changed: ~~a[\nCANARY\n]",
            "violates plan: properties changed: ...",
            "however many lines it takes",
        ),
        ("violates plan: ids changed: CANARY", "violates plan: ids changed: ...", "of any kind"),
        ("violates plan: parent changed (CANARY)", "violates plan: parent changed ...", "likewise"),
        ("bad password=CANARY", "bad password=***", "whatever it is"),
        (
            'Traceback (most recent call last):\n  File "a.py", line 7, in f\n    boom()\nE: no',
            "a.py:7: E: no",
            "one line says it",
        ),
    ],
)
def test_messages_are_kept_without_secrets(text: str, expected: str, reason: str) -> None:
    found = kept(said(text, about="web"))
    told = {"severity": "error", "message": expected, "urn": urn("web")}
    assert found == {"diagnosticEvent": told}, reason


@pytest.mark.parametrize(
    "content",
    [
        said("string_value: CANARY-any", "debug"),
        said("CANARY-any", "info#err"),
        line({"preludeEvent": {"config": {"a": "CANARY-any"}}}),
        line({"stdoutEvent": {"message": "CANARY-any"}}),
        line({"cancelEvent": {}}),
        b"",
        b"   ",
    ],
)
def test_what_may_hold_anything_is_not_kept(content: bytes) -> None:
    assert reduced(content.strip(), WORDS) is None


def test_an_error_of_the_cli_itself_is_kept_as_one() -> None:
    found = kept(b"error: the stack is currently locked by 1 lock(s)")
    told = {"severity": "error", "message": "the stack is currently locked by 1 lock(s)"}
    assert found == {"diagnosticEvent": told}
    assert reduced(b"  created by ada CANARY-known", WORDS) == "created by ada ***"


def test_of_a_summary_only_the_counts_are_kept() -> None:
    told = {"resourceChanges": {"update": 1}, "result": "failed", "durationSeconds": 1}
    assert kept(summary("failed", update=1)) == {"summaryEvent": told}
    assert kept(line({"summaryEvent": {"PolicyPacks": {"a": "CANARY"}}})) == {
        "summaryEvent": {"resourceChanges": None, "result": None, "durationSeconds": None}
    }


@given(st.lists(st.binary(max_size=30), max_size=6), st.integers(1, 7))
def test_lines_are_told_whole_however_they_come(lines: list[bytes], size: int) -> None:
    content = b"\n".join(part.replace(b"\n", b"") for part in lines) + b"\n"

    def told(*chunks: bytes) -> str:
        target = io.StringIO()
        teller = Teller(target, WORDS)
        for chunk in chunks:
            teller.take(chunk)
        return target.getvalue()

    pieces = (content[i : i + size] for i in range(0, len(content), size))
    assert told(*pieces) == told(content)


def lock(folder: Path, *, pid: int, at: datetime, hostname: str | None = None) -> Path:
    file = folder / "lock.json"
    content = {
        "pid": pid,
        "username": "ada",
        "hostname": hostname or socket.gethostname(),
        "timestamp": at.isoformat(),
    }
    file.write_text(json.dumps(content))
    return file


def gone() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def test_exactly_the_lock_that_was_found_dead_is_removed(tmp_path: Path) -> None:
    pid, at = gone(), datetime.now(UTC)
    file = lock(tmp_path, pid=pid, at=at)
    remove_stale_lock(file, pid=pid + 1, timestamp=at.isoformat())
    remove_stale_lock(file, pid=pid, timestamp=(at + timedelta(seconds=1)).isoformat())
    assert file.exists()
    remove_stale_lock(file, pid=pid, timestamp=at.isoformat())
    assert not file.exists()
    remove_stale_lock(file, pid=pid, timestamp=at.isoformat())


def test_a_lock_that_somebody_holds_is_never_removed(tmp_path: Path) -> None:
    at = datetime.now(UTC)
    file = lock(tmp_path, pid=os.getpid(), at=at)
    remove_stale_lock(file, pid=os.getpid(), timestamp=at.isoformat())
    assert file.exists()
    pid = gone()
    file = lock(tmp_path, pid=pid, at=at, hostname="elsewhere")
    remove_stale_lock(file, pid=pid, timestamp=at.isoformat())
    assert file.exists()
    file.write_bytes(b"{")
    remove_stale_lock(file, pid=0, timestamp="")
    assert file.exists()


def job(folder: Path, script: str) -> subprocess.Popen[str]:
    """Start the job for a script in place of the CLI, in a session of its own."""
    told = {"command": ["/bin/sh", "-c", script], "stale_locks": [], "secrets": ["CANARY-known"]}
    (folder / "plan-job.json").write_text(json.dumps(told))
    return subprocess.Popen(
        [sys.executable, "-P", "-m", MODULE, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_it_ends_as_the_cli_ends_and_leaves_no_raw_word(tmp_path: Path) -> None:
    process = job(tmp_path, "echo it is CANARY-known; exit 7")
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (7, "it is ***\n")
    assert not (tmp_path / RAW_FILE).exists()


def test_a_killed_cli_is_told_when_its_plugins_have_done_what_they_were_at(tmp_path: Path) -> None:
    done = tmp_path / "done"
    process = job(tmp_path, f"(sleep 1; touch {done}) & kill -TERM $$")
    process.communicate(timeout=PATIENCE_S)
    assert process.returncode == -signal.SIGTERM
    assert done.exists()
    assert not (tmp_path / RAW_FILE).exists()


def test_it_asks_the_cli_to_stop_once_and_no_more(tmp_path: Path) -> None:
    end = tmp_path / "end"
    script = f"trap 'echo asked' INT; echo up; until [ -e {end} ]; do sleep 0.05; done; exit 1"
    process = job(tmp_path, script)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "asked\n"
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1)
    # Whoever ends all of a group reaches the CLI without us.
    process.send_signal(signal.SIGTERM)
    end.touch()
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (1, "")


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    told = {"command": [str(tmp_path / "none")], "stale_locks": [], "secrets": []}
    (tmp_path / "plan-job.json").write_text(json.dumps(told))
    ended = subprocess.run(
        [sys.executable, "-P", "-m", MODULE, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 127
    assert ended.stdout == "the command could not be started: No such file or directory\n"
