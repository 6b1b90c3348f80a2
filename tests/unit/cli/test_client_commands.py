"""Each command against a daemon that answers as `docs/api.md` says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import Answer, FakeDaemon

GLYPHS = ("=", "~", "!", ".")
HOSTILE = "a\x1b[2Jb\u202ec\nd"


def fleet(daemon: FakeDaemon, *stacks: dict[str, Any], hold: Any = None) -> None:
    daemon.has("GET /hold", {"hold": hold})
    daemon.lists("/stacks", list(stacks), key="name")
    daemon.lists("/remediations", [])


def test_status_has_a_line_per_stack_and_says_how_fresh_it_is(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(
        daemon,
        api.stack("webshop", health="drifted", findings={"critical": 1, "high": 2}),
        api.stack("network"),
        api.stack(
            "billing",
            health="error",
            error="the state is locked",
            error_since=api.before(hours=2.5),
            verified_at=api.before(days=1.5),
        ),
        api.stack("new", health="never_run", verified_at=None, next_due_at=None),
    )
    said = ask("status")
    assert said.code == 0
    by_name = {line.split()[1]: line for line in said.lines if line.startswith(GLYPHS)}
    assert "drifted" in by_name["webshop"]
    assert "1 critical, 2 high" in by_name["webshop"]
    assert "4 min ago" in by_name["network"]
    assert "in 10 min" in by_name["network"]
    assert "error for 2 h" in by_name["billing"]
    assert "1 d ago" in by_name["billing"]
    assert "never run" in by_name["new"]
    assert "billing: the state is locked" in said.out
    assert "4 stacks:" in said.out
    assert "3 findings: 1 critical, 2 high" in said.out


def test_status_begins_with_the_hold(daemon: FakeDaemon, ask: Ask) -> None:
    hold = {"by": "ana", "reason": "deploying", "since": api.before(minutes=5.5), "until": None}
    fleet(daemon, api.stack(), hold=hold)
    assert ask("status").lines[0] == "HOLD by ana 5 min ago: deploying"


def test_status_says_who_is_waited_for(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(daemon, api.stack())
    daemon.lists("/remediations", [api.remediation(), api.remediation("x" * 20, "converged")])
    assert "1 waits for an approval: trueup remediations --state" in ask("status").out


def test_status_json_holds_what_the_api_said(daemon: FakeDaemon, ask: Ask) -> None:
    stack = api.stack()
    fleet(daemon, stack)
    assert ask("status", "--json").json == {"hold": None, "stacks": [stack], "remediations": []}


def test_status_without_stacks_says_what_to_do(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(daemon)
    assert "trueup init" in ask("status").out


def test_status_tells_times_as_they_are_when_asked(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(daemon, api.stack(verified_at="2026-05-01T10:00:00.000Z"))
    assert "2026-05-01 10:00:00Z" in ask("status", "-v").out


def test_findings_are_rows_with_ids_that_can_be_typed(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists(
        "/findings",
        [
            api.finding("f1000000111111111111", severity="critical"),
            api.finding("f1000000122222222222", "aws_s3_bucket.b", kind="missing", changes=[]),
        ],
    )
    said = ask("findings")
    assert said.lines[0].split()[:3] == ["SEVERITY", "STACK", "ADDRESS"]
    assert said.lines[1].split()[:4] == ["~", "critical", "webshop", "aws_sqs_queue.orders"]
    assert "visibility_timeout_seconds" in said.lines[1]
    assert "all of it" in said.lines[2]
    assert said.lines[-1] == "2 findings: 1 critical, 1 medium"


def test_ids_in_a_list_are_as_short_as_they_are_unique(daemon: FakeDaemon, ask: Ask) -> None:
    ids = ["f1000000111111111111", "f1000000122222222222", "f2000000000000000000"]
    daemon.lists("/findings", [api.finding(one, f"a.b{one}") for one in ids])
    shown = [line.split()[-1] for line in ask("findings").lines[1:4]]
    assert shown == ["f100000011", "f100000012", "f200000000"]


def test_a_filter_reaches_the_daemon_as_it_was_meant(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/findings", [])
    assert "nothing matches" in ask("findings", "stack:web", "severity:>=high", "address:a b").out
    assert daemon.asked[-1].query["filter"] == 'stack:web severity:>=high address:"a b"'


def test_a_filter_that_makes_no_sense_is_told(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.refuses("GET /findings", 422, "invalid", "the term `knid:` is not known", remedy="kind:")
    said = ask("findings", "knid:missing")
    assert (said.code, said.out) == (1, "")
    assert "the term `knid:` is not known" in said.err


def test_more_findings_than_asked_for_are_announced(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/findings", [api.finding(f"{n:020}", f"a.b{n}") for n in range(5)])
    assert "there are more: --limit 0 lists all" in ask("findings", "--limit", "3").out
    assert len(ask("findings", "--limit", "0", "--json").json["items"]) == 5


def shown_finding(daemon: FakeDaemon, **more: Any) -> None:
    finding = api.finding(**more)
    daemon.lists("/findings", [finding])
    report = {
        "report_id": "r1",
        "timestamp": api.before(hours=2.5),
        "event": "detected",
        "drift_details": {"changes": [api.change()]},
    }
    daemon.has("GET /drift/reports", {"items": [report], "next": None})
    daemon.lists("/remediations", [api.remediation(note="waits for a yes")])


@pytest.mark.parametrize(
    "given",
    [
        "f100000000000000aaaa",
        "f1000000",
        "f",
        "aws_sqs_queue.orders",
        "webshop/aws_sqs_queue.orders",
    ],
)
def test_a_finding_can_be_named_in_many_ways(daemon: FakeDaemon, ask: Ask, given: str) -> None:
    shown_finding(daemon)
    said = ask("show", given, "--json")
    assert (said.code, said.json["id"]) == (0, "f100000000000000aaaa")


def test_show_tells_the_difference_the_history_and_the_remedy(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    said = ask("show", "f1")
    assert "~ medium   aws_sqs_queue.orders" in said.out
    assert "visibility_timeout_seconds  45 -> 99 (live)" in said.out
    assert "12 times, first 2 h ago, last 1 min ago" in said.out
    assert "2 h ago      detected  visibility_timeout_seconds" in said.out
    assert "awaiting approval\n    waits for a yes" in said.out
    asked = daemon.sent("GET /drift/reports")[0]
    assert asked.query["resource_id"] == "webshop/aws_sqs_queue.orders"


def test_three_differing_values_are_shown_side_by_side(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon, changes=[api.change(declared=30, origin="both")], origin="both")
    assert "declared 30  recorded 45  live 99" in ask("show", "f1").out


def test_a_secret_is_never_more_than_a_note(daemon: FakeDaemon, ask: Ask) -> None:
    masked = {"declared": {"digest": "d1"}, "recorded": {"digest": "d1"}, "live": {"digest": "d2"}}
    shown_finding(daemon, changes=[api.change("password", sensitive=True, **masked)])
    said = ask("show", "f1")
    assert "password  (sensitive, changed)" in said.out
    assert "d2" not in said.out


def test_an_ambiguous_finding_is_told_with_its_candidates(daemon: FakeDaemon, ask: Ask) -> None:
    ids = ("f1000000111111111111", "f1000000122222222222")
    daemon.lists("/findings", [api.finding(one, f"a.b{one[-3:]}") for one in ids])
    said = ask("show", "f1")
    assert (said.code, said.out) == (1, "")
    assert all(one in said.err for one in ids)


def test_an_unknown_finding_is_told_with_the_nearest(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    assert "did you mean aws_sqs_queue.orders" in ask("show", "aws_sqs_queue.order").err
    assert "trueup findings" in ask("show", "zz").err


def test_a_kind_of_finding_from_a_newer_daemon_is_told_and_no_crash(
    daemon: FakeDaemon, ask: Ask
) -> None:
    shown_finding(daemon, kind="teleported")
    said = ask("show", "f1")
    assert said.code == 1
    assert "not understood" in said.err
    assert "failed" not in said.err


def test_a_plan_is_told_with_destruction_first_and_its_whole_digest(
    daemon: FakeDaemon, ask: Ask
) -> None:
    resources = [
        *api.plan()["resources"],
        {"address": "aws_eip.a", "type": "aws_eip", "action": "delete", "changes": []},
        {"address": "aws_new.a", "type": "aws_new", "action": "teleport", "changes": []},
    ]
    made = api.plan(resources=resources, concerns=["aws_eip.a would be deleted"], outputs=["ip"])
    daemon.has("GET /stacks/webshop", api.stack())
    daemon.has("POST /stacks/webshop/plan", made)
    said = ask("plan", "webshop")
    acts = [line.split()[1] for line in said.lines if line[:1] in "?-~" and "aws_" in line]
    assert acts == ["teleport", "delete", "update"]
    assert "visibility_timeout_seconds  99 -> 45" in said.out
    assert "! aws_eip.a would be deleted" in said.out
    assert "~ outputs  ip" in said.out
    assert said.lines[-1] == f"digest {api.DIGEST}"


def test_a_plan_of_a_finding_is_asked_by_its_id(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    daemon.has("POST /findings/f100000000000000aaaa/plan", api.plan())
    assert ask("plan", "webshop/aws_sqs_queue.orders", "--json").json == api.plan()


def test_what_is_neither_finding_nor_stack_is_told(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    assert "there is no finding and no stack nonsense" in ask("plan", "nonsense").err


def test_an_approval_sends_exactly_the_digest_that_was_given(daemon: FakeDaemon, ask: Ask) -> None:
    one = api.remediation()
    daemon.lists("/remediations", [one])
    daemon.has(f"POST /remediations/{one['id']}/approve", {**one, "state": "queued"})
    said = ask("approve", "e1", "--digest", "abc")
    assert (said.code, said.out) == (0, f"{one['id']}  approved, now queued\n")
    assert daemon.asked[-1].body == {"plan_digest": "abc"}


def test_nothing_is_approved_without_a_digest_or_an_answer(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/remediations", [api.remediation()])
    said = ask("approve", "e1")
    assert (said.code, said.out) == (1, "")
    assert f"--digest {api.DIGEST}" in said.err
    assert "visibility_timeout_seconds  99 -> 45" in said.err
    assert not [one for one in daemon.asked if one.method == "POST"]


def test_what_awaits_no_approval_cannot_be_asked_about(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/remediations", [api.remediation(state="converged")])
    assert "it is converged" in ask("approve", "e1").err


def test_another_plan_than_the_approved_one_is_a_conflict(daemon: FakeDaemon, ask: Ask) -> None:
    one = api.remediation()
    daemon.lists("/remediations", [one])
    path = f"POST /remediations/{one['id']}/approve"
    daemon.refuses(path, 409, "plan-digest-mismatch", "this is not its plan")
    said = ask("approve", "e1", "--digest", "abc")
    assert (said.code, said.out) == (1, "")
    assert "this is not its plan" in said.err
    assert "help: the plan has changed" in said.err


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("reject", {"reason": "no"}),
        ("retry", {"reason": "no"}),
        ("suppress", {"reason": "no"}),
        ("cancel", None),
    ],
)
def test_a_decision_is_one_call(
    daemon: FakeDaemon, ask: Ask, verb: str, body: dict[str, str] | None
) -> None:
    one = api.remediation()
    daemon.lists("/remediations", [one])
    daemon.has(f"POST /remediations/{one['id']}/{verb}", {**one, "state": "cancelled"})
    said = ask(verb, "e1", *(["--reason", "no"] if body else []))
    assert (said.code, said.out) == (0, f"{one['id']}  cancelled\n")
    assert daemon.asked[-1].body == body


def test_a_rejection_needs_a_reason(daemon: FakeDaemon, ask: Ask) -> None:
    assert "--reason" in ask("reject", "e1").err
    assert not daemon.asked


def test_a_correction_is_asked_for_by_the_findings_report(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    daemon.has("POST /remediations", Answer(api.remediation(state="queued"), status=201))
    assert "queued" in ask("remediate", "f1").out
    assert daemon.asked[-1].body == {"report_id": "r1", "action_type": "manual_review"}


def test_remediations_are_those_that_have_not_ended(daemon: FakeDaemon, ask: Ask) -> None:
    ended = api.remediation("e2" + "0" * 18, "converged")
    daemon.lists("/remediations", [api.remediation(), ended])
    assert "converged" not in ask("remediations").out
    assert "awaiting approval  manual review  webshop  aws_sqs" in ask("remediations").out
    assert "awaiting" not in ask("remediations", "--state", "converged").out
    assert len(ask("remediations", "--state", "all", "--json").json["items"]) == 2


def test_a_remediation_says_what_can_be_done_next(daemon: FakeDaemon, ask: Ask) -> None:
    one = api.remediation(
        hold={"reason": "a freeze", "until": None},
        approvals=[{"person": "bo", "plan_digest": "x", "at": api.before(minutes=1.5)}],
    )
    daemon.lists("/remediations", [one])
    said = ask("remediation", "e1")
    assert "held        a freeze" in said.out
    assert "approved    by bo 1 min ago" in said.out
    assert said.lines[-1] == f"decide: trueup approve {one['id']} --digest {api.DIGEST}"


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
    hold = {"by": "ana", "reason": "deploying", "since": api.before(), "until": None}
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
    assert ask("resume").out == "nothing was held\n"
    daemon.has("GET /hold", {"hold": {"by": "ana"}})
    assert ask("resume").out == "released; corrections go on\n"


def test_audit_says_who_did_what(daemon: FakeDaemon, ask: Ask) -> None:
    entry = {
        "seq": 7,
        "at": api.before(minutes=1.5),
        "actor": "ana",
        "action": "remediation.approved",
        "subject": "e1",
        "details": {"digest": "9b"},
    }
    daemon.has("GET /audit", {"items": [entry], "next": None})
    said = ask("audit", "--subject", "e1")
    assert said.lines[1].split() == [
        *("7", "1", "min", "ago", "ana", "remediation.approved", "e1", "digest=9b"),
    ]
    assert daemon.asked[-1].query["subject"] == "e1"


def test_a_new_token_is_on_stdout_alone_and_once(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.has("POST /tokens", Answer({**api.token(), "token": "tu_new.secret"}, status=201))
    said = ask("token", "add", "ana", "--role", "approver", "--expires-in", "90d")
    assert said.out == "tu_new.secret\n"
    assert "tu_new.secret" not in said.err
    assert daemon.asked[-1].body == {"name": "ana", "role": "approver", "expires_in": "90d"}


def test_a_token_is_removed_by_name(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/tokens", [api.token(), api.token(token_id="k2", name="bo")], key="token_id")
    daemon.has("DELETE /tokens/k2", Answer(None, status=204))
    assert ask("token", "remove", "bo").out == "removed token k2 of bo\n"
    assert "bo  " in ask("token", "list").out


def test_a_stack_is_added_by_its_real_directory(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web.env").write_text("")
    daemon.has("POST /stacks", Answer(api.stack(), status=201))
    said = ask("stack", "add", "web", "--interval", "5m", "--env-file", "web.env", "--adaptive")
    assert said.code == 0
    assert daemon.asked[-1].body == {
        "directory": str(tmp_path / "web"),
        "interval": "5m",
        "env_file": str(tmp_path / "web.env"),
        "adaptive": True,
    }


def test_editing_a_stack_keeps_what_is_not_named(daemon: FakeDaemon, ask: Ask) -> None:
    definition = {"directory": "/srv/webshop", "workspace": "blue", "var_files": ["/a.tfvars"]}
    daemon.has("GET /stacks/webshop", api.stack(definition=definition))
    daemon.has("PUT /stacks/webshop", api.stack())
    assert ask("stack", "edit", "webshop", "--interval", "1h").code == 0
    assert daemon.asked[-1].body == {
        "directory": "/srv/webshop",
        "interval": "1h",
        "adaptive": False,
        "workspace": "blue",
        "var_files": ["/a.tfvars"],
    }
    assert "nothing is to be changed" in ask("stack", "edit", "webshop").err


def test_a_stack_can_be_listed_shown_scanned_and_removed(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/stacks", [api.stack()], key="name")
    daemon.has("POST /stacks/webshop/scan", Answer({"stack": "webshop", "queued": True}, 202))
    daemon.has("DELETE /stacks/webshop", Answer(None, status=204))
    assert "webshop  terraform  15 min  in sync  config  /srv/webshop" in ask("stack", "list").out
    assert "looked at   every 15 min" in ask("stack", "show", "web").out
    assert ask("stack", "scan", "webshop", "--json").json["queued"] is True
    assert "watched no longer" in ask("stack", "remove", "webshop").out
    assert "did you mean webshop?" in ask("stack", "show", "webshoop").err


def test_a_template_is_uploaded_as_it_is(daemon: FakeDaemon, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_bytes(b"resource_type: aws_sqs_queue\n")
    (tmp_path / "q.json").write_bytes(b' {"resource_type": "aws_sqs_queue"}')
    daemon.has("POST /templates", Answer(api.template(), status=201))
    assert "visibility_timeout_seconds" in ask("template", "add", "q.yaml").out
    assert daemon.asked[-1].content == b"resource_type: aws_sqs_queue\n"
    assert daemon.asked[-1].headers["content-type"] == "application/yaml"
    ask("template", "add", "q.json")
    assert daemon.asked[-1].headers["content-type"] == "application/json"


def test_a_template_can_be_found_shown_changed_and_removed(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "q.json").write_bytes(b"{}")
    derived = api.template(template_id="res-1", resource_id="web/a.b", name="", source="stack")
    daemon.lists("/templates", [api.template(), derived], key="template_id")
    daemon.has("GET /templates/t1000000/revisions", {"items": [api.template()], "next": None})
    daemon.has("PUT /templates/t1000000", api.template(revision=3))
    daemon.has("DELETE /templates/t1000000", Answer(None, status=204))
    assert "web/a.b" in ask("template", "list").out
    assert ask("template", "show", "web/a.b", "--json").json["template_id"] == "res-1"
    assert "applies to  */aws_sqs_queue.orders" in ask("template", "show", "orders queue").out
    assert len(ask("template", "show", "t1", "--revisions", "--json").json["items"]) == 1
    assert "revision    3" in ask("template", "edit", "t1", "q.json").out
    assert ask("template", "remove", "t1").out == "removed template orders queue\n"


@pytest.mark.parametrize("command", [("findings",), ("remediations",), ("runs",), ("show", "f1")])
def test_what_is_live_never_commands_the_terminal(
    daemon: FakeDaemon, ask: Ask, command: tuple[str, ...]
) -> None:
    shown_finding(daemon, address=HOSTILE, changes=[api.change(HOSTILE, live=HOSTILE)])
    daemon.lists("/remediations", [api.remediation(addresses=[HOSTILE], note=HOSTILE)])
    daemon.lists("/runs", [api.run(summary=HOSTILE, progress={HOSTILE: "done"})])
    said = ask(*command)
    assert said.code == 0
    assert not set("\x1b\u202e") & set(said.out)
