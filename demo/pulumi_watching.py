"""The daemon's part of the Pulumi half: found, corrected by `pulumi up`, approved, converged."""

from __future__ import annotations

import time
from typing import Any, Final

from demo.narration import Narrator, StepError, expect
from demo.pulumi_breakage import PulumiBreakage, five_breakages, world_is_right
from demo.pulumi_stage import COURIER, NOTICES, STACK, PulumiStage
from demo.watching import ended, open_remediations
from tests.daemon import Daemon
from tests.worlds.mutations.mutation import paths_match

SETTINGS: Final = f"""
[[stack]]
name = "{COURIER}"
directory = "{COURIER}"
pulumi_stack = "{STACK}"
interval = "10s"
dynamic_providers = true

[[stack]]
name = "{NOTICES}"
directory = "{NOTICES}"
pulumi_stack = "{STACK}"
interval = "10s"

[[policy]]
name = "secrets of Pulumi stacks are looked at by a person"
match = {{type = "aws:index/ssmParameter:SsmParameter"}}
action_type = "manual_review"

[[policy]]
name = "the courier is put back at once"
match = {{stack = "{COURIER}"}}
action_type = "auto_correct"

[[policy]]
name = "so are the notices"
match = {{stack = "{NOTICES}"}}
action_type = "auto_correct"
"""
_WITHIN_S: Final = 240.0


def break_and_be_found(made: PulumiStage, daemon: Daemon, narrator: Narrator) -> None:
    """Break five things of both stacks; the daemon must find exactly these by itself."""
    breakages = five_breakages()
    with narrator.step("breaking five things behind Pulumi's back"):
        for breakage in breakages:
            breakage.do(made)
            narrator.item(breakage.title)
    broken = time.monotonic()
    with narrator.step("nobody asks: does the daemon find these too?"):
        found = daemon.until("five findings", lambda: _found(daemon, breakages), within_s=_WITHIN_S)
        check(found, breakages)
        narrator.say(
            "exactly these five, each with its kind and its property,"
            f" {time.monotonic() - broken:.1f} s after the last was broken"
        )


def see_corrected(daemon: Daemon, narrator: Narrator) -> None:
    """Wait until `pulumi up` put back what policy allows; the secret must still wait."""
    with narrator.step("auto_correct: pulumi up puts four things back, and nothing else"):
        daemon.until("one open finding", lambda: _only_secret_open(daemon), within_s=_WITHIN_S)
        done = daemon.until("every automatic remediation's end", lambda: _automatic_ended(daemon))
        for remediation in done:
            expect(told="converged", seen=remediation["state"], what="state")
            names = ", ".join(one.rpartition("::")[2] for one in remediation["addresses"])
            narrator.item(f"{remediation['stack']}: {names}: {remediation['state']}")


def approve_the_secret(made: PulumiStage, daemon: Daemon, narrator: Narrator) -> None:
    """A person approves exactly the plan that was shown; any other digest is refused."""
    with narrator.step("manual_review: the overwritten sender key waits for a person"):
        waiting = daemon.until("a plan to approve", lambda: _waiting(daemon), within_s=_WITHIN_S)
        stage = made.stage
        narrator.quote(stage.trueup("plan", waiting["finding_ids"][0], as_terminal=True).stdout)
        stage.trueup("approve", waiting["id"], "--digest", "0" * 64, may_end=(1,))
        narrator.say("approved with a wrong digest: refused")
        stage.trueup("approve", waiting["id"], "--digest", waiting["plan_digest"])
        done = daemon.until(
            "its end", lambda: ended(daemon.ask(f"/remediations/{waiting['id']}")),
            within_s=_WITHIN_S,
        )  # fmt: skip
        expect(told="converged", seen=done["state"], what="state")
        if wrong := world_is_right(made):
            raise StepError("; ".join(wrong))
        narrator.say("approved with its own: pulumi up ran, read anew, converged; both the cloud")
        narrator.say("and the file on this machine are as their programs declare them")
        narrator.quote(stage.trueup("status", as_terminal=True).stdout)


def _findings(daemon: Daemon, state: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = daemon.ask(f"/findings?filter=state:{state}&limit=100")["items"]
    return [one for one in items if one["stack"] in (COURIER, NOTICES)]


def _found(daemon: Daemon, breakages: tuple[PulumiBreakage, ...]) -> list[dict[str, Any]] | None:
    # Some may be healed again by the time the last is found.
    items = _findings(daemon, "all")
    complete = all(any(b.matches(one["address"]) for one in items) for b in breakages)
    return items if complete else None


def check(found: list[dict[str, Any]], breakages: tuple[PulumiBreakage, ...]) -> None:
    """Do nothing when every finding is one of these, in kind and path.

    Raises:
        StepError: one is wrong or one too many; the message names all of them.
    """
    wrong = []
    for finding in found:
        breakage = next((one for one in breakages if one.matches(finding["address"])), None)
        if breakage is None:
            wrong.append(f"{finding['address']}: nobody touched it")
            continue
        paths = {change["path"] for change in finding["changes"]}
        if finding["kind"] != breakage.kind or not paths_match(breakage.paths, paths):
            wrong.append(f"{finding['address']}: {finding['kind']} {sorted(paths)}")
    if wrong:
        raise StepError("the findings are not those told:\n" + "\n".join(wrong))


def _only_secret_open(daemon: Daemon) -> bool:
    return [one["address"].rpartition("::")[2] for one in _findings(daemon, "open")] == ["sender"]


def _automatic_ended(daemon: Daemon) -> list[dict[str, Any]] | None:
    automatic = [one for one in _ours(daemon) if one["action_type"] == "auto_correct"]
    return automatic if automatic and all(ended(one) for one in automatic) else None


def _waiting(daemon: Daemon) -> dict[str, Any] | None:
    waiting = [one for one in _ours(daemon) if one["state"] == "awaiting_approval"]
    return waiting[0] if waiting and waiting[0]["plan_digest"] else None


def _ours(daemon: Daemon) -> list[dict[str, Any]]:
    return [one for one in open_remediations(daemon) if one["stack"] in (COURIER, NOTICES)]
