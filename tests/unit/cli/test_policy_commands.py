from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import Answer, FakeDaemon

TWO = """
[daemon]
listen = "127.0.0.1:9"

[[policy]]
name = "queues"
match = {type = "aws_sqs_queue", max_severity = "medium"}
action_type = "auto_correct"

[[policy]]
name = "all else"
drift_threshold = "high"
expires_at = 2099-01-01T00:00:00Z
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policies.toml"
    path.write_text(TWO)
    return path


def test_policies_are_listed_with_what_they_select(daemon: FakeDaemon, ask: Ask) -> None:
    more = api.policy("big", drift_threshold="high", min_score=80, match={}, position=0)
    daemon.lists("/policies", [api.policy(position=0), more], key="policy_id")
    said = ask("policy", "list")
    assert said.lines[0].split() == [
        "ORDER",
        "NAME",
        "ACTION",
        "THRESHOLD",
        "MATCH",
        "SOURCE",
        "ID",
    ]
    assert [line.split()[0] for line in said.lines[1:]] == ["1", "2"]
    assert "type:aws_sqs_queue path:tags.*" in said.lines[1]
    assert "auto correct" in said.lines[1]
    assert "high, score 80  everything" in said.lines[2]


def test_a_policy_is_made_of_what_was_given(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.has("POST /policies", Answer(api.policy(), status=201))
    flags = ("--type", "aws_sqs_queue", "--path", "tags.*", "--min-score", "5")
    said = ask("policy", "add", "--name", "tags", "--action", "auto_correct", *flags)
    assert said.code == 0
    assert daemon.asked[-1].body == {
        "name": "tags",
        "action_type": "auto_correct",
        "min_score": 5,
        "match": {"type": "aws_sqs_queue", "path": "tags.*"},
    }


def test_the_policies_of_a_file_are_added_in_their_order(
    daemon: FakeDaemon, ask: Ask, file: Path
) -> None:
    daemon.routes["POST /policies"] = lambda asked: api.policy(asked.body["name"])
    assert ask("policy", "add", file).code == 0
    first, second = (one.body for one in daemon.sent("POST /policies"))
    assert first["match"] == {"type": "aws_sqs_queue", "max_severity": "medium"}
    assert (first["name"], first["action_type"]) == ("queues", "auto_correct")
    assert (second["drift_threshold"], second["action_type"]) == ("high", "manual_review")
    assert second["expires_at"].startswith("2099-01-01T00:00:00")
    assert len({one.headers["idempotency-key"] for one in daemon.sent("POST /policies")}) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[[policy]]\nname = "a"\naction_typ = "x"\n', ":3: unknown key policy[0].action_typ"),
        ('name = "a"\naction_type = "explode"\n', "action_type"),
        ("[[policy]\n", "not TOML"),
        ('{"name": }', "not JSON"),
        ("[daemon]\n", "it contains no policy"),
        ('[{"name": 7}]', "name"),
        ('[[policy]]\nname = "a"\nmin_score = 101\n', "min_score"),
        ("[" * 200_000, "not"),
    ],
)
def test_a_file_that_makes_no_sense_is_told_before_anything_is_sent(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    said = ask("policy", "add", file)
    assert said.code == 1
    assert words in said.err
    assert str(file) in said.err
    assert "failed" not in said.err
    assert not daemon.asked


def test_editing_keeps_what_is_not_named(daemon: FakeDaemon, ask: Ask) -> None:
    newer = {**api.policy(owner="net"), "match": {"type": "aws_sqs_queue", "owner_team": "a"}}
    daemon.lists("/policies", [newer], key="policy_id")
    daemon.has("PUT /policies/p-tags", api.policy())
    assert ask("policy", "edit", "tags", "--path", "arn", "--action", "manual_review").code == 0
    body = daemon.asked[-1].body
    # What a newer daemon selects by is not dropped: the policy would act on more.
    assert body["match"] == {"type": "aws_sqs_queue", "owner_team": "a", "path": "arn"}
    assert (body["action_type"], body["owner"], body["position"]) == ("manual_review", "net", 3)
    assert not {"policy_id", "source", "version"} & set(body)
    assert "no option was given" in ask("policy", "edit", "tags").err


def test_a_file_takes_the_place_of_one_policy_only(
    daemon: FakeDaemon, ask: Ask, file: Path, tmp_path: Path
) -> None:
    daemon.lists("/policies", [api.policy()], key="policy_id")
    daemon.has("PUT /policies/p-tags", api.policy())
    assert "2 policies" in ask("policy", "edit", "tags", file).err
    one = tmp_path / "one.json"
    one.write_text(json.dumps({"name": "tags", "action_type": "quarantine"}))
    assert ask("policy", "edit", "tags", one).code == 0
    assert daemon.asked[-1].body["action_type"] == "quarantine"


def test_a_policy_of_the_file_is_changed_there(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/policies", [api.policy(source="config")], key="policy_id")
    detail = "tags comes from trueup.toml"
    daemon.refuses("DELETE /policies/p-tags", 409, "from-config", detail)
    said = ask("policy", "remove", "tags")
    assert said.code == 1
    assert "change it there" in said.err


def test_a_policy_is_shown_and_removed_by_name(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/policies", [api.policy(reason="noise")], key="policy_id")
    daemon.has("DELETE /policies/p-tags", Answer(None, status=204))
    assert "reason       noise" in ask("policy", "show", "tags").out
    assert ask("policy", "remove", "tags").out == "removed policy tags\n"


def test_a_file_can_be_tried_without_changing_anything(
    daemon: FakeDaemon, ask: Ask, file: Path
) -> None:
    daemon.lists(
        "/findings",
        [
            api.finding("a" * 20),
            api.finding("b" * 20, "aws_sqs_queue.code", origin="unapplied"),
            api.finding("c" * 20, "aws_eip.a", type="aws_eip", severity="low"),
            api.finding("d" * 20, "aws_eip.b", type="aws_eip", severity="critical"),
        ],
    )
    items = ask("policy", "test", file, "--json").json["items"]
    assert [(item["decision"], item["policy"]) for item in items] == [
        ("auto_correct", "queues"),
        ("manual_review", "queues"),
        ("below", "all else"),
        ("manual_review", "all else"),
    ]
    assert "4 findings: 2 manual review, 1 auto correct, 1 below" in ask("policy", "test", file).out
    assert {one.method for one in daemon.asked} == {"GET"}


def test_a_file_can_be_tried_on_recorded_drift(daemon: FakeDaemon, ask: Ask, file: Path) -> None:
    def report(event: str, address: str, **details: Any) -> dict[str, Any]:
        seen = {**api.finding(), "severity": "critical", **details}
        kept = {key: seen[key] for key in seen if key not in {"id", "score", "stack", "address"}}
        return api.report(
            report_id=f"r-{address}",
            resource_id=f"webshop/{address}",
            event=event,
            drift_details=kept,
        )

    reports = [
        report("detected", "aws_eip.a", type="aws_eip"),
        report("changed", "aws_eip.a", type="aws_eip", severity="low"),
        report("healed", "aws_eip.a", type="aws_eip"),
        {**report("reported", "thing.old"), "drift_details": {"changes": []}},
        report("reported", "thing.odd", type="a", changes=[{"live": 2}]),
        report("reported", "thing.none", type="a", changes=None),
    ]
    daemon.has("GET /drift/reports", {"items": reports, "next": None})
    said = ask("policy", "test", file, "--history", "30d", "--json").json
    assert [(one["address"], one["decision"]) for one in said["items"]] == [
        ("aws_eip.a", "manual_review"),
        ("aws_eip.a", "below"),
    ]
    assert said["never_matched"] == ["queues"]
    assert "never matched: queues" in ask("policy", "test", file, "--history", "30d").out
    assert daemon.asked[-1].query["since"]
    assert ask("policy", "test", file, "--history", "2099-01-01T00:00Z").code == 1


def test_policies_are_tried_on_what_an_agent_reported(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path
) -> None:
    file = tmp_path / "hosts.toml"
    file.write_text(
        '[[policy]]\nname = "web hosts"\nmatch = {host_group = "web", path = "files*"}\n'
    )
    seen = {
        "type": "terraform_data",
        "kind": "changed",
        "severity": "high",
        "host": "web-1",
        "host_groups": ["web"],
        "changes": [{"path": "files./etc/app.conf.sha256", "declared": "a", "live": "b"}],
    }
    report = api.report(
        event="reported", resource_id="fleet/terraform_data.web", drift_details=seen
    )
    daemon.has("GET /drift/reports", {"items": [report], "next": None})
    said = ask("policy", "test", file, "--history", "30d", "--json").json
    assert [(item["policy"], item["decision"]) for item in said["items"]] == [
        ("web hosts", "manual_review")
    ]


GROUPS = """
[[policy]]
name = "web hosts"
match = {host_group = "web*"}
action_type = "auto_correct"
"""
EXPECTED_OF_GROUPS = """
[[expect]]
address = "terraform_data.a"
type = "terraform_data"
host_groups = ["db", "web-eu"]
decision = "auto_correct"

[[expect]]
address = "terraform_data.b"
type = "terraform_data"
decision = "observe"
"""


def test_a_policy_for_a_group_of_hosts_is_tried_on_findings_of_its_hosts(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path
) -> None:
    file, expected = tmp_path / "groups.toml", tmp_path / "expected.toml"
    file.write_text(GROUPS)
    of_host = {"origin": None, "type": "terraform_data", "seen_by": "agent:1"}
    daemon.lists(
        "/findings",
        [
            api.finding("a" * 20, "terraform_data.a", host_groups=["db", "web-eu"], **of_host),
            api.finding("b" * 20, "terraform_data.b", host_groups=["db"], **of_host),
            api.finding("c" * 20, "terraform_data.c"),
        ],
    )
    said = ask("policy", "test", file, "--json").json
    assert [item["policy"] for item in said["items"]] == ["web hosts", None, None]
    assert said["never_matched"] == []
    expected.write_text(EXPECTED_OF_GROUPS)
    said = ask("policy", "test", file, "--expect", expected)
    assert (said.code, said.out) == (0, "2 of 2 expectations met\n")


EXPECTED = """
[[expect]]
address = "aws_sqs_queue.orders"
type = "aws_sqs_queue"
severity = "medium"
decision = "auto_correct"
policy = "queues"

[[expect]]
address = "aws_eip.a"
type = "aws_eip"
severity = "low"
decision = "{decision}"
"""


def test_decisions_can_be_expected_without_a_daemon(
    daemon: FakeDaemon, ask: Ask, file: Path, tmp_path: Path
) -> None:
    expected = tmp_path / "expected.toml"
    expected.write_text(EXPECTED.format(decision="below"))
    said = ask("policy", "test", file, "--expect", expected)
    assert (said.code, said.out) == (0, "2 of 2 expectations met\n")
    expected.write_text(EXPECTED.format(decision="observe"))
    said = ask("policy", "test", file, "--expect", expected)
    assert said.code == 1
    assert said.lines[0] == "FAILED aws_eip.a: expected observe, decided below by 'all else'"
    assert daemon.asked == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expect is missing"),
        ("[[expect]]\naddres = 'a'", "did you mean 'address'?"),
        ("[[expect", "not TOML"),
        (
            "[[expect]]\naddress = 'a'\ntype = 'b'\ndecision = 'auto_corect'",
            "unknown value 'auto_corect'; did you mean 'auto_correct'?\n  help: valid values",
        ),
        (
            "[[expect]]\naddress = 'a'\ntype = 'b'\ndecision = 'hunter2'",
            "decision: expected is one of 'auto_correct', ",
        ),
    ],
)
def test_an_expectation_that_makes_no_sense_is_refused(
    ask: Ask, file: Path, tmp_path: Path, text: str, words: str
) -> None:
    expected = tmp_path / "expected.toml"
    expected.write_text(text)
    said = ask("policy", "test", file, "--expect", expected)
    assert said.code == 1
    assert str(expected) in said.err
    assert words in said.err
    assert "entry is expected" not in said.err


def test_a_policy_for_a_template_is_tried_on_its_resources(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path
) -> None:
    file = tmp_path / "one.toml"
    file.write_text('name = "t"\naction_type = "manual_review"\ntemplate = "t1000000"\n')
    daemon.has("GET /templates/t1000000", api.template())
    findings = [api.finding("a" * 20), api.finding("b" * 20, "aws_sqs_queue.other")]
    daemon.lists("/findings", findings)
    items = ask("policy", "test", file, "--json").json["items"]
    assert [item["decision"] for item in items] == ["manual_review", "observe"]
    file.write_text('name = "t"\naction_type = "manual_review"\ntemplate = "t2"\n')
    said = ask("policy", "test", file, "--json")
    assert [one["decision"] for one in said.json["items"]] == ["observe", "observe"]
    assert "there is no template t2" in said.err
