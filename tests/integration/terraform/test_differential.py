"""Nothing lost, nothing false: our findings held against the changes made and the stock plan.

Each world is deployed for real, changed behind the tool's back and put back. The stock tool
plans a world as seldom as the proof allows: a plan of it costs seconds, a scan of ours none.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from reconciler.domain.model import Engine, Origin
from tests.integration.terraform.expectation import (
    disagreements,
    essence,
    found,
    kinds,
    opens_its_block,
    quiet,
    told_secrets,
)
from tests.integration.terraform.scanner import copied, files_of, scanner
from tests.plugin_logs import said_by_plugins
from tests.worlds.mutations import BY_STACK, TOLERATED, Mutation, rounds
from tests.worlds.oracle import plan_actions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reconciler.domain.model import StackReport
    from reconciler.domain.values import Value
    from tests.worlds.deploy import Deployed
    from tests.worlds.oracle import OracleChange
    from tests.worlds.session import Worlds

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

UNTOUCHED: Final = [
    (stack, "terraform") for stack in ("small5", "modules", "demo", "mixed62", "wide200")
]
CHANGED: Final = [
    ("small5", "terraform"),
    ("small5", "tofu"),
    ("modules", "terraform"),
    ("modules", "tofu"),
    ("demo", "terraform"),
    ("mixed62", "terraform"),
]
BY_CLI: Final = [("modules", "terraform"), ("mixed62", "terraform")]
LOGGED: Final = '"tf_rpc"'
"""What every line of a provider's own log holds, which repeats whole answers of the cloud."""

SMALL: Final = [("small5", "terraform"), ("small5", "tofu")]
# How a provider is started is ours alone, whichever tool made the plan.
LOGGING: Final = SMALL[:1]


@pytest.fixture
def world(request: pytest.FixtureRequest, deployed_worlds: Worlds) -> Deployed:
    stack, tool = request.param
    return deployed_worlds.deployed(stack, request.getfixturevalue(tool))


@contextmanager
def in_force(world: Deployed, mutations: Sequence[Mutation]) -> Iterator[None]:
    """Keep the mutations in force inside the block, and undo them whatever happens there."""
    for mutation in mutations:
        mutation.apply(world.world())
    try:
        yield
    finally:
        for mutation in mutations:
            mutation.undo(world.world())


def planned(world: Deployed) -> dict[str, OracleChange]:
    return plan_actions(world.directory, world.attached_environment, world.executable)


@pytest.mark.parametrize("world", UNTOUCHED, indirect=True, ids="-".join)
async def test_an_untouched_world_has_no_finding(world: Deployed, tmp_path: Path) -> None:
    before = files_of(world.directory)
    async with scanner(world, tmp_path) as warm:
        first, second = await warm.scan(), await warm.scan()

    assert quiet(first)
    assert quiet(second)
    assert files_of(world.directory) == before
    assert planned(world) == {}


@pytest.mark.parametrize("world", LOGGING, indirect=True, ids="-".join)
async def test_what_a_provider_reads_it_does_not_log(world: Deployed, tmp_path: Path) -> None:
    async with scanner(world, tmp_path) as ours:
        assert quiet(await ours.scan())
        said = said_by_plugins(ours.scanning.adapter)
    assert len(said) == 1
    assert LOGGED not in said[0]


@pytest.mark.parametrize("world", CHANGED, indirect=True, ids="-".join)
async def test_each_change_is_found_and_nothing_else(world: Deployed, tmp_path: Path) -> None:
    tolerated = [mutation for mutation in TOLERATED if mutation.stack == world.stack]
    async with scanner(world, tmp_path / "warm") as warm:
        assert quiet(await warm.scan())
        for number, turn in enumerate(rounds(BY_STACK[world.stack])):
            with in_force(world, [*turn, *tolerated]):
                planning = asyncio.create_task(asyncio.to_thread(planned, world))
                report = await warm.scan()
                async with scanner(world, tmp_path / f"cold{number}") as cold:
                    recorded_after = await cold.scan()
                oracle = await planning
            assert disagreements(report, turn, oracle, world) == []
            assert found(recorded_after) == found(report)
            assert quiet(await warm.scan())


@pytest.mark.parametrize("world", BY_CLI, indirect=True, ids="-".join)
async def test_the_cli_engine_finds_the_same(world: Deployed, tmp_path: Path) -> None:
    with in_force(world, rounds(BY_STACK[world.stack])[0]):
        async with scanner(world, tmp_path / "plugin") as plugin:
            ours = await plugin.scan()
        async with scanner(world, tmp_path / "cli", engine="cli") as cli:
            theirs = await cli.scan()

    assert (ours.obtained_by, theirs.obtained_by) == (Engine.PLUGIN, Engine.CLI)
    assert essence(theirs) == essence(ours)
    assert told_secrets(theirs) == []


TOPIC: Final = "aws_sns_topic.alerts"
TABLE: Final = "aws_dynamodb_table.orders"
LOGS: Final = "aws_cloudwatch_log_group.worker"
TOKEN: Final = "aws_ssm_parameter.token"
MAILS: Final = "aws_sqs_queue.mails"
GROUP: Final = "aws_security_group.web"
EDITS: Final = {
    'display_name = "Alerts"': 'display_name = "Alarms"',
    "retention_in_days = 30": "retention_in_days = 60",
    'tags = { team = "data" }': 'tags = { team = "nobody" }',
    'resource "aws_security_group" "web"': 'resource "aws_security_group" "front"',
}
ADDED: Final = """
resource "aws_sqs_queue" "mails" {
  name = "small-mails"
}

moved {
  from = aws_security_group.web
  to   = aws_security_group.front
}
"""


@pytest.mark.parametrize("world", SMALL, indirect=True, ids="-".join)
async def test_code_that_is_not_applied_is_told_from_what_others_did(
    world: Deployed, tmp_path: Path
) -> None:
    edited = copied(world, tmp_path / "edited")
    rewrite(edited.directory / "main.tf")
    by_address = {mutation.address: mutation for mutation in BY_STACK["small5"]}
    # The topic is changed on both sides; what the table is now, the code says as well.
    with in_force(world, [by_address[TOPIC], by_address[TABLE]]):
        async with scanner(edited, tmp_path / "cache") as warm:
            report = await warm.scan()
        async with scanner(edited, tmp_path / "cli", engine="cli") as cli:
            by_cli = await cli.scan()
        oracle = planned(edited)

    origins = {str(finding.address): finding.origin for finding in report.findings}
    assert kinds(report) == {
        TOPIC: "changed",
        LOGS: "changed",
        TOKEN: "unmanaged",
        MAILS: "missing",
        GROUP: "changed",
    }
    # That the group moves is an action of its own beside those of a plan's changes.
    assert {*oracle, GROUP} == set(origins)
    assert origins[TOPIC] is Origin.BOTH
    assert {origins[one] for one in (LOGS, TOKEN, MAILS, GROUP)} == {Origin.UNAPPLIED}
    assert {path: values for path, *values in three_ways(report)} == {
        "display_name": ["Alarms", "Alerts", "Noise"],
        "retention_in_days": [60, 30, 30],
    }
    declared = [one for one in report.findings if one.source and one.address != GROUP]
    assert all(opens_its_block(finding, edited) for finding in declared)
    assert {(address, item.path) for address, item in report.noise} >= {(TABLE, "tags.team")}
    assert report.unreadable == ()
    assert told_secrets(report) == []
    assert essence(by_cli) == essence(report)


def rewrite(file: Path) -> None:
    """Edit literals, take the token out, rename the group, add a queue."""
    text = file.read_text()
    for before, after in EDITS.items():
        assert before in text
        text = text.replace(before, after)
    token = re.compile(
        r'^resource "aws_ssm_parameter" "token" \{.*?^\}\n', re.DOTALL | re.MULTILINE
    )
    text, times = token.subn("", text)
    assert times == 1
    file.write_text(text + ADDED)


def three_ways(report: StackReport) -> Iterator[tuple[str, Value, Value, Value]]:
    for finding in report.findings:
        for change in finding.changes:
            yield change.path, change.declared, change.recorded, change.live
