"""A quarantine in the demo: a server leaves its load balancer, and comes back by itself."""

from __future__ import annotations

from typing import Any, Final

from demo.breakage import SSH_FROM_ANYWHERE
from demo.narration import Narrator, expect
from demo.stage import FRONTDOOR, Stage
from tests.daemon import Daemon
from tests.simulator import copy_stack
from tests.worlds.deploy import APPLY, STACKS, write_provider_file
from tests.worlds.world import Attribute, World

SERVER: Final = "aws_security_group.web"
_CODE: Final = "balanced"
_WITHIN_S: Final = 120.0


def deploy_frontdoor(stage: Stage) -> None:
    """Bring about a server behind a load balancer, by the stage's own tool."""
    directory = copy_stack(STACKS / _CODE, stage.own_folder / FRONTDOOR)
    write_provider_file(_CODE, directory)
    stage.run_tool("init", "-no-color", "-input=false", directory=directory)
    stage.run_tool(*APPLY, directory=directory)


def open_the_server(stage: Stage) -> str:
    """Let the whole internet in where the server's policy is to isolate it; say what was done."""
    _change(stage, "authorize_security_group_ingress")
    return "the firewall of the server behind the load balancer lets ssh in"


def approve_isolation(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """A person approves the quarantine's plan; until then the server stays where it is."""
    with narrator.step("quarantine: taking the server off its load balancer waits for a person"):
        waiting = daemon.until("a quarantine to approve", lambda: _waiting(daemon),
                               within_s=_WITHIN_S)  # fmt: skip
        expect(expected=1, seen=len(_targets(stage)), what="targets before the approval")
        stage.trueup("approve", waiting["id"], "--digest", waiting["plan_digest"])
        narrator.say("approved with the digest of its plan; it is carried out meanwhile")


def see_isolated(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """The server gets no more requests, and nothing calls that drift."""
    with narrator.step("The server is off its load balancer"):
        daemon.until("an active quarantine", lambda: _active(daemon), within_s=_WITHIN_S)
        expect(expected=[], seen=_targets(stage), what="targets of the load balancer")
        narrator.quote(stage.trueup("quarantines", as_terminal=True).stdout)


def see_released(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """The drift goes, and so does the quarantine: nobody has to think of it."""
    with narrator.step("The server's firewall is closed by hand: it is released by itself"):
        _change(stage, "revoke_security_group_ingress")
        daemon.ask(f"/stacks/{FRONTDOOR}/scan", {})
        daemon.until("the end of the quarantine", lambda: not _open(daemon), within_s=_WITHIN_S)
        expect(expected=1, seen=len(_targets(stage)), what="targets of the load balancer")
        narrator.say("the load balancer has its target back; terraform created it, as it was")


def _open(daemon: Daemon) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = daemon.ask("/quarantines?state=open")["items"]
    return items


def _active(daemon: Daemon) -> bool:
    return any(quarantine["state"] == "active" for quarantine in _open(daemon))


def _waiting(daemon: Daemon) -> dict[str, Any] | None:
    items = daemon.ask("/remediations?limit=100")["items"]
    return next(
        (
            item
            for item in items
            if (item["stack"], item["state"]) == (FRONTDOOR, "awaiting_approval")
            and item["plan_digest"]
        ),
        None,
    )


def _world(stage: Stage) -> World:
    return World(stage.simulator.endpoint, stage.own_folder / FRONTDOOR / "terraform.tfstate")


def _change(stage: Stage, call: str) -> None:
    world = _world(stage)
    group = world.resolve(Attribute(SERVER))
    getattr(world.client("ec2"), call)(GroupId=group, IpPermissions=[SSH_FROM_ANYWHERE])


def _targets(stage: Stage) -> list[str]:
    world = _world(stage)
    group = world.resolve(Attribute("aws_lb_target_group.web", "arn"))
    seen = world.client("elbv2").describe_target_health(TargetGroupArn=group)
    return [health["Target"]["Id"] for health in seen["TargetHealthDescriptions"]]
