"""Children that somebody put under managed resources: found, none false, gone when removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from iac_adapters.terraform.options import TerraformOptions
from reconciler.domain.model import Finding, Kind, Origin, StackReport
from tests.integration.terraform.scanner import scanner
from tests.worlds.api_calls import recorded_calls
from tests.worlds.children import INJECTIONS, Injection
from tests.worlds.deploy import Deployed
from tests.worlds.session import Worlds

ALL = TerraformOptions(children="all")
AUTO = TerraformOptions(children="auto")
MEMBER = next(one for one in INJECTIONS if one.child == "aws_iam_user_group_membership")
POLICY = next(one for one in INJECTIONS if one.child == "aws_iam_user_policy")


@pytest.fixture(scope="module")
def deployed(deployed_worlds: Worlds, terraform: Executable) -> Deployed:
    """The stack on a cloud of its own."""
    return deployed_worlds.deployed("children", terraform)


@contextmanager
def by_hand(deployed: Deployed, *injections: Injection) -> Iterator[None]:
    """Make children behind the tool's back; take them away at the end."""
    world = deployed.world()
    done: list[Injection] = []
    try:
        for injection in injections:
            injection.apply(world)
            done.append(injection)
        yield
    finally:
        for injection in done:
            injection.remove(world)


def added(report: StackReport) -> list[Finding]:
    return [finding for finding in report.findings if finding.kind is Kind.ADDED]


async def test_every_child_made_by_hand_is_found_under_its_parent_and_heals(
    deployed: Deployed, tmp_path: Path
) -> None:
    async with scanner(deployed, tmp_path, options=ALL) as watch:
        untouched = await watch.scan()
        assert (added(untouched), untouched.unseen, untouched.unreadable) == ([], (), ())

        with by_hand(deployed, *INJECTIONS):
            seen = await watch.scan()
        found = added(seen)
        for injection in INJECTIONS:
            (finding,) = [one for one in found if injection.is_at(one.address)]
            assert finding.parent == injection.parent
            assert finding.type == injection.child
            assert finding.origin is Origin.UNDECLARED
            assert injection.path in {str(change.path) for change in finding.changes}
            assert (finding.address, finding.severity.word) == (
                finding.address,
                injection.severity,
            )
        assert len(found) == len(INJECTIONS)
        assert seen.counts.added == len(INJECTIONS)
        assert seen.counts.resources == untouched.counts.resources

        assert added(await watch.scan()) == []


async def test_what_is_there_at_the_first_look_is_found_where_nobody_makes_it_unasked(
    deployed: Deployed, tmp_path: Path
) -> None:
    with by_hand(deployed, POLICY):
        async with scanner(deployed, tmp_path, options=ALL) as watch:
            (finding,) = added(await watch.scan())
    assert finding.address == 'aws_iam_user.ana/aws_iam_user_policy["by-hand"]'


async def test_questions_are_spread_over_scans_and_a_restart_goes_on_with_them(
    deployed: Deployed, tmp_path: Path
) -> None:
    waiting = []
    with by_hand(deployed, MEMBER):
        found: list[str] = []
        for _ in range(3):
            async with scanner(deployed, tmp_path, options=AUTO) as watch:
                for _ in range(2):
                    report = await watch.scan()
                    waiting.append(len(report.unseen))
                    found += [one.address for one in added(report)]
    assert 'aws_iam_group.admins/aws_iam_user_group_membership["children-ana"]' in found
    assert waiting == sorted(waiting, reverse=True)
    assert waiting[0] > waiting[-1] > 0


async def test_questions_add_at_most_a_tenth_to_the_calls_of_scans(
    deployed: Deployed, tmp_path: Path
) -> None:
    counts = {}
    async with recorded_calls(deployed.simulator_endpoint) as calls:
        through = replace(
            deployed, environment={**deployed.environment, "AWS_ENDPOINT_URL": calls.endpoint}
        )
        for mode in ("none", "auto"):
            options = TerraformOptions(children=mode)
            async with scanner(through, tmp_path / mode, options=options) as watch:
                await watch.scan()
                calls.clear()
                for _ in range(8):
                    await watch.scan()
                counts[mode] = len(calls.kept)
    assert counts["none"] < counts["auto"] <= 1.1 * counts["none"]


async def test_nothing_is_asked_where_the_stack_says_so(deployed: Deployed, tmp_path: Path) -> None:
    without = TerraformOptions(children="all", children_left_out=("aws_iam_user_*",))
    with by_hand(deployed, POLICY, MEMBER):
        async with scanner(deployed, tmp_path / "a", options=without) as watch:
            assert added(await watch.scan()) == []
        off = TerraformOptions(children="none")
        async with scanner(deployed, tmp_path / "b", options=off) as watch:
            assert added(await watch.scan()) == []
