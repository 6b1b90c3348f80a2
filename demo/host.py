"""A host in a Pulumi stack: edited by hand, found by its agent, proposed, approved, put right."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any, Final

from demo.commands import run
from demo.narration import Narrator, StepError, expect
from demo.pulumi_stage import STACK, PulumiStage
from demo.stage import HOSTS, Stage
from tests.daemon import Daemon
from tests.e2e.reporting_host import RIGHT, SSHD, WRONG, ReportingHost
from tests.simulator import copy_stack

_REPOSITORY: Final = Path(__file__).parent.parent
_PROGRAM: Final = _REPOSITORY / "tests/worlds/pulumi/stacks/hosts"
_COMPONENT: Final = _REPOSITORY / "stacks/host_baseline/trueup_host"
_WITHIN_S: Final = 120.0
_ENDS: Final = frozenset({"converged", "rejected", "cancelled", "failed", "needs_human", "unknown"})


def host_of(stage: Stage) -> ReportingHost:
    """Return the demo's host: a folder that is its file system."""
    return ReportingHost(stage.own_folder / "web-1")


def deploy_host(made: PulumiStage) -> None:
    """Let the CLI write what the stack declares of the host, an SSH setting."""
    stage = made.stage
    host = host_of(stage)
    host.account()
    host.write(SSHD, "")
    stage.environment["TRUEUP_HOST_ROOT"] = str(host.root)
    directory = stage.own_folder / HOSTS
    copy_stack(_PROGRAM, directory)
    shutil.copytree(_COMPONENT, directory / "trueup_host")
    made.pulumi("stack", "init", STACK, directory=directory)
    made.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, directory=directory)
    expect(expected=RIGHT, seen=host.read(SSHD), what="the host's SSH settings")


def see_host(stage: Stage, daemon: Daemon, narrator: Narrator) -> None:
    """Enroll an agent, edit a file by hand, and let the stack that declares it put it right."""
    host = host_of(stage)
    with narrator.step("A host: an agent reports it, a Pulumi stack declares it"):
        token = stage.trueup("agent", "enroll-token", "--host", "web-1").stdout
        stage.printed[-2:] = []  # the one place where a token is shown
        file = stage.own_folder / "token"
        file.write_text(token)
        _agent(stage, "enroll", f"--server={daemon.address}", f"--token-file={file}",
               "--host=web-1", f"--root={host.root}")  # fmt: skip
        _agent(stage, "once")
        expect(expected=[], seen=_findings(daemon), what="findings of an untouched host")
        narrator.say("enrolled by a token that works once; nothing differs from the stack")
        host.write(SSHD, WRONG, mode=0o600)
        _agent(stage, "once")
        (finding,) = _findings(daemon)
        (change,) = finding["changes"]
        narrator.item(f"edited by hand, found: {change['path']}")
        narrator.item(f"declared {change['declared'][:12]}…, is {change['live'][:12]}…")
        waiting = daemon.until("a proposal", lambda: _waiting(daemon), within_s=_WITHIN_S)
        expect(expected=WRONG, seen=host.read(SSHD), what="the file before the approval")
        stage.trueup("approve", waiting["id"], "--digest", waiting["plan_digest"])
        daemon.until("the file as declared", lambda: host.read(SSHD) == RIGHT, within_s=_WITHIN_S)
        daemon.until(
            "what the host's report is waited for",
            lambda: _state(daemon, waiting["id"]) in {"verifying", *_ENDS},
            within_s=_WITHIN_S,
        )
        _agent(stage, "once")
        daemon.until("the end", lambda: _state(daemon, waiting["id"]) in _ENDS, within_s=_WITHIN_S)
        expect(
            expected="converged", seen=_state(daemon, waiting["id"]), what="the host's correction"
        )
        narrator.say("proposed by a policy for its group, approved, put right by pulumi up")
        narrator.say(f"its next report says that all is equal: {_agent(stage, 'once')}")


def _agent(stage: Stage, command: str, *options: str) -> str:
    ran = run(
        (Path(sys.executable).with_name("trueup-agent"), command, *options,
         f"--state={host_of(stage).state}"),
        directory=stage.own_folder,
        environment=stage.environment,
    )  # fmt: skip
    stage.printed.extend((ran.stdout, ran.stderr))
    if ran.exit_code:
        raise StepError(f"trueup-agent {command} ended {ran.exit_code}:\n{ran.stderr}")
    return ran.stdout.strip()


def _findings(daemon: Daemon) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = daemon.ask(f"/stacks/{HOSTS}/findings")["items"]
    return items


def _waiting(daemon: Daemon) -> dict[str, Any] | None:
    items = daemon.ask("/remediations?state=awaiting_approval")["items"]
    ready = (item for item in items if item["stack"] == HOSTS and item["plan_digest"])
    return next(ready, None)


def _state(daemon: Daemon, remediation_id: str) -> str:
    return str(daemon.ask(f"/remediations/{remediation_id}")["state"])
