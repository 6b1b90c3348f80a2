"""The daemon's part of the demo: found without being asked, corrected, approved, converged."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from demo.breakage import Breakage, break_all, six_breakages
from demo.findings import check_found
from demo.narration import Narrator, StepError, expect
from demo.stage import Stage
from tests.daemon import Daemon, free_port

NAME: Final = "webshop"
_SECRET: Final = "aws_ssm_parameter.payment_key"  # noqa: S105 - an address
_WITHIN_S: Final = 240.0
_SETTINGS: Final = """\
[daemon]
listen = "127.0.0.1:%d"
confirm_after = "5s"

[[stack]]
name = "webshop"
directory = "webshop"
interval = "10s"

[[policy]]
name = "secrets are looked at by a person"
match = {type = "aws_ssm_parameter"}
action_type = "manual_review"

[[policy]]
name = "everything else is put back at once"
match = {stack = "webshop"}
action_type = "auto_correct"
"""


def write_settings(stage: Stage, more: str = "") -> Path:
    """Leave a `trueup.toml` in the demo's folder, with `more` stacks behind ours; return it."""
    file = stage.own_folder / "trueup.toml"
    file.write_text(_SETTINGS % free_port() + more, encoding="utf-8")
    return file


def see_first_pass(daemon: Daemon, narrator: Narrator) -> None:
    """Wait until the daemon knows the stack, which nobody touched yet."""
    with narrator.step("trueup serve: the daemon takes the stack under watch"):
        stack = daemon.until(
            "a first complete pass", lambda: _when(daemon.ask(f"/stacks/{NAME}"), "verified_at")
        )
        expect(told="in_sync", seen=stack["health"], what="health of the stack")
        narrator.say(
            f"API at {daemon.address}; {stack['counts']['resources']} resources in sync,"
            f" looked at every {stack['interval_s']:.0f} s"
        )


def break_and_be_found(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """Break six things; the daemon must find exactly these by itself."""
    breakages = six_breakages(stage.secrets[1])
    with narrator.step(f"breaking six things behind {stage.tool.name}'s back"):
        break_all(breakages, stage.world)
        for breakage in breakages:
            narrator.item(breakage.title)
    broken = time.monotonic()
    with narrator.step("nobody asks: does the daemon find them?"):
        reports = daemon.until(
            "six drift reports", lambda: _reports(daemon, breakages), within_s=_WITHIN_S
        )
        _check_reports(reports, breakages, stage.directory)
        narrator.say(
            f"exactly these six, each with its kind, attribute, file and line,"
            f" {time.monotonic() - broken:.1f} s after the last was broken"
        )
        narrator.quote(stage.trueup("findings", "state:all", as_terminal=True).stdout)


def see_corrected(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """Wait until policy put back all that it may; the secret must still wait for a person."""
    with narrator.step(f"auto_correct: the daemon lets {stage.tool.name} put five things back"):
        daemon.until("one open finding", lambda: _only_secret_open(daemon), within_s=_WITHIN_S)
        daemon.until("every automatic remediation's end", lambda: _automatic_ended(daemon))
        for remediation in open_remediations(daemon):
            if remediation["action_type"] == "auto_correct":
                expect(told="converged", seen=remediation["state"], what="state")
                narrator.item(f"{', '.join(remediation['addresses'])}: {remediation['state']}")
        expect(told=False, seen=_open_to_the_world(stage), what="port 22 open to the world")
        narrator.say("the firewall is closed again in the simulated cloud itself")


def approve_the_secret(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """A person approves exactly the plan that was shown; any other digest is refused."""
    with narrator.step("manual_review: the overwritten secret waits for a person"):
        waiting = daemon.until("a plan to approve", lambda: _waiting(daemon), within_s=_WITHIN_S)
        narrator.quote(stage.trueup("plan", waiting["finding_ids"][0], as_terminal=True).stdout)
        refused = stage.trueup("approve", waiting["id"], "--digest", "0" * 64, may_end=(1,))
        expect(told=1, seen=refused.exit_code, what="exit code of a wrong digest")
        narrator.say("approved with a wrong digest: refused")
        stage.trueup("approve", waiting["id"], "--digest", waiting["plan_digest"])
        done = daemon.until(
            "its end", lambda: ended(daemon.ask(f"/remediations/{waiting['id']}")),
            within_s=_WITHIN_S,
        )  # fmt: skip
        expect(told="converged", seen=done["state"], what="state")
        narrator.say("approved with the digest of that plan: applied, read anew, converged")


def see_history(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """The reports of one resource tell its story."""
    with narrator.step("what happened to the firewall?"):
        resource_id = quote(f"{NAME}/aws_security_group.front", safe="")
        items = daemon.ask(f"/drift/reports?resource_id={resource_id}")["items"]
        kinds = [item["drift_details"].get("kind") for item in items]
        if len(items) < 2:  # noqa: PLR2004 - it was found, and it healed
            raise StepError(f"expected a report of the drift and one of its end, got {kinds}")
        for item in reversed(items):
            narrator.row(item["timestamp"], item["event"])
        narrator.quote(stage.trueup("status", as_terminal=True).stdout)


def _reports(daemon: Daemon, breakages: tuple[Breakage, ...]) -> list[dict[str, Any]] | None:
    items = daemon.ask("/drift/reports?limit=100")["items"]
    found = {item["resource_id"].partition("/")[2]: item for item in items
             if item["event"] == "detected"}  # fmt: skip
    complete = {breakage.address for breakage in breakages} <= found.keys()
    return list(found.values()) if complete else None


def _check_reports(
    reports: list[dict[str, Any]], breakages: tuple[Breakage, ...], directory: Path
) -> None:
    findings = [report["drift_details"] for report in reports]
    check_found({"findings": findings, "unreadable": []}, breakages, directory)


def _only_secret_open(daemon: Daemon) -> bool:
    items = daemon.ask("/findings?filter=state:open")["items"]
    return [item["address"] for item in items] == [_SECRET]


def _automatic_ended(daemon: Daemon) -> bool:
    automatic = [
        one
        for one in open_remediations(daemon)
        if one["action_type"] == "auto_correct" and one["stack"] == NAME
    ]
    return bool(automatic) and all(ended(one) for one in automatic)


def open_remediations(daemon: Daemon) -> list[dict[str, Any]]:
    """Return all but those whose place a newer drift has taken."""
    items: list[dict[str, Any]] = daemon.ask("/remediations?limit=100")["items"]
    return [item for item in items if item["state"] != "superseded"]


def _waiting(daemon: Daemon) -> dict[str, Any] | None:
    waiting = [one for one in open_remediations(daemon) if one["state"] == "awaiting_approval"]
    return waiting[0] if waiting and waiting[0]["plan_digest"] else None


def ended(remediation: dict[str, Any]) -> dict[str, Any] | None:
    """Return a remediation that has come to an end; None while it has not."""
    ends = {"converged", "rejected", "cancelled", "failed", "needs_human", "unknown"}
    return remediation if remediation["state"] in ends else None


def _when(thing: dict[str, Any], key: str) -> dict[str, Any] | None:
    return thing if thing[key] else None


def _open_to_the_world(stage: Stage) -> bool:
    groups = stage.world.client("ec2").describe_security_groups()["SecurityGroups"]
    return any(
        rule.get("FromPort") == 22 and {"CidrIp": "0.0.0.0/0"} in rule["IpRanges"]  # noqa: PLR2004
        for group in groups
        for rule in group["IpPermissions"]
    )
