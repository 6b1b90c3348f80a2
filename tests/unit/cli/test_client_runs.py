"""Runs, their logs, holds and the audit, against a daemon that is not one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import Answer, FakeDaemon
from tests.unit.cli.scenes import HOSTILE


def test_runs_are_rows_and_one_is_told_by_resource(daemon: FakeDaemon, ask: Ask) -> None:
    progress = {"aws_a.b": "done", "aws_a.c": "failed"}
    daemon.lists("/runs", [api.run(progress=progress), api.run("d2" + "0" * 18, "started")])
    said = ask("runs")
    assert "finished" in said.lines[1]
    assert "42.5 s" in said.lines[1]
    assert said.lines[2].startswith("running")
    one = ask("runs", "d1")
    assert "= done      aws_a.b" in one.out
    assert "! failed    aws_a.c" in one.out


def test_a_log_is_printed_whole_and_without_commands(daemon: FakeDaemon, ask: Ask) -> None:
    pages: list[dict[str, Any]] = [
        {"items": [{"text": "one", "address": None, "step": None}], "next_offset": 3},
        {"items": [{"text": "  " + HOSTILE, "address": "a", "step": "done"}], "next_offset": 9},
        {"items": [], "next_offset": 9},
    ]
    daemon.lists("/runs", [api.run()])
    by_offset = dict(zip(("0", "3", "9"), pages, strict=True))
    daemon.routes["GET /runs/d100000000000000aaaa/log"] = lambda asked: {
        **by_offset[asked.query["offset"]],
        "ended": True,
    }
    said = ask("log", "d1")
    assert said.out == "one\n  a\\u001b[2Jb\\u202ec\\u000ad\n"
    as_json = ask("log", "d1", "--json")
    assert [json.loads(line)["text"] for line in as_json.lines] == ["one", "  " + HOSTILE]


def test_a_followed_log_ends_with_its_run(daemon: FakeDaemon, ask: Ask) -> None:
    said_so_far: list[str] = []

    def log(asked: Any) -> Any:
        offset = int(asked.query["offset"])
        items = [{"text": text} for text in said_so_far[offset:]]
        return {"items": items, "next_offset": len(said_so_far), "ended": len(said_so_far) > 2}

    def events(_: Any) -> Answer:
        said_so_far.append(f"line {len(said_so_far)}")
        return Answer(lines=("event: run.progress", "data: {}", ""))

    daemon.lists("/runs", [api.run(state="started")])
    daemon.routes["GET /runs/d100000000000000aaaa/log"] = log
    daemon.routes["GET /events"] = events
    said = ask("log", "d1", "-f")
    assert (said.code, said.out) == (0, "line 0\nline 1\nline 2\n")


def test_a_hold_can_end_by_itself(daemon: FakeDaemon, ask: Ask) -> None:
    # Ahead of our clock, which is said as now: two seconds are soon over on a busy machine.
    since = api.before(minutes=-5)
    hold = {"by": "ana", "reason": "deploying", "since": since, "until": None}
    daemon.has("POST /hold", {"hold": hold})
    assert "HOLD by ana just now: deploying" in ask("hold", "--until", "2h", "--reason", "d").out
    body = daemon.asked[-1].body
    assert body["reason"] == "d"
    left = datetime.fromisoformat(body["until"]) - datetime.now(UTC)
    assert timedelta(minutes=110) < left <= timedelta(hours=2)


@pytest.mark.parametrize("until", ["tomorrow", "2020-01-01T00:00:00Z", "-2h", ""])
def test_a_hold_until_no_time_is_refused(daemon: FakeDaemon, ask: Ask, until: str) -> None:
    assert ask("hold", f"--until={until}").code == 1
    assert not daemon.asked


def test_resume_says_whether_there_was_a_hold(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.has("GET /hold", {"hold": None})
    daemon.has("DELETE /hold", Answer(None, status=204))
    assert ask("resume").out == "there was no hold\n"
    hold = {"by": "ana", "reason": "deploying", "since": api.before(), "until": None}
    daemon.has("GET /hold", {"hold": hold})

    def released(_: object) -> Answer:
        daemon.has("GET /hold", {"hold": None})
        return Answer(None, status=204)

    daemon.routes["DELETE /hold"] = released
    assert ask("resume").out == "hold released; corrections go on\n"
    shop = {**hold, "stack": "shop"}
    daemon.has("GET /hold", {"hold": None, "holds": [shop]})
    daemon.has("DELETE /hold", Answer(None, status=204))
    said = ask("resume", "shop/thing.a").lines
    assert said[0] == "there was no hold"
    assert said[1].startswith("HOLD of shop by ana")
    assert daemon.sent("DELETE /hold")[-1].query == {"stack": "shop", "address": "thing.a"}


def test_audit_says_who_did_what(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.has("GET /audit", {"items": [api.audit_entry()], "next": None})
    said = ask("audit", "--subject", "e1")
    assert said.lines[1].split() == [
        *("7", "1", "min", "ago", "ana", "remediation.approved", "e1", "digest=9b"),
    ]
    assert daemon.asked[-1].query["subject"] == "e1"
