"""The daemon's part of the demo: found without being asked, corrected, approved, converged."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from demo import pulumi_breakage
from demo.breakage import Breakage, break_all, six_breakages
from demo.findings import check_found
from demo.isolating import SERVER, open_the_server
from demo.narration import Narrator, StepError, expect
from demo.pulumi_breakage import still_wrong, three_breakages
from demo.pulumi_stage import STACK, PulumiStage
from demo.stage import COURIER, FRONTDOOR, HOSTS, WEBSHOP, Stage
from tests.daemon import Daemon

_EXPECTED: Final = frozenset(
    {(WEBSHOP, "auto_correct"), (WEBSHOP, "manual_review"), (COURIER, "auto_correct")}
)
_WITHIN_S: Final = 240.0
_ENDS: Final = frozenset({"converged", "rejected", "cancelled", "failed", "needs_human", "unknown"})
_SETTINGS: Final = """\
[daemon]
listen = "127.0.0.1:{port}"
confirm_after = "2s"

[[stack]]
name = "{webshop}"
directory = "{webshop}"
interval = "10s"

[[stack]]
name = "{courier}"
directory = "{courier}"
pulumi_stack = "{stack}"
interval = "10s"
dynamic_providers = true

[[stack]]
name = "{frontdoor}"
directory = "{frontdoor}"
interval = "10s"

[[stack]]
name = "{hosts}"
directory = "{hosts}"
pulumi_stack = "{stack}"
interval = "10s"
dynamic_providers = true

[[policy]]
name = "a person decides about web hosts"
match = {{host_group = "web"}}
action_type = "manual_review"

[[policy]]
name = "an open server takes no more requests"
match = {{stack = "{frontdoor}"}}
action_type = "quarantine"

[[policy]]
name = "a person decides about secrets"
match = {{type = "aws_ssm_parameter"}}
action_type = "manual_review"

[[policy]]
name = "the rest of the webshop is put back at once"
match = {{stack = "{webshop}"}}
action_type = "auto_correct"

[[policy]]
name = "so is the courier"
match = {{stack = "{courier}"}}
action_type = "auto_correct"

[[guardrail]]  # the stacks drift within a minute: by itself the daemon would ask a person
bake = "0s"
exception = "0s"
fleet_percent = 100
max_percent = 100
max_resources = 50
protected_types = []
stack_per_day = 50
total_per_day = 100
"""


def write_settings(stage: Stage, *, port: int, channels: str = "") -> Path:
    """Leave a `trueup.toml` in the demo's folder, with the stacks and the policies; return it.

    `channels` are sections of their own.
    """
    file = stage.own_folder / "trueup.toml"
    text = _SETTINGS.format(
        port=port,
        webshop=WEBSHOP,
        courier=COURIER,
        frontdoor=FRONTDOOR,
        hosts=HOSTS,
        stack=STACK,
    )
    file.write_text(text + channels, encoding="utf-8")
    return file


def see_first_pass(daemon: Daemon, narrator: Narrator) -> None:
    """Wait until the daemon knows the stacks, which nobody touched yet."""
    with narrator.step("Have them watched: trueup serve"):
        for name in (WEBSHOP, COURIER, FRONTDOOR, HOSTS):
            stack = daemon.until("a first complete scan", partial(_seen, daemon, name))
            expect(expected="in_sync", seen=stack["health"], what=f"health of {name}")
        narrator.say(f"API at {daemon.address}; all in sync, scanned every 10 s")
        narrator.say("policy: secrets wait for a person, everything else is put back at once")


def break_and_be_found(stage: Stage, made: PulumiStage, daemon: Daemon, narrator: Narrator) -> None:
    """Break ten things; the daemon must find exactly these by itself."""
    breakages = six_breakages(stage.secrets[1])
    with narrator.step("Break ten things behind the tools' backs"):
        break_all(breakages, stage.world)
        for breakage in three_breakages():
            breakage.do(made)
        titles = [breakage.title for breakage in breakages] + [
            breakage.title for breakage in three_breakages()
        ]
        titles.append(open_the_server(stage))
        for title in titles:
            narrator.item(title)
        broken = time.monotonic()
        reports = daemon.until(
            "ten drift reports", lambda: _reports(daemon, breakages), within_s=_WITHIN_S
        )
        ours = [report for report in reports if report["resource_id"].startswith(f"{WEBSHOP}/")]
        _check_reports(ours, breakages, stage.directory)
        others = [report for report in reports if report["resource_id"].startswith(FRONTDOOR)]
        expect(
            expected=[f"{FRONTDOOR}/{SERVER}"],
            seen=[report["resource_id"] for report in others],
            what=f"drift of {FRONTDOOR}",
        )
        pulumi_breakage.check_found(
            report["drift_details"]
            for report in reports
            if report["resource_id"].startswith(f"{COURIER}/")
        )
        narrator.say(
            f"The daemon found exactly these ten, {time.monotonic() - broken:.1f} s after the"
            " last was broken, each with its attribute, file and line:"
        )
        narrator.quote(stage.trueup("findings", "state:all", as_terminal=True).stdout)


def approve_the_secret(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """A person approves exactly the plan that was shown; any other digest is refused."""
    with narrator.step("manual_review: the overwritten secret waits for a person"):
        waiting = daemon.until("a plan to approve", lambda: _waiting(daemon), within_s=_WITHIN_S)
        narrator.quote(stage.trueup("remediation", waiting["id"], as_terminal=True).stdout)
        refused = stage.trueup("approve", waiting["id"], "--digest", "0" * 64, may_end=(1,))
        expect(expected=1, seen=refused.exit_code, what="exit code of a wrong digest")
        narrator.say("approved with a wrong digest: refused")
        stage.trueup("approve", waiting["id"], "--digest", waiting["plan_digest"])
        narrator.say("approved with the digest of that plan: accepted")


def see_corrected(stage: Stage, made: PulumiStage, daemon: Daemon, narrator: Narrator) -> None:
    """Wait until all is put back: what policy allowed, and what a person approved."""
    with narrator.step("All is put back, by terraform apply and pulumi up"):
        done = daemon.until("every correction's end", lambda: _all_ended(daemon),
                            within_s=_WITHIN_S)  # fmt: skip
        for remediation in done:
            expect(
                expected="converged",
                seen=remediation["state"],
                what=f"state of {remediation['addresses']}",
            )
            names = (address.rpartition("::")[2] for address in remediation["addresses"])
            narrator.item(
                f"{remediation['action_type']}, {remediation['stack']}: {', '.join(names)}"
            )
        daemon.until("no open finding", lambda: not _open(daemon), within_s=_WITHIN_S)
        expect(expected=False, seen=_open_to_the_world(stage), what="port 22 open to the world")
        if wrong := still_wrong(made):
            raise StepError("; ".join(wrong))
        narrator.say("read again: converged; seen in the cloud itself: no open firewall is left")


def see_history(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """The reports of one resource tell its story."""
    with narrator.step("What happened to the webshop's firewall?"):
        resource_id = quote(f"{WEBSHOP}/aws_security_group.front", safe="")
        items = daemon.ask(f"/drift/reports?resource_id={resource_id}")["items"]
        kinds = [item["drift_details"].get("kind") for item in items]
        if len(items) < 2:  # noqa: PLR2004 - it was found, and it healed
            raise StepError(f"expected a report of the drift and one of its end, got {kinds}")
        for item in reversed(items):
            narrator.row(item["timestamp"], item["event"])
        narrator.quote(stage.trueup("status", as_terminal=True).stdout)


def _seen(daemon: Daemon, name: str) -> dict[str, Any] | None:
    stack: dict[str, Any] = daemon.ask(f"/stacks/{name}")
    return stack if stack["verified_at"] else None


def _reports(daemon: Daemon, breakages: Iterable[Breakage]) -> list[dict[str, Any]] | None:
    items = daemon.ask("/drift/reports?limit=100")["items"]
    detected = [item for item in items if item["event"] == "detected"]
    # A scan that fell between two breakages reports one resource twice: the newest counts.
    found = {item["resource_id"]: item for item in reversed(detected)}
    addresses = [item["resource_id"].partition("/")[2] for item in found.values()]
    complete = {SERVER, *(breakage.address for breakage in breakages)} <= set(addresses) and all(
        any(map(breakage.matches, addresses)) for breakage in three_breakages()
    )
    return list(found.values()) if complete else None


def _check_reports(
    reports: list[dict[str, Any]], breakages: tuple[Breakage, ...], directory: Path
) -> None:
    findings = [report["drift_details"] for report in reports]
    check_found({"findings": findings, "unreadable": []}, breakages, directory)


def _open(daemon: Daemon) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = daemon.ask("/findings?filter=state:open")["items"]
    return items


def _all_ended(daemon: Daemon) -> list[dict[str, Any]] | None:
    items = _remediations(daemon)
    kinds = {(item["stack"], item["action_type"]) for item in items}
    return items if kinds >= _EXPECTED and all(map(_ended, items)) else None


def _remediations(daemon: Daemon) -> list[dict[str, Any]]:
    """Return those that correct, but those whose place a newer drift has taken."""
    items: list[dict[str, Any]] = daemon.ask("/remediations?limit=100")["items"]
    return [
        item
        for item in items
        if item["state"] != "superseded" and item["stack"] in (WEBSHOP, COURIER)
    ]


def _waiting(daemon: Daemon) -> dict[str, Any] | None:
    waiting = [
        remediation
        for remediation in _remediations(daemon)
        if remediation["state"] == "awaiting_approval"
    ]
    return waiting[0] if waiting and waiting[0]["plan_digest"] else None


def _ended(remediation: dict[str, Any]) -> dict[str, Any] | None:
    return remediation if remediation["state"] in _ENDS else None


def _open_to_the_world(stage: Stage) -> bool:
    groups = stage.world.client("ec2").describe_security_groups()["SecurityGroups"]
    return any(
        rule.get("FromPort") == 22 and {"CidrIp": "0.0.0.0/0"} in rule["IpRanges"]  # noqa: PLR2004
        for group in groups
        for rule in group["IpPermissions"]
    )
