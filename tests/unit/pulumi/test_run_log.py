"""What a line of a run's log means to somebody who watches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.pulumi.run_log import progress_of
from reconciler.domain.model import ResourceAddress
from reconciler.ports import Progress, Step
from tests.unit.pulumi.run_lines import line, said, step, summary, urn

NESTED = "urn:pulumi:dev::shop::shop:index:Group$shop:index:Thing::web"


@pytest.mark.parametrize(
    ("stage", "op", "told", "expected"),
    [
        ("pre", "create", "web: creating", Step.CREATING),
        ("outputs", "create", "web: created", Step.DONE),
        ("pre", "update", "web: updating", Step.UPDATING),
        ("outputs", "update", "web: updated", Step.DONE),
        ("pre", "delete", "web: deleting", Step.DELETING),
        ("outputs", "delete", "web: deleted", Step.DONE),
        ("failed", "update", "web: failed while updating", Step.FAILED),
        ("pre", "create-replacement", "web: creating", Step.CREATING),
        ("outputs", "delete-replaced", "web: deleted", Step.DONE),
        ("outputs", "import", "web: created", Step.DONE),
    ],
)
def test_a_step_says_where_its_resource_stands(
    stage: str, op: str, told: str, expected: Step
) -> None:
    address = ResourceAddress(urn("web"))
    text = f"shop:index:Thing::{told}"
    assert progress_of(step(stage, op)) == Progress(text, address, expected)


def test_a_nested_resource_is_called_by_its_own_type() -> None:
    event = {"resourcePreEvent": {"metadata": {"op": "update", "urn": NESTED, "type": "x"}}}
    told = progress_of(line(event))
    assert told is not None
    assert told.text == "shop:index:Thing::web: updating"
    assert told.address == NESTED


@pytest.mark.parametrize(
    "quiet",
    [
        step("pre", "same"),
        step("outputs", "refresh"),
        step("pre", "read"),
        step("outputs", "replace"),
        step("pre", "update", "dev", "pulumi:pulumi:Stack"),
        step("pre", "create", "default", "pulumi:providers:aws"),
        said("by the way", "info"),
        said("beware", "warning"),
        b"some text\n",
        b"",
    ],
)
def test_what_changes_nothing_is_of_no_interest(quiet: bytes) -> None:
    assert progress_of(quiet) is None


def test_an_error_is_told_with_whom_it_is_about_and_in_one_line() -> None:
    told = progress_of(said("AccessDenied: no\nand more", about="web"))
    assert told == Progress("error: shop:index:Thing::web: AccessDenied: no")
    assert progress_of(said("no")) == Progress("error: no")
    long = progress_of(said("x" * 999))
    assert long is not None
    assert len(long.text) == 300


def test_the_end_is_told() -> None:
    assert progress_of(summary(update=2)) == Progress("the update succeeded")
    assert progress_of(summary("failed")) == Progress("the update failed")
    assert progress_of(summary("\x1b[2J")) == Progress("the update ended")


@given(st.binary(max_size=80) | st.from_regex(rb'\{"[a-zA-Z]{0,20}Event": ?.{0,20}\}'))
def test_any_line_is_taken(content: bytes) -> None:
    told = progress_of(content)
    assert told is None or told.text
