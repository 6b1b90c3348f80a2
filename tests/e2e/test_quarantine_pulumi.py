"""Quarantine of a Pulumi stack: a resource that connects another is destroyed, and comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.e2e.command import Trueup
from tests.e2e.shop import applies, findings_of, only_remediation, remediation_of, until_state
from tests.e2e.things import Things, until_found, until_verified
from tests.pulumi_world import initialised, thing
from tests.worlds.pulumi.tools import PulumiTools

POLICY: Final = """
[[policy]]
name = "isolate"
match = {stack = "things"}
action_type = "quarantine"
edges = ["*::edge"]
"""
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def things(pulumi: PulumiTools, caches: Path, tmp_path: Path) -> Things:
    there = (thing("vm"), thing("edge", after=["vm"], secret="CANARY-edge"), thing("other"))
    folder = tmp_path / "daemon"
    folder.mkdir()
    return Things(initialised(tmp_path / "stack", pulumi, there), folder, caches)


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
