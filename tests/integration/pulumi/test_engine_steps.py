"""Whatever the engine would do about a resource is shown, however the object itself looks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.concerns import concerns
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    NotApplicable,
    Origin,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.values import UNKNOWN, Sensitive
from reconciler.ports import Done
from tests.integration.pulumi.correcting import corrector
from tests.worlds.pulumi.kv import KvProject, item, kv_project, provider
from tests.worlds.pulumi.project import STACK, CliFailedError, verdicts
from tests.worlds.pulumi.tools import PulumiTools

IN_WEST = {"provider": "${west}"}


@pytest.fixture(scope="session")
def kv(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """The template; for copying only."""
    return kv_project(
        tmp_path_factory.mktemp("kv"),
        pulumi,
        west=provider(region="r1", token="CANARY-token", access_key="CANARY-key"),
        a=item("a"),
        b=item("b", options=IN_WEST),
        c=item("c", "plain words"),
        keep=item("keep", options={"protect": True}),
        forced=item("forced", tags={"x": "1"}, options={"replaceOnChanges": ["value"]}),
        triggered=item(
            "triggered", options={"replacementTrigger": "one", "deleteBeforeReplace": True}
        ),
        base=item("base", options={"replaceOnChanges": ["value"], "deleteBeforeReplace": True}),
        child=item("c-${base.rev}"),
        grand=item("g-${child.rev}"),
        beside=item("beside", "${base.rev}"),
        listed=item("listed", kind="Listed", rules=[{"port": "1"}, {"port": "2"}]),
        lazy=item("lazy", kind="Lazy", tags={"x": "1"}),
    )


@pytest.fixture
def project(kv: KvProject, tmp_path: Path) -> KvProject:
    """A project of one's own, in which everything is as the program asks for it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return kv.copied(folder)


def program(project: KvProject, **sections: Any) -> None:
    """Add sections to the program beside its resources."""
    file = project.directory / "Pulumi.yaml"
    file.write_text(json.dumps({**json.loads(file.read_text()), **sections}))


def drifted(verdict: Verdict) -> Drifted:
    assert isinstance(verdict, Drifted), verdict
    return verdict


def paths(verdict: Verdict) -> dict[str, Origin]:
    return {str(change.path): change.origin for change in drifted(verdict).changes}


async def test_a_changed_value_is_found_at_a_resource_that_an_alias_renames(
    project: KvProject,
) -> None:
    """Row P4."""
    resources = project.declared()
    del resources["a"]
    project.write(**resources, aa=item("a", "two", options={"aliases": [{"name": "a"}]}))
    found = await project.scan()
    assert paths(found["a"]) == {"value": Origin.UNAPPLIED}
    assert "aa" not in found


async def test_a_replaced_provider_and_its_objects_are_unapplied(project: KvProject) -> None:
    """Row P4."""
    project.edit("west", access_key="CANARY-other")
    found = await project.scan()
    for name in ("west", "b"):
        assert drifted(found[name]).requires_replace
    assert paths(found["west"]) == {"access_key": Origin.UNAPPLIED}
    assert drifted(found["b"]).origin is Origin.UNAPPLIED
    assert isinstance(found["a"], InSync)
    assert "CANARY" not in repr(found)


async def test_a_provider_that_an_update_changes_is_unapplied(project: KvProject) -> None:
    project.edit("west", token="CANARY-rotated")
    found = await project.scan()
    assert paths(found["west"]) == {"token": Origin.UNAPPLIED}
    assert not drifted(found["west"]).requires_replace
    assert isinstance(found["b"], InSync)


async def test_another_version_of_a_provider_is_unapplied_and_moves_no_object(
    project: KvProject,
) -> None:
    resources = project.declared()
    resources["west"]["options"] = {"version": "0.1.0"}
    project.write(**resources)
    project.up()
    resources["west"]["options"] = {"version": "0.2.0"}
    project.write(**resources)
    async with project.adapter() as adapter:
        snapshot = await adapter.load(project.reference())
        found = await verdicts(adapter, snapshot)
    (change,) = drifted(found["west"]).changes
    assert (change.path, change.recorded, change.declared) == ("version", "0.1.0", "0.2.0")
    assert change.origin is Origin.UNAPPLIED
    assert isinstance(found["b"], InSync)
    assert (snapshot.provider_doubts, snapshot.warnings) == ((), ())


async def test_a_move_to_another_provider_is_unapplied(project: KvProject) -> None:
    resources = project.declared()
    resources["a"]["options"] = IN_WEST
    project.write(**resources)
    verdict = drifted((await project.scan())["a"])
    assert verdict.requires_replace
    assert verdict.reason == "the code moves it from the provider default to west"
    assert verdict.origin is Origin.UNAPPLIED


async def test_an_import_is_unapplied(project: KvProject) -> None:
    """Row P4."""
    file = project.object_file("taken")
    file.write_text(json.dumps({"name": "taken", "value": "one", "size": 3, "rev": 1}))
    imported = item("taken", options={"import": "taken"})
    project.write(**project.declared(), taken=imported)
    verdict = drifted((await project.scan())["taken"])
    assert (verdict.reason, verdict.origin) == ("an update imports taken", Origin.UNAPPLIED)
    file.write_text(json.dumps({"name": "taken", "value": "other", "size": 3, "rev": 1}))
    imported["properties"]["tags"] = {"fn::secret": {"x": "CANARY-tag"}}
    project.write(**{**project.declared(), "taken": imported})
    found = (await project.scan())["taken"]
    assert paths(found) == dict.fromkeys(("tags", "value"), Origin.UNAPPLIED)
    tags, value = drifted(found).changes
    assert (value.declared, value.live) == ("one", "other")
    assert tags.sensitive
    assert "CANARY" not in repr(found)
    project.up()
    assert isinstance((await project.scan())["taken"], InSync)


async def test_what_did_not_become_ready_is_unapplied_with_its_errors(project: KvProject) -> None:
    """Row P4."""
    project.write(**project.declared(), ill=item("ill", "unhealthy"))
    with pytest.raises(CliFailedError, match="health check"):
        project.up()
    verdict = drifted((await project.scan())["ill"])
    assert verdict.origin is Origin.UNAPPLIED
    assert "health check did not pass" in str(verdict.reason)


async def test_a_value_that_became_secret_is_unapplied_and_told_to_be_in_plain_text(
    project: KvProject,
) -> None:
    """Row P4."""
    project.edit("c", value={"fn::secret": "plain words"})
    verdict = drifted((await project.scan())["c"])
    (change,) = verdict.changes
    assert (change.path, change.origin, change.sensitive) == ("value", Origin.UNAPPLIED, True)
    assert isinstance(change.declared, Sensitive)
    assert "plain text" in str(verdict.reason)
    assert "plain words" not in repr(verdict)
    project.up()
    assert isinstance((await project.scan())["c"], InSync)


async def test_a_protected_resource_that_the_code_dropped_hides_nothing(
    project: KvProject,
) -> None:
    """Row P8."""
    resources = project.declared()
    del resources["keep"]
    project.write(**resources)
    with project.changed("a") as content:
        content["value"] = "hack"
    found = await project.scan()
    assert found["keep"] == Unmanaged()
    assert paths(found["a"]) == {"value": Origin.OUT_OF_BAND}
    assert isinstance(found["c"], InSync)


async def test_a_protected_resource_that_the_code_replaces_is_read_as_recorded(
    project: KvProject,
) -> None:
    """Row P8."""
    resources = project.declared()
    resources["keep"]["properties"]["name"] = "other"
    project.write(**resources)
    with project.changed("keep") as content:
        content["value"] = "hack"
    with project.changed("a") as content:
        content["value"] = "hack"
    found = await project.scan()
    keep = drifted(found["keep"])
    assert keep.requires_replace
    assert "marked for protection" in str(keep.reason)
    assert paths(keep) == {"value": Origin.OUT_OF_BAND}
    assert paths(found["a"]) == {"value": Origin.OUT_OF_BAND}


async def test_a_value_that_its_provider_does_not_accept_hides_nothing_else(
    project: KvProject,
) -> None:
    project.edit("c", value="wrong")
    with project.changed("a") as content:
        content["value"] = "hack"
    found = await project.scan()
    assert "wrong is not accepted" in str(drifted(found["c"]).reason)
    assert drifted(found["c"]).origin is Origin.UNAPPLIED
    assert paths(found["a"]) == {"value": Origin.OUT_OF_BAND}


async def test_changed_outputs_are_unapplied_and_their_secrets_digests(
    project: KvProject,
) -> None:
    """Row P13."""
    outputs = {"first": "${a.value}", "word": {"fn::secret": "CANARY-word"}}
    program(project, outputs=outputs)
    found = await project.scan()
    stack = found["kv-dev"]
    assert paths(stack) == dict.fromkeys(["first", "word"], Origin.UNAPPLIED)
    assert "CANARY" not in repr(stack)
    project.up()
    assert isinstance((await project.scan())["kv-dev"], NotApplicable)
    program(project, outputs={"first": "other"})
    assert paths((await project.scan())["kv-dev"]) == dict.fromkeys(
        ["first", "word"], Origin.UNAPPLIED
    )


async def test_drift_in_what_replaces_on_changes_requires_a_replacement(
    project: KvProject,
) -> None:
    """Row P9."""
    with project.changed("forced") as content:
        content["value"] = "hack"
    verdict = drifted((await project.scan())["forced"])
    assert verdict.requires_replace
    with project.changed("forced") as content:
        content |= {"value": "one", "tags": {"x": "2"}}
    assert not drifted((await project.scan())["forced"]).requires_replace


def follower(verdict: Verdict, *, of: str, replaced: bool) -> bool:
    """Whether it is shown as what an update changes because of another object alone."""
    shown = drifted(verdict)
    assert shown.requires_replace is replaced
    assert shown.origin is Origin.OUT_OF_BAND
    assert {change.origin for change in shown.changes} == {Origin.OUT_OF_BAND}
    return str(shown.follows).endswith(f"::{of}")


async def test_what_is_replaced_with_what_is_deleted_first_is_shown_and_tied_to_it(
    project: KvProject, tmp_path: Path
) -> None:
    """Row P9: `pulumi preview --refresh` replaces the dependents as well."""
    with project.changed("base") as content:
        content["value"] = "hack"
    names = ("base", "c-1", "g-1")
    # A second name keeps each file's inode from being given to the file that replaces it.
    before = {name: tmp_path / name for name in names}
    for name in names:
        before[name].hardlink_to(project.object_file(name))
    async with corrector(project) as it:
        report = await it.scan()
        found = {finding.address: finding for finding in report.findings}
        base, *below = urns = [project.urn(name) for name in ("base", "beside", "child", "grand")]
        assert list(found) == urns
        assert {found[urn].consequence_of for urn in below} == {base}
        assert [found[urn].requires_replace for urn in urns] == [True, False, True, True]
        assert report.together == (frozenset(urns),)
        # Looked at alone, it still follows what was not asked for.
        snapshot, plan = await it.plan(*urns)
        (alone,) = [one async for one in it.adapter.observe(snapshot, urns[3:])]
        assert follower(alone.verdict, of="base", replaced=True)
        assert plan.summary == "1 to update, 3 to replace"
        assert len(concerns(plan, report.findings)) == 3
        assert isinstance(await it.apply(snapshot), Done)
        assert (await it.scan()).findings == ()
    assert not any(before[name].samefile(project.object_file(name)) for name in names)


async def test_what_takes_a_value_of_a_replaced_object_follows_it(project: KvProject) -> None:
    """Row P9: the new object is there before the old one goes, and its values are others."""
    resources = project.declared()
    del resources["base"]["options"]["deleteBeforeReplace"]
    project.write(**resources)
    with project.changed("base") as content:
        content["value"] = "hack"
    found = await project.scan()
    assert drifted(found["base"]).requires_replace
    for name, replaced in {"child": True, "grand": True, "beside": False}.items():
        assert follower(found[name], of="base", replaced=replaced)
    assert paths(found["beside"]) == {"value": Origin.OUT_OF_BAND}
    assert drifted(found["beside"]).changes[0].declared is UNKNOWN


async def test_the_cli_s_way_ties_followers_to_what_moved(project: KvProject) -> None:
    """Row P9 with `--engine cli`, which previews once more after its refresh."""
    project.edit("c", value="edited")
    with project.changed("base") as content:
        content["value"] = "hack"
    found = await project.scan(engine="cli")
    assert paths(found["base"]) == {"value": Origin.OUT_OF_BAND}
    for name, replaced in {"child": True, "grand": True, "beside": False}.items():
        assert follower(found[name], of="base", replaced=replaced)
    assert isinstance(found["a"], InSync)
    assert paths(found["c"]) == {"value": Origin.UNAPPLIED}


def test_a_step_that_nothing_explains_is_shown_and_reported(project: KvProject) -> None:
    """Row P4: whatever the engine would do is shown."""
    project.write(**project.declared(), whim=item("whim"))
    project.up()
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "scan", str(project.directory), "--json"],
        env={**project.cli_environment, "PULUMI_STACK": STACK},
        capture_output=True,
        check=False,
    )
    (stack,) = json.loads(done.stdout)["stacks"]
    (finding,) = stack["findings"]
    assert done.returncode == 2
    assert finding["address"] == project.urn("whim")
    assert finding["reason"] == "the plan of the code would update it; this is not applied"
    assert (finding["kind"], finding["origin"]) == ("changed", "unapplied")
    assert any("this is a defect of trueup" in warning for warning in stack["warnings"])


async def test_a_provider_that_nothing_uses_yet_is_unapplied(project: KvProject) -> None:
    resources = project.declared()
    project.write(**resources, east=provider(region="r2"))
    assert (await project.scan())["east"] == Missing(Origin.UNAPPLIED)


async def test_what_is_only_looked_up_and_untouched_is_in_sync(project: KvProject) -> None:
    """Row P11."""
    resources = project.declared()
    project.write(**resources, seen={"type": "kv:index:Item", "get": {"id": "a"}})
    project.up()
    assert isinstance((await project.scan())["seen"], InSync)


async def test_elements_that_changed_places_are_out_of_band_where_the_order_counts(
    project: KvProject,
) -> None:
    """Row P5."""
    with project.changed("listed") as content:
        content["rules"].reverse()
    verdict = drifted((await project.scan())["listed"])
    # What an update writes is what was recorded, and never what somebody put there.
    assert {
        (change.path, str(change.declared), str(change.recorded), str(change.live))
        for change in verdict.changes
    } == {("rules[0].port", "1", "1", "2"), ("rules[1].port", "2", "2", "1")}
    assert {change.origin for change in verdict.changes} == {Origin.OUT_OF_BAND}


async def test_drift_beside_code_is_shown_though_its_provider_names_the_code_alone(
    project: KvProject,
) -> None:
    project.edit("lazy", tags={"x": "2"})
    project.edit("listed", rules=[{"port": "2"}, {"port": "1"}])
    with project.changed("lazy") as content:
        content["value"] = "hack"
    with project.changed("listed") as content:
        content["rules"][1] = {"port": "9"}
    found = await project.scan()
    assert paths(found["lazy"]) == {"tags.x": Origin.UNAPPLIED, "value": Origin.OUT_OF_BAND}
    # The code changes nothing but the order, and its update says that this counts.
    assert paths(found["listed"]) == {
        "rules[0].port": Origin.UNAPPLIED,
        "rules[1].port": Origin.BOTH,
    }


async def test_an_import_of_what_does_not_exist_is_unreadable_and_hides_no_drift(
    project: KvProject,
) -> None:
    project.write(**project.declared(), taken=item("taken", options={"import": "taken"}))
    with project.changed("a") as content:
        content["value"] = "hack"
    async with project.adapter() as adapter:
        snapshot = await adapter.load(project.reference())
        found = await verdicts(adapter, snapshot)
        assert found["taken"] == Unreadable(
            "it cannot be imported: resource 'taken' does not exist"
        )
        assert paths(found["a"]) == {"value": Origin.OUT_OF_BAND}
        assert isinstance(found["c"], InSync)
        (warning,) = snapshot.warnings
        assert "refuses what the code imports" in warning
        # The object may come into being without any change of the code.
        project.object_file("taken").write_text(
            json.dumps({"name": "taken", "value": "one", "size": 3, "rev": 1})
        )
        snapshot = await adapter.load(project.reference())
        found = await verdicts(adapter, snapshot)
    assert not snapshot.warnings
    assert drifted(found["taken"]).reason == "an update imports taken"


async def test_a_changed_replacement_trigger_is_named(project: KvProject) -> None:
    resources = project.declared()
    resources["triggered"]["options"]["replacementTrigger"] = "two"
    project.write(**resources)
    verdict = drifted((await project.scan())["triggered"])
    assert verdict.requires_replace
    assert verdict.origin is Origin.UNAPPLIED
    assert "`replacementTrigger`" in str(verdict.reason)
    project.up()
    assert isinstance((await project.scan())["triggered"], InSync)
