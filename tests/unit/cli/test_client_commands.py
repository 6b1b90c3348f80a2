"""Each command against a daemon that answers as `docs/api.md` says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask, Said
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.scenes import fleet, shown_finding

GLYPHS = ("=", "~", "!", ".")


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
    assert "1 waits for approval: trueup remediations --state" in ask("status").out


def test_status_counts_what_is_only_observed_as_held(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(daemon, api.stack())
    observed = api.remediation("x" * 20, "decided", guard="mode")
    asked_now = api.remediation("y" * 20, "decided")
    daemon.lists("/remediations", [api.remediation(state="held"), observed, asked_now])
    assert "2 wait for a guard: trueup remediations\n" in ask("status").out


def test_status_json_holds_what_the_api_said(daemon: FakeDaemon, ask: Ask) -> None:
    stack = api.stack()
    fleet(daemon, stack)
    assert ask("status", "--json").json == {
        "hold": None,
        "holds": [],
        "stacks": [stack],
        "remediations": [],
        "ignores": [],
        "quarantines": [],
        "failing_channels": [],
    }


def test_status_and_show_name_every_hold_and_how_it_ends(daemon: FakeDaemon, ask: Ask) -> None:
    since = api.before(minutes=5.5)
    shop = {"by": "ana", "reason": "incident", "since": since, "stack": "webshop", "until": None}
    breaker = {"by": "trueup", "reason": "3 failed", "since": since, "until": None, "unasked": True}
    other = {**shop, "stack": "other"}
    fleet(daemon, api.stack())
    shown_finding(daemon)
    daemon.has("GET /hold", {"hold": None, "holds": [breaker, shop, other]})
    said = ask("status").lines
    assert said[0] == "HOLD by trueup 5 min ago: 3 failed"
    assert said[1].endswith("only what a person approves is corrected until `trueup resume`")
    assert said[2] == "HOLD of webshop by ana 5 min ago: incident"
    assert said[3].endswith("nothing of webshop is corrected until `trueup resume webshop`")
    shown = ask("show", "f100000000000000aaaa").out
    assert "HOLD of webshop by ana" in shown
    assert "HOLD of other" not in shown


def test_what_is_connected_again_is_called_so_wherever_it_is_shown(
    daemon: FakeDaemon, ask: Ask
) -> None:
    fleet(daemon, api.stack())
    shown_finding(daemon, state="quarantined")
    edge = {"address": "aws_x.edge", "type": "aws_x", "isolates": "aws_x.y"}
    isolated = {
        "id": "q" * 20, "stack": "webshop", "state": "active", "isolates": ["aws_x.y"],
        "finding_ids": ["f100000000000000aaaa"], "edges": [edge], "since": api.before(hours=1),
        "expires_at": api.before(hours=-3), "release": None, "ended_at": None,
        "reconnected_at": api.before(minutes=5), "note": "aws_x.edge is attached again",
    }  # fmt: skip
    daemon.lists("/quarantines", [isolated])
    for command in (["status"], ["show", "f100000000000000aaaa"]):
        assert "NOT ISOLATED: quarantine of webshop/aws_x.y" in ask(*command).out
    listed = ask("quarantines")
    assert "not isolated" in listed.lines[1]
    assert "NOT ISOLATED: aws_x.edge is attached again" in listed.out
    daemon.lists("/quarantines", [{**isolated, "reconnected_at": None, "note": None}])
    assert "active" in ask("quarantines").lines[1]


def test_status_warns_of_an_ignore_rule_that_ends(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(daemon, api.stack())
    rule = api.ignore_rule(expires_at=api.before(hours=-50))
    daemon.has("GET /ignores", {"items": [rule], "next": None})
    assert "ignore rule scaler expires" in ask("status").out
    daemon.has("GET /ignores", {"items": [{**rule, "expires_at": api.before(hours=1)}]})
    assert "ignore rule scaler has expired" in ask("status").out


def test_an_audit_that_was_edited_ends_with_1(daemon: FakeDaemon, ask: Ask) -> None:
    found = {"entries": 2, "first": 1, "last": 2, "digest": "ab", "broken": None, "why": None}
    daemon.has("GET /audit/verify", found)
    said = ask("audit", "--verify")
    assert (said.code, said.lines[0]) == (0, "2 entries are as they were written, 1 to 2")
    daemon.has("GET /audit/verify", {**found, "broken": 3, "why": "it is not"})
    said = ask("audit", "--verify")
    assert (said.code, said.lines[0]) == (1, "BROKEN at entry 3: it is not")
    daemon.has("GET /audit", {"items": [api.audit_entry(2), api.audit_entry(1)], "next": None})
    assert [json.loads(line)["seq"] for line in ask("audit", "--export").lines] == [1, 2]


def test_a_hold_of_a_resource_names_both(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.has("POST /hold", {"hold": None, "holds": []})
    assert ask("hold", 'webshop/module.a.thing.b["x/y"]').code == 0
    sent = daemon.sent("POST /hold")[0].body
    assert (sent["stack"], sent["address"]) == ("webshop", 'module.a.thing.b["x/y"]')


def test_status_without_stacks_says_what_to_do(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(daemon)
    assert "trueup init" in ask("status").out


def test_status_tells_times_as_they_are_when_asked(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(daemon, api.stack(verified_at="2026-05-01T10:00:00.000Z"))
    assert "2026-05-01 10:00:00Z" in ask("status", "-v").out


def test_what_an_agent_saw_is_shown_by_the_name_of_its_host(daemon: FakeDaemon, ask: Ask) -> None:
    seen_by = "agent:e8b7e8b7e8b7e8b7"
    known = api.finding("f1000000111111111111", seen_by=seen_by, host="web-1")
    nameless = api.finding("f2000000111111111111", "aws_s3_bucket.b", seen_by=seen_by)
    daemon.lists("/findings", [known, nameless])
    lines = ask("findings").lines
    assert "agent:web-1" in lines[1]
    assert seen_by not in lines[1]
    assert seen_by in lines[2]


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
    assert "not found" in said.lines[2]
    assert said.lines[-1] == "2 findings: 1 critical, 1 medium"


def test_ids_in_a_list_are_as_short_as_they_are_unique(daemon: FakeDaemon, ask: Ask) -> None:
    ids = ["f1000000111111111111", "f1000000122222222222", "f2000000000000000000"]
    daemon.lists("/findings", [api.finding(one, f"a.b{one}") for one in ids])
    shown = [line.split()[-1] for line in ask("findings").lines[1:4]]
    assert shown == ["f100000011", "f100000012", "f200000000"]


def test_a_filter_reaches_the_daemon_as_it_was_meant(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/findings", [])
    assert "no findings match" in ask("findings", "stack:w*", "severity:>=high", "address:a b").out
    assert daemon.asked[-1].query["filter"] == 'stack:w* severity:>=high address:"a b"'


def test_a_filter_that_makes_no_sense_is_told(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.refuses("GET /findings", 422, "invalid", "the term `knid:` is not known", remedy="kind:")
    said = ask("findings", "knid:missing")
    assert (said.code, said.out) == (1, "")
    assert "the term `knid:` is not known" in said.err


def test_more_findings_than_asked_for_are_announced(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/findings", [api.finding(f"{n:020}", f"a.b{n}") for n in range(5)])
    assert "3 findings shown; --limit 0 lists all" in ask("findings", "--limit", "3").out
    assert len(ask("findings", "--limit", "0", "--json").json["items"]) == 5


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


def test_show_and_list_name_the_source_of_what_another_system_reported(
    daemon: FakeDaemon, ask: Ask
) -> None:
    shown_finding(daemon, seen_by="report:ci")
    assert "report:ci: a scan does not heal it" in ask("show", "f1").out
    listed = ask("findings").out
    assert "SEEN BY" in listed
    assert "report:ci" in listed


def test_a_list_of_what_scans_saw_names_no_source(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon, seen_by="scan")
    assert "SEEN BY" not in ask("findings").out


def test_three_differing_values_are_shown_side_by_side(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon, changes=[api.change(declared=30, origin="both")], origin="both")
    assert "declared 30  recorded 45  live 99" in ask("show", "f1").out


def test_a_secret_is_never_more_than_a_note(daemon: FakeDaemon, ask: Ask) -> None:
    redacted = {
        "declared": {"digest": "d1"},
        "recorded": {"digest": "d1"},
        "live": {"digest": "d2"},
    }
    shown_finding(daemon, changes=[api.change("password", sensitive=True, **redacted)])
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


def test_status_is_worst_first_with_the_counts_on_top(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(
        daemon,
        api.stack("a"),
        api.stack("b", health="drifted", findings={"low": 9}),
        api.stack("c", health="drifted", findings={"critical": 1}),
        api.stack("d", health="error", error="locked", error_since=api.before(hours=2)),
    )
    said = ask("status")
    assert said.lines[0] == "4 stacks: 1 error, 2 drifted, 1 in sync"
    rows = [line.split()[1] for line in said.lines if line.startswith(GLYPHS)]
    assert rows == ["d", "c", "b", "a"]
    assert [one["name"] for one in ask("status", "--drifted", "--json").json["stacks"]] == [
        "d", "c", "b",
    ]  # fmt: skip
    assert [one["name"] for one in ask("status", "b", "--json").json["stacks"]] == ["b"]
    assert "did you mean" in ask("status", "bb").err or ask("status", "bb").code == 1


@pytest.mark.parametrize(
    ("health", "code"),
    [("in_sync", 0), ("drifted", 2), ("incomplete", 3), ("never_run", 3), ("error", 1)],
)
def test_status_ends_as_scan_does_when_asked(
    daemon: FakeDaemon, ask: Ask, health: str, code: int
) -> None:
    fleet(daemon, api.stack(health=health))
    assert ask("status").code == 0
    assert ask("status", "--exit-code").code == code


def test_suppressed_drift_is_never_out_of_sight(daemon: FakeDaemon, ask: Ask) -> None:
    fleet(daemon, api.stack(health="drifted", suppressed=1))
    said = ask("status")
    assert "drifted, 1 suppressed" in said.out
    assert "1 suppressed: trueup findings state:ignored" in said.out
    daemon.routes["GET /findings"] = lambda asked: {
        "items": [api.finding(state="ignored")]
        if "ignored" in asked.query.get("filter", "")
        else [],
        "next": None,
    }
    assert "no open findings; 1 suppressed: trueup findings state:ignored" in ask("findings").out


def test_an_error_of_a_tool_keeps_its_lines(daemon: FakeDaemon, ask: Ask) -> None:
    error = "terraform init is needed\n\n  on main.tf line 3:\n   3: module {\n"
    fleet(daemon, api.stack(health="error", error=error, error_since=api.before(hours=2)))
    said = ask("status")
    assert "\n    on main.tf line 3:\n     3: module {\n" in said.out


@pytest.mark.parametrize("arguments", [("-o", "yaml"), ("--output", "yaml")])
def test_an_answer_can_be_yaml(daemon: FakeDaemon, ask: Ask, arguments: tuple[str, ...]) -> None:
    daemon.lists("/findings", [api.finding()])
    said = ask("findings", *arguments)
    assert yaml.safe_load(said.out)["items"][0]["address"] == "aws_sqs_queue.orders"
    assert ask("findings", "-o", "json").json == ask("findings", "--json").json


def test_global_options_are_taken_on_both_sides(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path
) -> None:
    daemon.lists("/findings", [api.finding()])
    file = tmp_path / "own.token"
    file.write_text("tu_other.secret\n")
    for arguments in (
        ("--token-file", file, "-v", "findings", "--server", daemon.url),
        ("--server", "http://127.0.0.1:9", "findings", "--server", daemon.url, "-v",
         "--token-file", file),
    ):  # fmt: skip
        said = ask(*arguments)
        assert "f100000000000000aaaa" in said.out
        assert daemon.asked[-1].headers["authorization"] == "Bearer tu_other.secret"


def test_show_says_what_to_do_and_why_it_is_severe(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon, severity_reason="a time limit changed")
    daemon.lists("/remediations", [])
    said = ask("show", "f1")
    assert "medium: a time limit changed" in said.out
    assert said.lines[-1] == "No action yet. Fix it: trueup remediate f1000000"


def test_names_and_ids_are_completed(
    daemon: FakeDaemon, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.lists("/stacks", [api.stack("webshop"), api.stack("network")], key="name")
    daemon.lists("/remediations", [api.remediation()])
    monkeypatch.setenv("_TRUEUP_COMPLETE", "bash_complete")

    def completed(words: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - (not words.endswith(" "))))
        return [line.partition(",")[2] for line in ask().lines if line]

    assert completed("trueup remedia") == ["remediate", "remediation", "remediations"]
    assert completed("trueup stack show w") == ["webshop"]
    assert completed("trueup approve e") == ["e1000000"]
    daemon.routes.clear()
    assert completed("trueup stack show w") == []


def test_what_scan_takes_is_completed_without_a_daemon(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("web", "website", "net"):
        (tmp_path / name).mkdir()
    settings = '[[stack]]\nname = "webshop"\ndirectory = "web"\n[[stack]]\ndirectory = "net"\n'
    (tmp_path / "trueup.toml").write_text(settings)
    monkeypatch.setenv("_TRUEUP_COMPLETE", "bash_complete")
    monkeypatch.setenv("TRUEUP_SERVER", "http://127.0.0.1:9")

    def completed(words: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - (not words.endswith(" "))))
        return ask().lines

    assert completed("trueup scan web") == ["plain,webshop", "plain,web", "plain,website"]
    assert completed("trueup baseline diff ne") == ["plain,net"]
    assert completed("trueup scan web/") == ["dir,web/"]
    (tmp_path / "trueup.toml").write_text("[[stack")
    assert completed("trueup scan web") == ["dir,web"]


@pytest.mark.parametrize(
    ("listing", "arguments", "nothing"),
    [
        ("/runs", ("runs", "--stack"), "no runs of webshop yet"),
        ("/remediations", ("remediations", "--stack"), "no open remediations"),
        ("/templates", ("template", "list", "--stack"), "no templates"),
        ("/findings", ("findings", "stack:"), "no findings match"),
    ],
)
def test_a_stack_that_is_not_there_has_no_empty_list(
    daemon: FakeDaemon, ask: Ask, listing: str, arguments: tuple[str, ...], nothing: str
) -> None:
    daemon.lists("/stacks", [api.stack("webshop")], key="name")
    daemon.lists(listing, [])

    def of(stack: str) -> Said:
        *words, last = arguments
        return ask(*words, f"{last}{stack}") if last.endswith(":") else ask(*arguments, stack)

    refused = of("websop")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "error: there is no stack websop\n  help: did you mean webshop?\n"
    assert of("webshop").out.startswith(nothing)


def test_an_audit_about_nothing_names_the_nearest_stack(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/stacks", [api.stack("webshop")], key="name")
    said = ask("audit", "--subject", "websop")
    assert said.lines == ["no entries about websop; did you mean webshop?"]
    assert ask("audit", "--subject", "7d1e44c0").lines == ["no entries about 7d1e44c0"]


def test_a_glob_of_stacks_may_match_none(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/findings", [])
    assert ask("findings", "stack:websop*").lines == ["no findings match"]


def test_ignored_findings_are_named_beside_the_rules(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/findings", [])
    assert ask("ignores").lines == ["no ignore rules; add [[ignore]] to trueup.toml"]
    daemon.lists("/findings", [api.finding(state="ignored")])
    assert ask("ignores").lines[1:] == ["1 finding is ignored: trueup findings state:ignored"]


def test_what_needed_an_approval_is_told_as_past_once_it_was_given(
    daemon: FakeDaemon, ask: Ask
) -> None:
    plan = {**api.plan(), "concerns": ["it deletes a queue"]}
    for state, words in (("awaiting_approval", "requires"), ("converged", "required")):
        daemon.lists("/remediations", [api.remediation(state=state, plan=plan)])
        assert f"\n{words} approval:\n  ! it deletes a queue" in ask("remediation", "e1").out


def test_the_audit_shows_objects_as_words_and_what_people_wrote_first(
    daemon: FakeDaemon, ask: Ask
) -> None:
    details = {"stack": "web", "policies": {"5b0e": 1}, "reason": "the code is wrong"}
    daemon.lists("/audit", [{**api.audit_entry(1), "details": details}], key="seq")
    assert "reason=the code is wrong stack=web policies=5b0e:1" in ask("audit").out


def test_terms_in_one_word_are_terms(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/findings", [])
    ask("findings", "sev:high stack:net*")
    assert daemon.asked[-1].query["filter"] == "sev:high stack:net*"
    ask("findings", "address:a b")
    assert daemon.asked[-1].query["filter"] == 'address:"a b"'
