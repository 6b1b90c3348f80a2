"""Corrections that go wrong: nothing beyond the plan is done, and what came of it is told truly."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest

from reconciler.domain.concerns import concerns
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import Origin
from reconciler.engine.folders import drop_plans
from reconciler.ports import Done, Failed, InDoubt
from tests.integration.pulumi.correcting import canaries, corrector, locks, pending, recorded
from tests.pulumi_world import PulumiStack, thing

Change = Callable[[PulumiStack], object]
HACKED: Final = "hacked"


def hacked(stack: PulumiStack, name: str = "kept", **fields: Any) -> None:
    with stack.changed() as things:
        things[name].update(fields or {"value": HACKED})


def deleted(stack: PulumiStack) -> None:
    with stack.changed() as things:
        del things["kept"]


STALE: Final[dict[str, Change]] = {
    "code asks for another secret": lambda stack: stack.edit("kept", secret="CANARY-new"),
    "code does not ask for it any more": lambda stack: stack.drop("kept"),
    "it has been deleted": deleted,
    "it would have to be replaced": lambda stack: hacked(stack, place="elsewhere"),
}


@pytest.mark.parametrize("moved_on", STALE.values(), ids=STALE)
async def test_a_plan_that_the_world_outran_does_nothing_at_all(
    stack: PulumiStack, moved_on: Change
) -> None:
    hacked(stack)
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        moved_on(stack)
        things = stack.things()
        outcome = await ours.apply(snapshot)

        assert isinstance(outcome, Failed)
        assert outcome.stale
        assert stack.things() == things
        assert (pending(stack), locks(stack)) == ([], [])
        drop_plans(ours.run_folder())
        assert list(canaries(ours.run_folder())) == []
        assert "CANARY" not in repr(outcome)
        assert b"violates plan" in ours.log() or b"not allowed by the plan" in ours.log()


@pytest.mark.parametrize(
    "moved_on",
    [lambda stack: stack.write(*stack.declared(), thing("new")), lambda stack: stack.drop("plain")],
    ids=["come", "gone"],
)
async def test_what_came_into_the_code_or_went_is_neither_made_nor_deleted(
    stack: PulumiStack, moved_on: Change
) -> None:
    right = stack.things()
    hacked(stack)
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        moved_on(stack)
        outcome = await ours.apply(snapshot)

    # The CLI says no word about it.
    assert isinstance(outcome, Failed)
    assert "1 were dealt with" in outcome.reason
    assert stack.things() == right


async def test_what_was_planned_to_stay_is_not_corrected_when_it_drifts_later(
    stack: PulumiStack,
) -> None:
    hacked(stack)
    async with corrector(stack) as ours:
        snapshot, plan = await ours.plan(stack.urn("kept"), stack.urn("lax"))
        assert [resource.address for resource in plan.resources] == [stack.urn("kept")]
        hacked(stack, "lax", size=9)
        outcome = await ours.apply(snapshot)

    assert isinstance(outcome, Failed)
    assert stack.things()["lax"]["size"] == 9
    # The fence stands at each resource: the other may have been corrected before.
    corrected = stack.things()["kept"]["value"] != HACKED
    assert outcome.stale is not corrected
    assert ("1 resources were dealt with" in outcome.reason) is corrected


async def test_what_is_right_again_is_left_alone(stack: PulumiStack) -> None:
    right = stack.things()
    hacked(stack)
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        hacked(stack, value="value of kept")
        stack.while_applying(kept="it must not be called")
        assert await ours.apply(snapshot) == Done("nothing changed")
    assert stack.things() == right


async def test_a_provider_that_says_no_is_repeated_without_secrets_and_tried_again(
    stack: PulumiStack,
) -> None:
    right = stack.things()
    hacked(stack, secret="CANARY-live")
    stack.edit("kept", secret="CANARY-wanted")
    stack.turn(plain="BadRequest: CANARY-wanted or CANARY-kept")
    async with corrector(stack) as ours:
        report = await ours.scan()
        (unreadable,) = report.unreadable
        assert "BadRequest: *** or ***" in unreadable[1]
        snapshot, _ = await ours.plan(stack.urn("kept"))
        stack.while_applying(kept="Invalid: CANARY-live, CANARY-kept, CANARY-wanted")
        outcome = await ours.apply(snapshot)
        told = [ours.adapter.progress(line) for line in ours.log().splitlines()]

        assert isinstance(outcome, Failed)
        assert not outcome.stale
        said = r"things:\d+: RuntimeError: Invalid: \*\*\*, \*\*\*, \*\*\*"
        assert re.fullmatch(said, outcome.reason)
        assert any(one is not None and "Invalid: ***" in one.text for one in told)
        drop_plans(ours.run_folder())
        assert list(canaries(ours.run_folder())) == []
        assert "CANARY" not in repr((outcome, told, report))

        stack.while_applying(kept=None)
        again, _ = await ours.plan(stack.urn("kept"), name="again")
        assert await ours.apply(again, name="again") == Done("1 changed")
    wanted = {**right["kept"], "secret": "CANARY-wanted"}
    assert stack.things() == {**right, "kept": wanted}


async def test_what_could_not_be_made_again_stays_drift_that_may_be_put_right(
    stack: PulumiStack,
) -> None:
    right = stack.things()
    deleted(stack)
    async with corrector(stack) as ours:
        (before,) = (await ours.scan()).findings
        snapshot, _ = await ours.plan(stack.urn("kept"))
        stack.while_applying(kept="Throttled: later")
        assert isinstance(await ours.apply(snapshot), Failed)
        # The refresh before it has dropped it from the record.
        assert "kept" not in recorded(stack)

        report = await ours.scan()
        (after,) = report.findings
        assert after.origin is Origin.OUT_OF_BAND
        assert after.fingerprint == before.fingerprint
        again, plan = await ours.plan(stack.urn("kept"), name="again")
        assert concerns(plan, report.findings) == ()
        stack.while_applying(kept=None)
        assert await ours.apply(again, name="again") == Done("1 created")
        assert stack.things() == right
        assert (await ours.scan()).findings == ()


async def test_a_provider_that_dies_over_it_leaves_doubt_and_a_look_resolves_it(
    stack: PulumiStack,
) -> None:
    right = stack.things()
    hacked(stack)
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        stack.while_applying(kept="dies")
        outcome = await ours.apply(snapshot)

        assert outcome == InDoubt("a provider died in the middle of a call")
        assert stack.things() == right
        assert (await ours.scan()).findings == ()


async def test_a_program_that_breaks_in_between_changes_nothing(stack: PulumiStack) -> None:
    hacked(stack)
    state = recorded(stack)
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        (stack.directory / "__main__.py").write_text("raise ValueError('a bad day')\n")
        outcome = await ours.apply(snapshot)

        assert isinstance(outcome, Failed)
        assert "__main__.py:1: ValueError: a bad day" in outcome.reason
        assert stack.things()["kept"]["value"] == HACKED
        assert recorded(stack) == state
        with pytest.raises(ReconcilerError, match=r"__main__\.py:1: ValueError: a bad day"):
            await ours.plan(stack.urn("kept"), name="again")


async def test_a_command_that_is_gone_is_told_and_nothing_was_done(stack: PulumiStack) -> None:
    hacked(stack)
    own = stack.noting()
    async with corrector(own) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        own.program.unlink()
        outcome = await ours.apply(snapshot)
    assert outcome == Failed("the command could not be started: No such file or directory")
    assert stack.things()["kept"]["value"] == HACKED
