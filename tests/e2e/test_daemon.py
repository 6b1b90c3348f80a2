"""The daemon on a real stack: found unasked, decided, corrected by the real tool, verified."""

from __future__ import annotations

import json
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import pytest

from reconciler.engine.follow import NEVER_BEGAN
from tests.daemon import Daemon, RefusedError
from tests.e2e.shop import (
    AUTO,
    GROUP,
    RESOURCE,
    REVIEW,
    TOPIC,
    Shop,
    applies,
    findings_of,
    only_remediation,
    remediation_of,
    stack_of,
    until_found,
    until_state,
    until_verified,
)
from tests.whole_files import write_whole

TABLE: Final = "aws_dynamodb_table.orders"


def test_what_is_opened_behind_its_back_is_found_unasked_and_closed_again(shop: Shop) -> None:
    with shop.serving(shop.settings(AUTO)) as daemon:
        assert until_verified(daemon)["health"] == "in_sync"
        shop.open_to_the_world()
        assert 22 in shop.open_ports
        found = until_found(daemon, unasked=True)
        assert found["severity"] == "critical"
        assert [change["path"] for change in found["changes"]] == ["ingress[1]"]
        remediation = only_remediation(daemon, "converged")
        assert remediation["addresses"] == [GROUP]
        assert shop.open_ports == {443}
        daemon.until("the finding's end", lambda: not findings_of(daemon))
        run = daemon.ask(f"/runs/{remediation['run_id']}")
        assert (run["state"], run["exit_code"]) == ("finished", 0)
        assert run["progress"] == {GROUP: "done"}
        assert applies(daemon) == 1
        history = daemon.ask(f"/drift/reports?resource_id={quote(RESOURCE, safe='')}")["items"]
        assert [report["event"] for report in history] == ["healed", "detected"]
        assert {report["resource_id"] for report in history} == {RESOURCE}
        log = daemon.ask(f"/runs/{run['id']}/log")
        assert any(line["address"] == GROUP for line in log["items"])
        assert daemon.ask(f"/runs/{run['id']}/log?offset={log['next_offset']}")["ended"]
    assert list((shop.data_dir / "runs").rglob("plan*")) == []


def test_manual_review_waits_for_a_yes_to_exactly_this_plan(shop: Shop) -> None:
    with shop.serving(shop.settings(REVIEW)) as daemon:
        until_verified(daemon)
        shop.open_to_the_world()
        found = until_found(daemon)
        waiting = only_remediation(daemon, "awaiting_approval")
        assert waiting["finding_ids"] == [found["id"]]
        assert [one["action"] for one in waiting["plan"]["resources"]] == ["update"]
        with pytest.raises(RefusedError) as refused:
            daemon.ask(f"/remediations/{waiting['id']}/approve", {"plan_digest": "0" * 64})
        assert refused.value.status == 409
        assert refused.value.problem["type"].endswith(":plan-digest-mismatch")
        assert shop.open_ports == {22, 443}
        assert applies(daemon) == 0
        digest = {"plan_digest": waiting["plan_digest"]}
        daemon.ask(f"/remediations/{waiting['id']}/approve", digest)
        done = until_state(daemon, waiting["id"], "converged")
        assert done["approvals"][0]["plan_digest"] == waiting["plan_digest"]
        assert shop.open_ports == {443}


def test_without_a_policy_it_is_shown_and_left_alone_until_a_person_asks(shop: Shop) -> None:
    with shop.serving(shop.settings()) as daemon:
        until_verified(daemon)
        template = next(
            one for one in daemon.ask("/templates?limit=100")["items"]
            if one["resource_id"] == RESOURCE
        )  # fmt: skip
        assert template["resource_type"] == "aws_security_group"
        assert template["template_definition"]["name"] == "small-web"
        shop.open_to_the_world()
        found = until_found(daemon)
        assert daemon.ask("/remediations")["items"] == []
        reports = daemon.ask(f"/drift/reports?template_id={template['template_id']}")["items"]
        assert reports[0]["report_id"] == found["report_id"]
        asked = daemon.ask("/remediations", {"report_id": found["report_id"]})
        waiting = until_state(daemon, asked["id"], "awaiting_approval")
        assert shop.open_ports == {22, 443}
        daemon.ask(f"/remediations/{asked['id']}/approve", {"plan_digest": waiting["plan_digest"]})
        until_state(daemon, asked["id"], "converged")
        assert shop.open_ports == {443}


def test_code_that_was_not_applied_is_never_rolled_out_unasked(shop: Shop) -> None:
    code = shop.deployed.directory / "main.tf"
    before = code.read_text()
    try:
        with shop.serving(shop.settings(AUTO)) as daemon:
            until_verified(daemon)
            write_whole(code, before.replace('display_name = "Alerts"', 'display_name = "New"'))
            found = until_found(daemon, TOPIC)
            assert found["origin"] == "unapplied"
            waiting = only_remediation(daemon, "awaiting_approval")
            assert waiting["addresses"] == [TOPIC]
            assert waiting["plan"]["concerns"]
            assert applies(daemon) == 0
            assert shop.topic_name == "Alerts"
    finally:
        code.write_text(before)


def test_a_replacement_waits_for_an_approval_and_a_freeze_lets_go_by_itself(shop: Shop) -> None:
    """Both drifts are of one policy that corrects without asking."""
    with shop.serving(shop.settings(AUTO)) as daemon:
        until_verified(daemon)
        _make_again(shop, key="number")
        daemon.ask("/stacks/shop/scan", {})
        waiting = daemon.until("a plan of the table", lambda: _of(daemon, TABLE))
        assert waiting["requested_by"] == "policy"
        assert [one["action"] for one in waiting["plan"]["resources"]] == ["replace"]
        concerns = waiting["plan"]["concerns"]
        assert concerns[0] == f"{TABLE} would be replaced"
        assert all(concern in waiting["note"] for concern in concerns)

        far = datetime.now(UTC) + timedelta(hours=1)
        _freeze(shop, daemon, until=far)
        shop.open_to_the_world()
        until_found(daemon)
        held = daemon.until("the hold", lambda: _of(daemon, GROUP, "held"))
        assert (held["hold"]["guard"], _time(held["hold"]["until"])) == ("window", _second(far))
        assert (applies(daemon), shop.open_ports) == (0, {22, 443})

        # It waits already, so the freeze can end soon, however long all before took.
        soon = datetime.now(UTC) + timedelta(seconds=10)
        _freeze(shop, daemon, until=soon)
        daemon.until("the correction", lambda: shop.open_ports == {443})
        assert datetime.now(UTC) >= _second(soon)
        until_state(daemon, held["id"], "converged")
        assert applies(daemon) == 1
        until_state(daemon, waiting["id"], "awaiting_approval")
        assert _key_of_table(shop) == "number"


def _freeze(shop: Shop, daemon: Daemon, *, until: datetime) -> None:
    shop.settings(_frozen(until=until) + AUTO)
    daemon.ask("/reload", {})


def _frozen(*, until: datetime) -> str:
    since = until - timedelta(days=1)
    span = f"{since:%Y-%m-%dT%H:%M:%S}/{until:%Y-%m-%dT%H:%M:%S} UTC"
    return f'[[guardrail]]\nfreezes = ["{span}"]\n'


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _of(daemon: Daemon, address: str, state: str = "awaiting_approval") -> dict[str, Any] | None:
    """Return the remediation of `address` in that state, once it has a plan or a hold."""
    found = daemon.ask(f"/remediations?state={state}")["items"]
    return next((one for one in found if one["addresses"] == [address]), None)


def _make_again(shop: Shop, *, key: str) -> None:
    """Delete the table and make it again with another key, which no update changes back."""
    dynamodb = shop.deployed.world().client("dynamodb")
    tags = [{"Key": "team", "Value": "data"}]
    dynamodb.delete_table(TableName="small-orders")
    dynamodb.create_table(
        TableName="small-orders", BillingMode="PAY_PER_REQUEST", Tags=tags,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
    )  # fmt: skip


def _key_of_table(shop: Shop) -> str:
    table = shop.stack.world().client("dynamodb").describe_table(TableName="small-orders")["Table"]
    key: str = table["KeySchema"][0]["AttributeName"]
    return key


def test_the_kill_switch_stops_corrections_and_nothing_else(shop: Shop) -> None:
    with shop.serving(shop.settings(AUTO)) as daemon:
        until_verified(daemon)
        daemon.ask("/hold", {"reason": "a bad night"})
        shop.open_to_the_world()
        until_found(daemon)
        held = only_remediation(daemon, "held")
        assert "a bad night" in held["hold"]["reason"]
        assert 22 in shop.open_ports
        assert applies(daemon) == 0
        daemon.ask("/hold", method="DELETE")
        until_state(daemon, held["id"], "converged")
        assert shop.open_ports == {443}


def test_killed_at_work_it_starts_again_and_applies_no_second_time(shop: Shop) -> None:
    settings = shop.settings(AUTO)
    with shop.serving(settings) as daemon:
        until_verified(daemon)
        shop.open_to_the_world()
        daemon.ask("/stacks/shop/scan", {})
        # However late this looks: it may be over by then.
        only_remediation(daemon, "applying", "verifying", "converged")
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
    with shop.serving(settings) as daemon:
        only_remediation(daemon, "converged")
        assert shop.open_ports == {443}
        runs = daemon.ask("/runs")["items"]
        # Killed before the runner had its job, the intent has failed, and a second one was made.
        assert len([run for run in runs if run["summary"] != NEVER_BEGAN]) == 1, runs
        events = [one["event"] for one in daemon.ask("/drift/reports")["items"]]
        assert events.count("detected") == 1
    with closing(sqlite3.connect(shop.data_dir / "trueup.db")) as database:
        assert database.execute("pragma quick_check").fetchall() == [("ok",)]


def test_one_stack_that_cannot_be_read_silences_no_other(shop: Shop) -> None:
    broken = shop.folder / "broken"
    broken.mkdir()
    (broken / "main.tf").write_text('resource "aws_s3_bucket" {\n')
    stacks = '[[stack]]\nname = "broken"\ndirectory = "broken"\ninterval = "10s"\n'
    with shop.serving(shop.settings(stacks=stacks)) as daemon:
        assert until_verified(daemon)["health"] == "in_sync"
        other = daemon.until(
            "an error",
            lambda: found if (found := daemon.ask("/stacks/broken"))["error"] else None,
        )
        assert other["health"] == "error"
        assert "main.tf" in other["error"]
        assert other["verified_at"] is None
        first = stack_of(daemon)["verified_at"]
        daemon.until("a later scan", lambda: stack_of(daemon)["verified_at"] > first)
        again = daemon.ask("/stacks/broken")
        assert again["error_since"] == other["error_since"]


def test_everything_on_the_way_is_on_record(shop: Shop) -> None:
    with shop.serving(shop.settings(REVIEW)) as daemon:
        until_verified(daemon)
        shop.open_to_the_world()
        until_found(daemon)
        waiting = only_remediation(daemon, "awaiting_approval")
        daemon.ask(f"/remediations/{waiting['id']}/reject", {"reason": "it is a test"})
        audit = daemon.ask("/audit?limit=200")["items"]
        of_it = [one for one in audit if waiting["id"] in one["subject"]]
        assert "it is a test" in json.dumps(of_it[0])
        assert shop.open_ports == {22, 443}
        assert remediation_of(daemon, waiting["id"])["state"] == "rejected"
