"""The daemon on a Pulumi stack: found unasked, decided, corrected by the real CLI, verified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.daemon import Daemon, RefusedError
from tests.e2e.shop import (
    applies,
    findings_of,
    only_remediation,
    until_state,
)
from tests.e2e.things import AUTO, HACKED, REVIEW, Things, run_of, until_found, until_verified
from tests.integration.pulumi.correcting import locks, pending, told_to_stop


def test_what_is_changed_behind_its_back_is_found_unasked_and_put_back(things: Things) -> None:
    kept, right = things.stack.urn("kept"), things.stack.things()
    with things.serving(things.settings(AUTO)) as daemon:
        assert until_verified(daemon)["health"] == "in_sync"
        assert daemon.ask("/stacks/things")["tool"] == "pulumi"
        things.hack("kept", value=HACKED, secret="CANARY-by-somebody")
        found = until_found(daemon, kept, unasked=True)
        assert [change["path"] for change in found["changes"]] == ["secret", "value"]
        assert set(found["changes"][0]["live"]) == {"digest"}
        remediation = only_remediation(daemon, "converged")
        assert remediation["addresses"] == [kept]
        assert things.stack.things() == right
        daemon.until("the finding's end", lambda: not findings_of(daemon))
        run = run_of(daemon, remediation)
        assert (run["state"], run["exit_code"]) == ("finished", 0)
        assert run["progress"] == {kept: "done"}
        log = daemon.ask(f"/runs/{run['id']}/log")
        assert [line["address"] for line in log["items"] if line["address"]] == [kept, kept]
        assert things.updates == applies(daemon) == 1
        assert (locks(things.stack), pending(things.stack)) == ([], [])
    assert list((things.data_dir / "runs").rglob("plan*")) == []
    assert list(things.canaries()) == []
    assert "CANARY" not in "\n".join(daemon.lines)
    assert "correct horse" not in "\n".join(daemon.lines)


def test_a_freeze_lets_go_by_itself_and_the_fourth_correction_of_a_fight_is_held(
    things: Things,
) -> None:
    """With the limits that are the default, but for the ramp."""
    far = datetime.now(UTC) + timedelta(hours=1)
    with things.serving(things.settings(_frozen(until=far))) as daemon:
        until_verified(daemon)
        things.hack("kept")
        until_found(daemon, things.stack.urn("kept"))
        assert only_remediation(daemon, "held")["hold"]["guard"] == "window"
        assert (things.updates, things.stack.things()["kept"]["value"]) == (0, HACKED)
        soon = datetime.now(UTC) + timedelta(seconds=10)
        things.settings(_frozen(until=soon))
        daemon.ask("/reload", {})
        daemon.until("its correction", lambda: _corrections(daemon) == 1)
        assert datetime.now(UTC) >= soon.replace(microsecond=0)
        for number in (2, 3):
            things.hack("kept")
            daemon.until("its correction", lambda: _corrections(daemon) == number)  # noqa: B023
        things.hack("kept")
        held = daemon.until("the fight", lambda: _held(daemon))
        assert held["hold"]["guard"] == "fight"
        assert "policy 'put back' corrected it 3 times within a day" in held["hold"]["reason"]
        assert things.updates == applies(daemon) == 3
        assert things.stack.things()["kept"]["value"] == HACKED


def _frozen(*, until: datetime) -> str:
    span = f"{until - timedelta(days=1):%Y-%m-%dT%H:%M:%S}/{until:%Y-%m-%dT%H:%M:%S} UTC"
    policy = '[[policy]]\nname = "put back"\nmatch = {}\naction_type = "auto_correct"\n'
    return f'[[guardrail]]\nfreezes = ["{span}"]\n{policy}'


def _corrections(daemon: Daemon) -> int:
    daemon.ask("/stacks/things/scan", {})  # it is found at once, and confirmed by the next
    return sum(bool(one["run_id"]) for one in daemon.ask("/remediations?state=converged")["items"])


def _held(daemon: Daemon) -> dict[str, Any] | None:
    daemon.ask("/stacks/things/scan", {})
    return next(iter(daemon.ask("/remediations?state=held")["items"]), None)


def test_manual_review_waits_for_a_yes_to_exactly_this_plan(things: Things) -> None:
    right = things.stack.things()
    with things.serving(things.settings(REVIEW)) as daemon:
        until_verified(daemon)
        with things.stack.changed() as there:
            del there["kept"]
        found = until_found(daemon, things.stack.urn("kept"))
        assert found["kind"] == "missing"
        waiting = only_remediation(daemon, "awaiting_approval")
        assert waiting["finding_ids"] == [found["id"]]
        assert [one["action"] for one in waiting["plan"]["resources"]] == ["create"]
        assert waiting["plan"]["concerns"] == []
        approve = f"/remediations/{waiting['id']}/approve"
        with pytest.raises(RefusedError) as refused:
            daemon.ask(approve, {"plan_digest": "0" * 64})
        assert refused.value.status == 409
        assert refused.value.problem["type"].endswith(":plan-digest-mismatch")
        assert "kept" not in things.stack.things()
        assert things.updates == applies(daemon) == 0

        daemon.ask(approve, {"plan_digest": waiting["plan_digest"]})
        done = until_state(daemon, waiting["id"], "converged")
        assert done["approvals"][0]["plan_digest"] == waiting["plan_digest"]
        assert things.stack.things() == right
        assert things.updates == 1
    assert list(things.canaries()) == []


def test_code_that_was_not_applied_is_never_rolled_out_unasked(things: Things) -> None:
    stack = things.stack
    stack.edit("lax", size=9)
    with things.serving(things.settings(AUTO)) as daemon:
        found = until_found(daemon, stack.urn("lax"))
        assert found["origin"] == "unapplied"
        waiting = only_remediation(daemon, "awaiting_approval")
        assert waiting["addresses"] == [stack.urn("lax")]
        assert "values that no apply recorded: size = 9" in waiting["plan"]["concerns"][0]

        # Drift beside it is put back, and nothing else.
        things.hack("kept")
        until_found(daemon, stack.urn("kept"))
        corrected = only_remediation(daemon, "converged")
        assert corrected["addresses"] == [stack.urn("kept")]
        assert stack.things()["kept"]["value"] == "value of kept"
        assert stack.things()["lax"]["size"] == 3
        assert things.updates == 1
        until_state(daemon, waiting["id"], "awaiting_approval")


def test_a_replacement_that_waits_for_a_person_holds_up_no_other_correction(
    things: Things,
) -> None:
    """Row P6: both drifts are seen by one scan, under one policy."""
    stack = things.stack
    kept, lax = stack.urn("kept"), stack.urn("lax")
    with things.serving(things.settings(AUTO)) as daemon:
        until_verified(daemon)
        with stack.changed() as there:
            there["kept"]["place"] = "elsewhere"
            there["lax"]["size"] = 8
        until_found(daemon, kept)
        corrected = only_remediation(daemon, "converged")
        assert (corrected["addresses"], corrected["requested_by"]) == ([lax], "policy")
        waiting = only_remediation(daemon, "awaiting_approval")
        assert waiting["addresses"] == [kept]
        assert waiting["plan"]["concerns"] == [f"{kept} would be replaced"]
        assert stack.things()["lax"]["size"] == 3
        assert stack.things()["kept"]["place"] == "elsewhere"

        # Newer drift beside what waits is corrected, too.
        things.hack("lax", size=9)
        daemon.ask("/stacks/things/scan", {})
        daemon.until("lax being put back", lambda: stack.things()["lax"]["size"] == 3)
        until_state(daemon, waiting["id"], "awaiting_approval")
        assert stack.things()["kept"]["place"] == "elsewhere"


def test_one_that_is_cancelled_ends_what_it_began_and_gives_its_lock_back(things: Things) -> None:
    stack = things.stack
    with things.serving(things.settings(AUTO)) as daemon:
        until_verified(daemon)
        things.hack("kept")
        stack.while_applying(kept="wait")
        until_found(daemon, stack.urn("kept"))
        applying = only_remediation(daemon, "applying")
        daemon.until("the update being at it", lambda: stack.is_waiting)
        daemon.until("its cancellation", lambda: _cancelled(daemon, applying["id"]))
        run_folder = things.data_dir / "runs" / applying["run_id"]
        daemon.until("the update being told", lambda: told_to_stop(run_folder))
        stack.while_applying(kept=None)
        ended = until_state(daemon, applying["id"], "needs_human", "converged", "cancelled")
        run = run_of(daemon, ended)
        assert (run["state"], run["exit_code"]) == ("failed", 1)
        assert "asked to stop" in run["summary"]
        assert (locks(stack), pending(stack)) == ([], [])
        assert stack.things()["kept"]["value"] == "value of kept"
        assert things.updates == 1
        daemon.ask("/stacks/things/scan", {})
        until_state(daemon, ended["id"], "converged", "cancelled")


def _cancelled(daemon: Daemon, remediation: str) -> bool:
    """Ask to cancel it; False where the daemon does not know yet which process its apply is."""
    try:
        daemon.ask(f"/remediations/{remediation}/cancel", {})
    except RefusedError as refused:
        if not refused.problem["type"].endswith(":moved-on"):
            raise
        return False
    return True


def test_of_a_stack_whose_passphrase_is_wrong_nothing_is_known(things: Things) -> None:
    settings = things.settings(AUTO, PULUMI_CONFIG_PASSPHRASE=True)
    with things.serving(settings) as daemon:
        told = daemon.until(
            "an error", lambda: found if (found := daemon.ask("/stacks/things"))["error"] else None
        )
        assert told["health"] == "error"
        assert "env_file" in told["error"]
        assert told["verified_at"] is None
        assert findings_of(daemon) == []


def test_a_correction_of_what_was_put_right_meanwhile_ends_with_nothing_to_do(
    things: Things,
) -> None:
    """Row P1: the daemon goes on, and no update is run."""
    settings = things.settings()
    # No scan of its own may see first that the drift has gone.
    settings.write_text(settings.read_text().replace('interval = "10s"', 'interval = "1h"'))
    kept, right = things.stack.urn("kept"), things.stack.things()
    with things.serving(settings) as daemon:
        until_verified(daemon)
        things.hack("kept")
        found = until_found(daemon, kept)
        with things.stack.changed() as there:
            there["kept"] = right["kept"]
        asked = daemon.ask("/remediations", {"report_id": found["report_id"]})
        ended = until_state(daemon, asked["id"], "converged", "cancelled", "rejected")
        assert ended["state"] == "converged"
        daemon.until("the finding's end", lambda: not findings_of(daemon))
        assert things.updates == applies(daemon) == 0
        # It works on as before.
        things.hack("kept", size=8)
        until_found(daemon, kept)
    assert list((things.folder / "state").rglob("crash-*")) == []
