"""Quarantine of a Pulumi stack: a resource that connects another is destroyed, and comes back."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Final

import pytest

from reconciler.dispatch.script_files import lack_of
from reconciler.domain.scripts import ScriptRule
from tests.daemon import Daemon
from tests.e2e.balanced import let_its_time_be_over
from tests.e2e.command import Trueup
from tests.e2e.shop import applies, findings_of, only_remediation, remediation_of, until_state
from tests.e2e.things import Things, until_found, until_verified
from tests.pulumi_world import PulumiStack, copied, initialised, thing
from tests.worlds.pulumi.tools import PulumiTools

POLICY: Final = """
[[policy]]
name = "isolate"
match = {stack = "things"}
action_type = "quarantine"
edges = ["*::edge"]
"""
SHRINK: Final = f"""#!{sys.executable} -I
import json, os, sys
with open(os.environ["TRUEUP_THINGS"]) as file:
    cloud = json.load(file)
given = json.load(sys.stdin)
for finding in given["findings"]:
    name = finding["address"].rpartition("::")[2]
    (there,) = (one for one in cloud["objects"].values() if one["name"] == name)
    there["size"] = 0 if given["action"] == "isolate" else 3
draft = os.environ["TRUEUP_THINGS"] + ".draft"
with open(draft, "w") as file:
    json.dump(cloud, file)
os.replace(draft, os.environ["TRUEUP_THINGS"])
"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def deployed(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> PulumiStack:
    """A thing, an edge that depends on it, and another thing; for copying only."""
    there = (thing("vm"), thing("edge", after=["vm"], secret="CANARY-edge"), thing("other"))
    return initialised(tmp_path_factory.mktemp("edges"), pulumi, there)


@pytest.fixture
def things(deployed: PulumiStack, caches: Path, tmp_path: Path) -> Things:
    """A stack of one's own, and a folder for a daemon."""
    for name in ("daemon", "stack"):
        (tmp_path / name).mkdir()
    return Things(copied(deployed, tmp_path / "stack"), tmp_path / "daemon", caches)


def test_a_thing_is_isolated_and_released(things: Things) -> None:
    """The daemon is killed while the edge is being destroyed; the next one adopts that."""
    vm, edge = things.stack.urn("vm"), things.stack.urn("edge")
    right = things.stack.things()
    settings = things.settings(POLICY)
    with things.serving(settings) as daemon:
        until_verified(daemon)
        things.hack("vm")
        until_found(daemon, vm)
        waiting = only_remediation(daemon, "awaiting_approval")
        assert [(one["address"], one["action"]) for one in waiting["plan"]["resources"]] == [
            (edge, "delete")
        ]
        things.stack.while_applying(edge="wait")
        approve = f"/remediations/{waiting['id']}/approve"
        daemon.ask(approve, {"plan_digest": waiting["plan_digest"]})
        daemon.until("the edge being destroyed", lambda: things.stack.is_waiting)
        (begun,) = daemon.ask("/quarantines?state=open")["items"]
        assert (begun["state"], begun["isolates"]) == ("isolating", [vm])
        assert "edge" in things.stack.things()
        daemon.process.kill()
        daemon.process.wait()
    things.stack.while_applying(edge=None)
    with things.serving(settings) as daemon:
        until_state(daemon, waiting["id"], "converged")
        assert applies(daemon) == 1
        assert "edge" not in things.stack.things()
        assert things.stack.things()["vm"]["value"] == "hacked"
        (shown,) = daemon.ask("/quarantines?state=open")["items"]
        assert shown["state"] == "active"
        assert [one["address"] for one in findings_of(daemon, "state:quarantined")] == [vm]
        assert findings_of(daemon) == []
        trueup = Trueup({"XDG_CACHE_HOME": str(things.caches)})
        ended = trueup.run("--config", settings, "release", waiting["id"], "--wait")
        assert ended.code == 0, ended.everything
        assert things.stack.things()["edge"] == right["edge"]
        assert things.stack.things()["vm"]["value"] == "hacked"
        (over,) = daemon.ask("/quarantines")["items"]
        assert over["state"] == "released"
        assert remediation_of(daemon, over["release"])["approvals"] == []
    assert list(things.canaries()) == []


def test_time_releases_it_after_a_restart_and_then_the_end_of_its_drift_does(
    things: Things,
) -> None:
    vm, settings = things.stack.urn("vm"), things.settings(POLICY)
    right = things.stack.things()
    with things.serving(settings) as daemon:
        until_verified(daemon)
        things.hack("vm")
        until_found(daemon, vm)
        _approved(daemon)
        assert "edge" not in things.stack.things()
    let_its_time_be_over(things.data_dir)
    with things.serving(settings) as daemon:
        daemon.until("the edge being back", lambda: "edge" in things.stack.things())
        daemon.until("its release", lambda: _states(daemon) == ["released"])
        assert things.stack.things()["vm"]["value"] == "hacked"
        until_found(daemon, vm)  # what time released is proposed again
        _approved(daemon)
        assert "edge" not in things.stack.things()
        with things.stack.changed() as there:
            there["vm"] = right["vm"]
        daemon.ask("/stacks/things/scan", {})
        daemon.until("the edge being back", lambda: "edge" in things.stack.things())
        daemon.until("its release", lambda: _states(daemon) == ["released"] * 2)
        daemon.until("its end", lambda: not findings_of(daemon, "state:quarantined"))
    assert list(things.canaries()) == []


def _approved(daemon: Daemon) -> None:
    """Approve the quarantine that is proposed, and wait until it isolates."""
    waiting = only_remediation(daemon, "awaiting_approval")
    approve = f"/remediations/{waiting['id']}/approve"
    daemon.ask(approve, {"plan_digest": waiting["plan_digest"]})
    until_state(daemon, waiting["id"], "converged")


def _states(daemon: Daemon) -> list[str]:
    return [each["state"] for each in daemon.ask("/quarantines")["items"]]


def _by_script(things: Things) -> Path:
    scripts = things.folder / "scripts"
    scripts.mkdir(mode=0o700)
    script = scripts / "shrink"
    script.write_text(SHRINK)
    script.chmod(0o755)
    digest = hashlib.sha256(script.read_bytes()).hexdigest()
    return things.settings(
        f'[[script]]\nname = "shrink"\nsha256 = "{digest}"\nenvironment = ["TRUEUP_THINGS"]\n'
        '[[policy]]\nname = "isolate"\nmatch = {stack = "things"}\naction_type = "quarantine"\n'
        'driver = "script"\nscript = "shrink"\n',
        daemon='scripts = "scripts"',
    )


def test_a_script_isolates_a_thing_and_releases_it(things: Things) -> None:
    lack = lack_of(ScriptRule("shrink", "", ""))
    if lack:
        pytest.skip(lack)
    vm = things.stack.urn("vm")
    with things.serving(_by_script(things)) as daemon:
        until_verified(daemon)
        things.hack("vm")
        until_found(daemon, vm)
        waiting = only_remediation(daemon, "awaiting_approval", "needs_human")
        approve = f"/remediations/{waiting['id']}/approve"
        daemon.ask(approve, {"plan_digest": waiting["plan_digest"]})
        until_state(daemon, waiting["id"], "converged")
        assert things.stack.things()["vm"]["size"] == 0
        daemon.scan("things")
        assert findings_of(daemon) == []
        (kept,) = findings_of(daemon, "state:quarantined")
        assert [change["path"] for change in kept["changes"]] == ["value"]
        with things.stack.changed() as there:
            there["vm"]["value"] = "value of vm"
        daemon.ask("/stacks/things/scan", {})
        daemon.until("its size being back", lambda: things.stack.things()["vm"]["size"] == 3)
        daemon.until(
            "its release", lambda: daemon.ask("/quarantines")["items"][0]["state"] == "released"
        )
        assert things.updates == 0
    assert list(things.canaries()) == []
