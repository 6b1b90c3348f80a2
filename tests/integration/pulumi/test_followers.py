"""What an update changes of an object only because another one has moved (row P9)."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.pulumi.checkpoint import STACK_TYPE
from reconciler.domain.model import Drifted, InSync, Missing, Noise, Origin, Unreadable, Verdict
from reconciler.domain.values import UNKNOWN, Sensitive
from tests.integration.pulumi.test_engine_steps import drifted, follower, paths
from tests.worlds.pulumi.kv import KvProject, item, kv_project
from tests.worlds.pulumi.project import verdicts
from tests.worlds.pulumi.tools import PulumiTools

OUTPUTS = {
    "quiet": ["${quiet.rev}"],
    "secret": {"fn::secret": "${quiet.rev}"},
    "value": "${quiet.value}",
    "upd": "${upd.value}",
}


@pytest.fixture(scope="module")
def deployed(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """The template; for copying only."""
    return kv_project(
        tmp_path_factory.mktemp("followers"),
        pulumi,
        upd=item("upd", "one", word={"fn::secret": "CANARY-word"}),
        by_rev=item("by-rev", "${upd.rev}"),
        by_id=item("by-id", "${upd.id}"),
        by_value=item("by-value", "${upd.value}", word="${upd.word}"),
        second=item("second", "after ${by_rev.rev}", tags={"x": "1"}),
        waits=item("waits", options={"dependsOn": ["${upd}"]}),
        gone=item("gone"),
        by_gone=item("by-gone", "${gone.rev}"),
        quiet=item("quiet"),
        by_quiet=item("by-quiet", "${quiet.rev}!"),
        outputs=OUTPUTS,
    )


@pytest.fixture
def project(deployed: KvProject, tmp_path: Path) -> KvProject:
    """A project of one's own, in which everything is as the program asks for it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return deployed.copied(folder)


def change(project: KvProject, name: str, **values: object) -> None:
    with project.changed(name) as content:
        content.update(values)


def values(verdict: Verdict) -> dict[str, tuple[object, object]]:
    """Return by path what is there, and what an update writes."""
    return {str(one.path): (one.live, one.declared) for one in drifted(verdict).changes}


async def test_what_an_update_changes_elsewhere_follows_what_moved(project: KvProject) -> None:
    change(project, "upd", value="hack")
    change(project, "second", tags={"x": "2"})
    change(project, "quiet", rev=7)
    project.object_file("gone").unlink()
    found = await project.scan()
    assert follower(found["by_rev"], of="upd", replaced=False)
    assert values(found["by_rev"]) == {"value": (1, 2)}
    assert follower(found["by_gone"], of="gone", replaced=False)
    # No plan puts the count of writes back, and what holds it is written anew.
    assert isinstance(found["quiet"], Noise)
    assert values(found["by_quiet"]) == {"value": ("1!", "7!")}
    assert follower(found["by_quiet"], of="quiet", replaced=False)
    # What somebody changed is shown beside what follows.
    assert paths(found["second"]) == dict.fromkeys(["tags.x", "value"], Origin.OUT_OF_BAND)
    assert drifted(found["second"]).follows is None
    assert f"value follows {project.urn('upd')}" in str(drifted(found["second"]).reason)
    assert {type(found[name]) for name in ("by_id", "by_value", "waits")} == {InSync}


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_an_output_of_the_stack_follows_what_moved(project: KvProject, engine: str) -> None:
    """`preview --refresh` shows it below its outputs, beside what the code changes of them."""
    change(project, "quiet", rev=7)
    change(project, "upd", value="hack")
    project.write(**project.declared(), outputs={**OUTPUTS, "upd": "${upd.value}!"})
    async with project.adapter() as adapter:
        snapshot = await adapter.load(project.reference(engine=engine))
        alone = await verdicts(adapter, snapshot, project.urn("kv-dev", STACK_TYPE))
        found = await verdicts(adapter, snapshot)
    stack = drifted(found["kv-dev"])
    (secret,) = (change for change in stack.changes if change.sensitive)
    assert (secret.path, secret.origin) == ("secret", Origin.OUT_OF_BAND)
    sides = [secret.recorded, secret.declared]
    assert {type(side) for side in sides} == {Sensitive}
    assert sides[0] != sides[1]
    shown = [change for change in stack.changes if change is not secret]
    assert {(c.path, str(c.recorded), str(c.declared), c.origin) for c in shown} == {
        ("quiet", "[1]", "[7]", Origin.OUT_OF_BAND),
        ("upd", "one", "one!", Origin.UNAPPLIED),
    }
    assert f"quiet, secret follows {project.urn('quiet')}, which was changed" in str(stack.reason)
    assert stack.follows is None
    assert alone == {"kv-dev": stack}
    # What takes a quietly moved value is found by either engine.
    assert follower(found["by_quiet"], of="quiet", replaced=False)


async def test_a_secret_that_follows_is_shown_as_a_digest(project: KvProject) -> None:
    project.object_file("upd").unlink()
    found = await project.scan()
    assert isinstance(found["upd"], Missing)
    assert values(found["by_id"]) == {"value": ("upd", UNKNOWN)}
    assert "CANARY" not in repr(found)


async def test_nothing_is_previewed_twice_while_the_drift_stays_as_it_is(
    project: KvProject,
) -> None:
    project = project.noting()
    async with project.adapter() as adapter:

        async def scan(*addresses: str) -> dict[str, Verdict]:
            return await verdicts(adapter, await adapter.load(project.reference()), *addresses)

        assert isinstance((await scan())["by_rev"], InSync)
        change(project, "waits", value="hack")  # nothing takes a value of it
        change(project, "by-id", value="hack")
        await scan()
        assert project.calls("preview") == 1
        change(project, "upd", value="hack")
        first = await scan()
        assert first == await scan()
        assert await scan(project.urn("by_rev")) == {"by_rev": first["by_rev"]}
        assert project.calls("preview") == 2
        change(project, "upd", value="other", rev=9)
        assert values((await scan())["by_rev"]) == {"value": (1, 10)}
        assert project.calls("preview") == 3
        # Its own drift is in the preview too, and leaves it as soon as it is put right.
        with project.changed("by-rev") as content:
            before = dict(content)
            content["tags"] = {"x": "9"}
        assert len(values((await scan())["by_rev"])) == 2
        with project.changed("by-rev") as content:
            content.clear()
            content.update(before)
        assert values((await scan())["by_rev"]) == {"value": (1, 10)}
        assert project.calls("preview") == 5
        change(project, "upd", value="one", rev=1)
        assert isinstance((await scan())["by_rev"], InSync)
        assert project.calls("preview") == 5


async def test_what_cannot_be_previewed_is_not_in_sync(project: KvProject) -> None:
    async with project.adapter() as adapter:
        snapshot = await adapter.load(project.reference())
        change(project, "upd", value="hack")
        (project.directory / "Pulumi.yaml").write_text("name: kv\nruntime: yaml\nresources: 1\n")
        found = await verdicts(adapter, snapshot)
    assert isinstance(found["upd"], Drifted)
    unread = found["by_rev"]
    assert isinstance(unread, Unreadable)
    assert f"follows {project.urn('upd')}, which was changed" in unread.reason
    assert isinstance(found["waits"], InSync)


async def test_what_an_alias_renames_follows_what_moved(project: KvProject) -> None:
    resources = project.declared()
    del resources["by_gone"]
    renamed = item("by-gone", "${gone.rev}", options={"aliases": [{"name": "by_gone"}]})
    project.write(**resources, renamed=renamed)
    project.object_file("gone").unlink()
    found = await project.scan()
    assert follower(found["by_gone"], of="gone", replaced=False)
