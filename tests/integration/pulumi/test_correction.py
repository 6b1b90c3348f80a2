"""Drift is corrected by the real CLI, exactly as planned, and nothing else is touched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from iac_adapters.pulumi.history import CORRECTION
from reconciler.domain.concerns import concerns
from reconciler.domain.errors import PermanentError
from reconciler.domain.plan import Action
from reconciler.domain.values import Sensitive
from reconciler.engine.folders import drop_plans
from reconciler.ports import Done, Step
from tests.integration.pulumi.correcting import (
    canaries,
    changes_of,
    corrector,
    locks,
    pending,
    recorded,
)
from tests.pulumi_world import PulumiStack, thing


def hack(stack: PulumiStack, name: str, **fields: Any) -> None:
    with stack.changed() as things:
        things[name].update(fields)


def delete(stack: PulumiStack, name: str) -> None:
    with stack.changed() as things:
        del things[name]


def apart_from(name: str, found: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != name}


async def test_what_somebody_changed_is_set_back(stack: PulumiStack) -> None:
    right, state = stack.things(), stack.state.read_bytes()
    hack(stack, "kept", value="hacked", rules=[{"port": 22, "cidr": "0.0.0.0/0"}])
    wrong = stack.things()
    async with corrector(stack) as ours:
        report = await ours.scan()
        snapshot, plan = await ours.plan(stack.urn("kept"))

        assert plan.summary == "1 to update"
        changes = changes_of(plan, "kept")
        assert changes["value"] == ("hacked", "value of kept")
        assert {path.partition("[")[0] for path in changes} == {"value", "rules"}
        assert concerns(plan, report.findings) == ()
        assert (stack.things(), stack.state.read_bytes(), locks(stack)) == (wrong, state, [])

        assert await ours.apply(snapshot) == Done("1 changed")
        assert stack.things() == right
        assert (pending(stack), locks(stack)) == ([], [])
        newest = max(stack.backend.glob("history/**/*.history.json"))
        assert json.loads(newest.read_text())["message"] == CORRECTION
        told = [ours.adapter.progress(line) for line in ours.log().splitlines()]
        assert (await ours.scan()).findings == ()

    steps = [one.step for one in told if one is not None and one.address == stack.urn("kept")]
    assert steps == [Step.UPDATING, Step.DONE]


async def test_what_somebody_deleted_is_made_again(stack: PulumiStack) -> None:
    right = stack.things()
    delete(stack, "inner")
    async with corrector(stack) as ours:
        report = await ours.scan()
        snapshot, plan = await ours.plan(stack.urn("inner", group="group"))

        assert [one.action for one in plan.resources] == [Action.CREATE]
        changes = changes_of(plan, "inner")
        assert changes["value"] == (None, "value of inner")
        assert isinstance(changes["secret"][1], Sensitive)
        assert concerns(plan, report.findings) == ()
        assert "inner" not in stack.things()

        assert await ours.apply(snapshot) == Done("1 created")
        assert stack.things() == right
        assert recorded(stack)["inner"].id == "inner-2"
        assert (await ours.scan()).findings == ()


async def test_a_secret_is_restored_and_nowhere_told(stack: PulumiStack) -> None:
    right = stack.things()
    hack(stack, "inner", secret="CANARY-evil", labels={"team": "core", "key": "CANARY-evil-too"})
    async with corrector(stack) as ours:
        report = await ours.scan()
        snapshot, plan = await ours.plan(stack.urn("inner", group="group"))
        changes = changes_of(plan, "inner")
        assert set(changes) == {"secret", "labels.key"}
        for before, after in changes.values():
            assert isinstance(before, Sensitive)
            assert isinstance(after, Sensitive)
            assert before != after
        assert concerns(plan, report.findings) == ()
        # What is looked for below can be found: the plan itself has to hold it.
        assert dict(canaries(ours.run_folder()))

        assert await ours.apply(snapshot) == Done("1 changed")
        assert stack.things() == right
        drop_plans(ours.run_folder())
        left = sorted(file.name for file in ours.run_folder().iterdir())
        assert left == ["exit.json", "log", "started.json"]
        assert list(canaries(ours.run_folder(), stack.cache)) == []
        job = ours.adapter.correction(snapshot, folder=ours.run_folder())
        told = [ours.adapter.progress(line) for line in ours.log().splitlines()]
        for text in (repr(plan), repr(report), repr(snapshot), repr(told), repr(job.argv)):
            assert "CANARY" not in text


async def test_only_what_was_asked_for_is_touched(stack: PulumiStack) -> None:
    hack(stack, "kept", value="hacked")
    hack(stack, "inner", value="hacked as well")
    stack.edit("lax", size=9)
    stack.drop("plain")
    stack.write(*stack.declared(), thing("new"))
    things, state = stack.things(), recorded(stack)
    async with corrector(stack) as ours:
        report = await ours.scan()
        snapshot, plan = await ours.plan(stack.urn("kept"))
        assert [one.address for one in plan.resources] == [stack.urn("kept")]
        assert plan.outputs == ()
        assert concerns(plan, report.findings) == ()
        assert await ours.apply(snapshot) == Done("1 changed")

    assert stack.things()["kept"]["value"] == "value of kept"
    assert apart_from("kept", stack.things()) == apart_from("kept", things)
    assert recorded(stack) == state


async def test_what_the_cli_itself_has_found_is_put_back_too(stack: PulumiStack) -> None:
    right = stack.things()
    hack(stack, "kept", value="hacked")
    async with corrector(stack, engine="cli") as ours:
        report = await ours.scan()
        assert report.obtained_by == "cli"
        snapshot, plan = await ours.plan(stack.urn("kept"))
        assert changes_of(plan, "kept") == {"value": ("hacked", "value of kept")}
        assert concerns(plan, report.findings) == ()
        assert await ours.apply(snapshot) == Done("1 changed")
    assert stack.things() == right


async def test_several_are_corrected_at_once(stack: PulumiStack) -> None:
    right = stack.things()
    hack(stack, "kept", size=9)
    hack(stack, "lax", size=9)
    delete(stack, "inner")
    async with corrector(stack) as ours:
        found = [finding.address for finding in (await ours.scan()).findings]
        assert await ours.correct(*found) == Done("1 created, 2 changed")
        assert stack.things() == right


async def test_a_digest_stands_for_all_that_would_be_done(stack: PulumiStack) -> None:
    hack(stack, "kept", value="hacked", secret="CANARY-one")
    kept, plain = stack.urn("kept"), stack.urn("plain")
    async with corrector(stack) as ours:

        async def digest(*addresses: str, name: str) -> str:
            _, plan = await ours.plan(*addresses, name=name)
            return plan.digest

        first = await digest(kept, name="first")
        assert first == await digest(kept, name="second")
        found = [first, await digest(kept, plain, name="wider")]
        hack(stack, "kept", value="hacked again")
        found.append(await digest(kept, name="another live value"))
        hack(stack, "kept", value="hacked", secret="CANARY-two")
        found.append(await digest(kept, name="another live secret"))
        hack(stack, "kept", secret="CANARY-one")
        assert first == await digest(kept, name="as it was")
        stack.edit("kept", secret="CANARY-three")
        found.append(await digest(kept, name="another declared secret"))
        stack.edit("kept", secret="CANARY-kept", zones=["z1"])
        found.append(await digest(kept, name="another program"))

    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    "code",
    [{"value": "another value"}, {"secret": "CANARY-new"}, {"labels": None}],
    ids=["same_property", "secret", "removed"],
)
async def test_code_that_nobody_applied_is_not_rolled_out_with_it(
    stack: PulumiStack, code: dict[str, Any]
) -> None:
    hack(stack, "kept", value="hacked")
    stack.edit("kept", **code)
    async with corrector(stack) as ours:
        report = await ours.scan()
        _, plan = await ours.plan(stack.urn("kept"))

        (resource,) = plan.resources
        assert resource.new
        (sentence,) = concerns(plan, report.findings)
        assert "values that no apply recorded" in sentence
        assert "CANARY" not in repr(plan)


async def test_what_the_code_does_not_ask_for_any_more_needs_a_person(stack: PulumiStack) -> None:
    hack(stack, "kept", value="hacked")
    async with corrector(stack) as ours:
        report = await ours.scan()
        stack.drop("kept")
        _, plan = await ours.plan(stack.urn("kept"))

    assert [resource.action for resource in plan.resources] == [Action.DELETE]
    assert f"{stack.urn('kept')} would be deleted" in concerns(plan, report.findings)


async def test_an_output_of_the_stack_that_would_change_with_it_needs_a_person(
    stack: PulumiStack,
) -> None:
    hack(stack, "kept", value="hacked")
    stack.write(*stack.declared(), thing("new"))
    async with corrector(stack) as ours:
        report = await ours.scan()
        _, plan = await ours.plan(stack.urn("kept"))

    assert [resource.address for resource in plan.resources] == [stack.urn("kept")]
    assert concerns(plan, report.findings) == ("output count would change",)


async def test_what_would_be_replaced_needs_a_person(stack: PulumiStack) -> None:
    hack(stack, "kept", place="elsewhere")
    async with corrector(stack) as ours:
        report = await ours.scan()
        snapshot, plan = await ours.plan(stack.urn("kept"))
        assert [one.action for one in plan.resources] == [Action.REPLACE]
        assert concerns(plan, report.findings) == (f"{stack.urn('kept')} would be replaced",)
        # A person may want it all the same.
        assert isinstance(await ours.apply(snapshot), Done)

    assert stack.things()["kept"]["place"] == "here"
    assert recorded(stack)["kept"].id == "kept-2"


async def test_options_in_the_environment_do_not_change_what_is_done(stack: PulumiStack) -> None:
    hack(stack, "kept", value="hacked")
    hack(stack, "lax", size=9)
    options = {
        "PULUMI_OPTION_TARGET": stack.urn("lax"),
        "PULUMI_OPTION_EXPECT_NO_CHANGES": "true",
        "PULUMI_OPTION_REFRESH": "true",
        "PULUMI_DEBUG_COMMANDS": "true",
        "TF_LOG": "trace",
    }
    async with corrector(stack, environment=options) as ours:
        report = await ours.scan()
        assert {finding.origin for finding in report.findings} == {"out_of_band"}
        assert await ours.correct(stack.urn("kept")) == Done("1 changed")

    assert stack.things()["kept"]["value"] == "value of kept"
    assert stack.things()["lax"]["size"] == 9


async def test_a_project_that_always_refreshes_is_evaluated_without(stack: PulumiStack) -> None:
    file = stack.directory / "Pulumi.yaml"
    file.write_text(f"{file.read_text()}options:\n  refresh: always\n")
    delete(stack, "kept")
    hack(stack, "lax", size=9)
    async with corrector(stack) as ours:
        report = await ours.scan()
        assert {one.origin for one in report.findings} == {"out_of_band"}
        assert await ours.correct(stack.urn("kept")) == Done("1 created")
    assert stack.things()["lax"]["size"] == 9


async def test_an_untouched_thing_gives_an_empty_plan(stack: PulumiStack) -> None:
    async with corrector(stack) as ours:
        _, plan = await ours.plan(stack.urn("kept"))
        assert plan.empty
        with pytest.raises(PermanentError, match="neither program nor record"):
            await ours.plan(stack.urn("nowhere"), name="nowhere")
        with pytest.raises(PermanentError, match="without a target"):
            await ours.plan(name="nothing")


async def test_what_the_cli_cannot_see_is_not_claimed_to_be_corrected(stack: PulumiStack) -> None:
    hack(stack, "blind", value="hacked")
    async with corrector(stack) as ours:
        (finding,) = (await ours.scan()).findings
        assert finding.address == stack.urn("blind")
        _, plan = await ours.plan(stack.urn("blind"))
        assert plan.empty
        assert (await ours.scan()).findings
