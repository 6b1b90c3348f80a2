"""Plans, approvals and what else a person decides, against a daemon that is not one."""

from __future__ import annotations

import pytest

from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import Answer, FakeDaemon
from tests.unit.cli.scenes import shown_finding


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
    daemon.has("GET /hold", {"hold": None})
    said = ask("approve", "e1", "--digest", api.DIGEST)
    assert (said.code, said.lines[0]) == (0, "e1000000  approved, now queued")
    assert said.lines[1:] == ["Follow: trueup remediation e1000000"]
    assert daemon.sent(f"POST /remediations/{one['id']}/approve")[0].body == {
        "plan_digest": api.DIGEST
    }


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
    said = ask("approve", "e1", "--digest", "0" * 64)
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
    assert (said.code, said.out) == (0, "e1000000  cancelled\n")
    assert daemon.asked[-1].body == body


@pytest.mark.parametrize("verb", ["reject", "retry", "suppress"])
def test_a_decision_may_name_the_plan_that_was_read(
    daemon: FakeDaemon, ask: Ask, verb: str
) -> None:
    one = api.remediation()
    daemon.lists("/remediations", [one])
    daemon.has(f"POST /remediations/{one['id']}/{verb}", {**one, "state": "rejected"})
    ask(verb, "e1", "--reason", "no", "--digest", api.DIGEST)
    assert daemon.asked[-1].body == {"reason": "no", "plan_digest": api.DIGEST}
    said = ask(verb, "e1", "--reason", "no", "--digest", api.DIGEST[:8])
    assert (said.code, said.out) == (1, "")
    assert "give the whole digest: trueup remediation e1000000" in said.err
    assert len([call for call in daemon.asked if call.method == "POST"]) == 1


def test_a_rejection_needs_a_reason(daemon: FakeDaemon, ask: Ask) -> None:
    assert "--reason" in ask("reject", "e1").err
    assert not daemon.asked


def test_a_correction_is_asked_for_by_the_findings_report(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    daemon.has("POST /remediations", Answer(api.remediation(state="queued"), status=201))
    said = ask("remediate", "f1")
    assert said.out == ("e1000000  requested; planning. Follow: trueup remediation e1000000\n")
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
        hold={"reason": "a freeze", "until": None, "guard": "freeze"},
        approvals=[{"person": "bo", "plan_digest": "x", "at": api.before(minutes=1.5)}],
    )
    daemon.lists("/remediations", [one])
    said = ask("remediation", "e1")
    assert "held         since" in said.out
    assert ": a freeze" in said.out
    assert "approved     by bo 1 min ago" in said.out
    assert said.lines[-1] == "Next: trueup approve e1000000"


def test_a_held_remediation_says_how_a_person_decides_it(daemon: FakeDaemon, ask: Ask) -> None:
    hold = {"reason": "a freeze", "until": None, "guard": "freeze"}
    one = api.remediation(state="held", hold=hold, guard="freeze")
    daemon.lists("/remediations", [one])
    said = ask("remediation", "e1")
    (finding,) = one["finding_ids"]
    assert "guard        freeze" in said.out
    assert f"trueup cancel {one['id'][:8]} && trueup remediate {finding[:8]}" in said.out


def test_what_a_guard_lets_wait_says_when_it_is_checked_again(daemon: FakeDaemon, ask: Ask) -> None:
    hold = {"reason": "a freeze", "until": api.before(hours=-20.5), "guard": "window"}
    soon = api.before(minutes=-1.5)
    held = api.remediation(state="held", hold=hold, guard="window", next_at=soon)
    observed = api.remediation("e2" + "0" * 18, "decided", guard="mode", next_at=soon)
    asked = api.remediation("e3" + "0" * 18, guard="manual_review", next_at=soon)
    daemon.lists("/remediations", [held, observed, asked])
    said = ask("remediation", "e1").out
    assert "a freeze, until 20" in said
    assert "next check   in 1 min" in said
    assert "next check   in 1 min" in ask("remediation", "e2").out
    assert "next check" not in ask("remediation", "e3").out


def test_the_beginning_of_a_digest_is_asked_for_whole(daemon: FakeDaemon, ask: Ask) -> None:
    daemon.lists("/remediations", [api.remediation()])
    said = ask("approve", "e1", "--digest", api.DIGEST[:7])
    assert said.code == 1
    assert f"{api.DIGEST[:7]} is not a plan's digest: that has 64 characters" in said.err
    assert f"trueup remediation {api.remediation()['id'][:8]}" in said.err
    assert {request.method for request in daemon.asked} == {"GET"}


def test_an_approval_of_a_finding_names_its_remediation_whatever_the_digest(
    daemon: FakeDaemon, ask: Ask
) -> None:
    daemon.lists("/remediations", [api.remediation()])
    daemon.lists("/findings", [api.finding()])
    said = ask("approve", "f1", "--digest", api.DIGEST[:7])
    assert "is a finding" in said.err
    assert f"its remediation: trueup approve {api.remediation()['id'][:8]}" in said.err


def test_an_approval_under_a_hold_says_who_holds(daemon: FakeDaemon, ask: Ask) -> None:
    one = api.remediation()
    daemon.lists("/remediations", [one])
    hold = {"by": "bo", "reason": "deploying", "since": api.before(minutes=5.5), "until": None}
    daemon.has("GET /hold", {"hold": hold})
    daemon.has(f"POST /remediations/{one['id']}/approve", {**one, "state": "queued"})
    said = ask("approve", "e1", "--digest", api.DIGEST)
    assert "HOLD by bo 5 min ago: deploying" in said.out


def test_a_finding_is_no_remediation_and_its_own_is_named(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    daemon.lists("/runs", [api.run()])
    said = ask("approve", "f1000000", "--digest", api.DIGEST)
    assert "is a finding\n  help: name its remediation: trueup approve e1000000\n" in said.err
    said = ask("reject", "f1000000", "--reason", "no")
    assert said.err.endswith("name its remediation: trueup reject e1000000 --reason WHY\n")
    said = ask("remediation", "d1000000")
    assert "is a run\n  help: name its remediation: trueup remediation e1000000\n" in said.err
    said = ask("show", "e1000000")
    assert "e1000000 is a remediation of aws_sqs_queue.orders" in said.err


def test_one_resource_is_approved_alone_by_its_own_plan(daemon: FakeDaemon, ask: Ask) -> None:
    whole = api.remediation(addresses=["aws_sqs_queue.orders", "aws_eip.a"])
    alone = api.remediation("e2" + "0" * 18)
    daemon.lists("/remediations", [whole, alone])
    daemon.has("GET /events", Answer(lines=("event: remediation.awaiting_approval", "")))
    daemon.has("GET /hold", {"hold": None})
    daemon.has(f"POST /remediations/{whole['id']}/split", Answer(alone, status=201))
    daemon.has(f"POST /remediations/{alone['id']}/approve", {**alone, "state": "queued"})
    said = ask("approve", "e1", "--address", "aws_sqs_queue.orders", "--digest", "ab" * 32)
    assert (said.code, said.lines[0]) == (0, "e2000000  approved, now queued")
    body = daemon.sent(f"POST /remediations/{whole['id']}/split")[0].body
    assert body == {"addresses": ["aws_sqs_queue.orders"]}


def test_a_part_is_not_divided_off_by_the_digest_of_the_whole(daemon: FakeDaemon, ask: Ask) -> None:
    whole = api.remediation(addresses=["aws_sqs_queue.orders", "aws_eip.a"])
    daemon.lists("/remediations", [whole])
    said = ask("approve", "e1", "--address", "aws_eip.a", "--digest", api.DIGEST)
    assert (said.code, daemon.sent(f"POST /remediations/{whole['id']}/split")) == (1, [])
    assert "is the digest of the plan of all 2 resources" in said.err
    assert "leave out --digest" in said.err


@pytest.mark.parametrize(("state", "code"), [("converged", 0), ("needs_human", 1), ("held", 1)])
def test_waiting_ends_with_the_outcome(daemon: FakeDaemon, ask: Ask, state: str, code: int) -> None:
    one = api.remediation()
    daemon.lists("/remediations", [one])
    daemon.has("GET /hold", {"hold": None})
    daemon.has("GET /events", Answer(lines=("event: remediation.moved", "")))

    def approved(_: object) -> object:
        daemon.has(f"GET /remediations/{one['id']}", {**one, "state": state})
        return {**one, "state": "queued"}

    daemon.routes[f"POST /remediations/{one['id']}/approve"] = approved
    said = ask("approve", "e1", "--digest", api.DIGEST, "--wait")
    assert said.code == code
    assert f"now {state.replace('_', ' ')}" in said.out


def test_a_suppression_may_end_and_be_taken_back(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon, state="ignored")
    one = api.remediation()
    daemon.has(f"POST /remediations/{one['id']}/suppress", {**one, "state": "suppressed"})
    assert ask("suppress", "e1", "--reason", "known", "--until", "30d").code == 0
    body = daemon.asked[-1].body
    assert set(body) == {"reason", "until"}
    path = "POST /findings/f100000000000000aaaa/unsuppress"
    daemon.has(path, api.finding(state="open"))
    assert "aws_sqs_queue.orders is open again" in ask("unsuppress", "f1").out
    assert daemon.sent(path)


def test_a_plan_shows_severity_and_source_and_the_policy(daemon: FakeDaemon, ask: Ask) -> None:
    shown_finding(daemon)
    daemon.lists("/remediations", [api.remediation(policy_id="p-tags")])
    daemon.lists("/policies", [api.policy()], key="policy_id")
    said = ask("remediation", "e1")
    assert "~ update   aws_sqs_queue.orders  medium  main.tf:12" in said.out
    assert "policy       tags" in said.out
