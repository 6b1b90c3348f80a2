"""A correction that failed leaves the drift what it was, whatever the tool's state says by now."""

from __future__ import annotations

import pytest

from reconciler.domain.concerns import concerns
from reconciler.domain.model import Origin, StackReport
from tests.integration.correcting import Corrector
from tests.integration.terraform.correcting import corrector
from tests.providers.world_provider import World
from tests.world_stack import WorldStack

pytestmark = pytest.mark.parametrize("tool", ["terraform"], indirect=True, scope="session")

CODE = """
resource "world_thing" "web" {
  name   = "web"
  labels = { team = "red" }
}
resource "world_thing" "other" { name = "other" }
"""


def origins(report: StackReport) -> dict[str, Origin | None]:
    return {finding.address: finding.origin for finding in report.findings}


def objects(stack: WorldStack) -> dict[str, object]:
    return {one["name"]: one["labels"] for one in World(stack.cloud).read()["objects"].values()}


async def fail_to_correct(stack: WorldStack, ours: Corrector, name: str) -> StackReport:
    """Try to correct `web` while the provider refuses; return what is seen before that."""
    report = await ours.scan()
    serial = stack.state.read_text()
    stack.while_applying(web="the disk is full")
    await ours.correct("world_thing.web", name=name)
    stack.while_applying(web=None)
    assert stack.state.read_text() != serial, "the tool kept nothing: the case shows nothing"
    return report


async def test_a_change_stays_out_of_band_after_a_correction_that_failed(
    stack: WorldStack,
) -> None:
    """Row V7."""
    stack.apply(CODE)
    with stack.changed() as things:
        things["web"]["labels"] = {"team": "blue"}
    async with corrector(stack) as ours:
        before = await fail_to_correct(stack, ours, "first")
        after = await ours.scan()
        assert origins(after) == origins(before) == {"world_thing.web": Origin.OUT_OF_BAND}
        assert after.findings[0].fingerprint == before.findings[0].fingerprint
    async with corrector(stack) as ours:
        again = await ours.scan()
        assert again.findings == after.findings
        snapshot, plan = await ours.plan("world_thing.web", name="second")
        assert [resource.new for resource in plan.resources] == [()]
        assert concerns(plan, again.findings, doubts=again.provider_doubts) == ()
        await ours.apply(snapshot, "second")
        assert (await ours.scan()).findings == ()
    assert objects(stack)["web"] == {"team": "red"}


async def test_code_that_is_edited_after_a_failed_correction_is_new(stack: WorldStack) -> None:
    stack.apply(CODE)
    with stack.changed() as things:
        things["web"]["labels"] = {"team": "blue"}
    async with corrector(stack) as ours:
        await fail_to_correct(stack, ours, "first")
        stack.write(CODE.replace('"red"', '"green"'))
        report = await ours.scan()
        _, plan = await ours.plan("world_thing.web", name="second")
    assert origins(report) == {"world_thing.web": Origin.BOTH}
    assert [[one.planned for one in resource.new] for resource in plan.resources] == [["green"]]


async def test_a_value_that_was_applied_over_a_drift_is_what_is_recorded(
    stack: WorldStack,
) -> None:
    stack.apply(CODE)
    with stack.changed() as things:
        things["web"]["labels"] = {"team": "blue"}
    async with corrector(stack) as ours:
        await ours.scan()
        stack.apply(CODE.replace('"red"', '"green"'))
        assert (await ours.scan()).findings == ()
        stack.write(CODE)
        report = await ours.scan()
    assert origins(report) == {"world_thing.web": Origin.UNAPPLIED}


async def test_what_was_deleted_stays_missing_after_a_correction_that_failed(
    stack: WorldStack,
) -> None:
    """Row V7."""
    stack.apply(CODE)
    with stack.changed() as things:
        del things["web"]
    async with corrector(stack) as ours:
        before = await fail_to_correct(stack, ours, "first")
        after = await ours.scan()
        assert origins(after) == origins(before) == {"world_thing.web": Origin.OUT_OF_BAND}
        snapshot, plan = await ours.plan("world_thing.web", name="second")
        assert [one.new for one in plan.resources] == [()]
        assert concerns(plan, after.findings, doubts=after.provider_doubts) == ()
        stack.write(CODE.replace('"red"', '"green"'))
        edited = await ours.scan()
        assert origins(edited) == {"world_thing.web": Origin.BOTH}
        stack.write(CODE)
        await ours.apply(snapshot, "second")
        assert (await ours.scan()).findings == ()
    assert objects(stack)["web"] == {"team": "red"}


async def test_what_was_deleted_before_the_stack_was_destroyed_waits_for_a_person(
    stack: WorldStack,
) -> None:
    stack.apply(CODE)
    with stack.changed() as things:
        del things["web"]
    async with corrector(stack) as ours:
        assert origins(await ours.scan()) == {"world_thing.web": Origin.OUT_OF_BAND}
        stack.run("destroy", "-auto-approve", "-input=false")
        report = await ours.scan()
    assert set(origins(report).values()) == {Origin.UNAPPLIED}


@pytest.mark.parametrize(
    "adopt", [("apply", "-auto-approve"), ("apply", "-refresh-only", "-auto-approve")]
)
async def test_a_drift_that_somebody_adopted_is_not_put_back_unasked(
    stack: WorldStack, adopt: tuple[str, ...]
) -> None:
    stack.apply(CODE)
    with stack.changed() as things:
        things["web"]["labels"] = {"team": "blue"}
    async with corrector(stack) as ours:
        assert origins(await ours.scan()) == {"world_thing.web": Origin.OUT_OF_BAND}
        # From another checkout: this one does not have what was applied there.
        stack.write(CODE.replace('"red"', '"blue"'))
        stack.run(*adopt, "-input=false")
        stack.write(CODE)
        report = await ours.scan()
        _, plan = await ours.plan("world_thing.web", name="first")
    assert origins(report) == {"world_thing.web": Origin.UNAPPLIED}
    assert concerns(plan, report.findings)
