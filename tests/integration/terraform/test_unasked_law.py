"""An unasked correction restores what the last apply recorded, and nothing else, anywhere.

Code, world and provider are changed at random; what may be corrected without a person is then
really applied, and the world says what that wrote.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.domain.concerns import concerns
from reconciler.domain.doubts import doubt_about
from reconciler.domain.model import Kind, Origin, StackReport
from reconciler.domain.plan import Plan
from tests.integration.correcting import Corrector
from tests.integration.terraform.correcting import corrector
from tests.providers.world_provider import World
from tests.world_stack import WorldStack

pytestmark = pytest.mark.parametrize("tool", ["terraform"], indirect=True, scope="session")

THINGS = 9
# What an apply gives each object anew.
OWN = frozenset({"id", "serial"})
PROVIDERS = ("as applied", "region", "default tags", "variable", "patience")


@dataclass
class Thing:
    """One resource as the code has it, and what happened to it since it was applied."""

    name: str
    labels: dict[str, str]
    follows: str | None = None
    edited: bool = False
    moved: bool = False

    def code(self) -> str:
        place = f"\n  place = world_thing.{self.follows}.id" if self.follows else ""
        own = "\n  enabled = true" if self.edited else ""
        return (
            f'resource "world_thing" "{self.name}" {{\n  name = "{self.name}"\n'
            f"  labels = {json.dumps(self.labels)}{own}{place}\n}}\n"
        )


@dataclass
class Case:
    """A stack of generated things, with a provider that may be edited."""

    stack: WorldStack
    chance: random.Random
    things: dict[str, Thing] = field(default_factory=dict)
    region: str = "west"
    tag: str = "dev"
    patience: int = 1
    names: dict[str, str] = field(default_factory=dict)

    def generate(self) -> None:
        for number in range(THINGS):
            follows = f"t{number - 1}" if number % 3 == 2 else None
            labels = {key: self.chance.choice("abc") for key in "xy"}
            self.things[f"t{number}"] = Thing(f"t{number}", labels, follows)

    def write(self) -> None:
        settings = (
            f'world = "{self.stack.cloud}"',
            *([f'region = "{self.region}"'] if self.region else []),
            f'default_tags = {{ env = "{self.tag}" }}',
            f"patience = {self.patience}",
        )
        body = "".join(thing.code() for thing in self.things.values())
        self.stack.write(body, provider="\n".join(('provider "world" {', *settings, "}\n")))

    def edit_code(self) -> None:
        for thing in self.things.values():
            match self.chance.randrange(5):
                case 0:
                    thing.labels["x"] = "edited"
                    thing.edited = True
                case 1:
                    thing.labels["z"] = "added"
                    thing.edited = True

    def move_world(self) -> None:
        with World(Path(f"{self.stack.cloud}.west")).changed() as content:
            # By name: what an object's id is, chance decides anew each time.
            for key, one in sorted(content["objects"].items(), key=lambda item: item[1]["name"]):
                thing = self.things[one["name"]]
                match self.chance.randrange(4):
                    case 0:
                        one["labels"] = {**one["labels"], "y": "moved"}
                    case 1:
                        one["tags_all"] = {"env": "moved"}
                    case 2 if self.chance.random() < 0.5:
                        del content["objects"][key]
                    case _:
                        continue
                thing.moved = True

    def world(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Every object there is, by region and name, without what an apply gives anew."""
        objects = [
            (region, one)
            for region in ("", ".west", ".east")
            for one in World(Path(f"{self.stack.cloud}{region}")).read()["objects"].values()
        ]
        self.names |= {one["id"]: one["name"] for _, one in objects}
        return {
            (region, one["name"]): {
                key: self.names.get(value, value) if key == "place" else value
                for key, value in one.items()
                if key not in OWN
            }
            for region, one in objects
        }


async def complete_scan(ours: Corrector) -> StackReport:
    """Scan until every object was read: a busy machine may keep a provider from answering."""
    report = await ours.scan()
    for _ in range(2):
        if report.unreadable:
            report = await ours.scan()
    assert report.unreadable == ()
    return report


def unasked(report: StackReport) -> list[str]:
    """What a policy with auto_correct would correct without a person, finding by finding."""
    return [
        finding.address
        for finding in report.findings
        if finding.origin is Origin.OUT_OF_BAND
        and finding.kind in (Kind.CHANGED, Kind.MISSING)
        and doubt_about(finding.provider, report.provider_doubts) is None
    ]


def clean(plan: Plan, report: StackReport, wanted: list[str]) -> Iterator[str]:
    """Which of `wanted` nothing keeps from being corrected."""
    for resource in plan.resources:
        alone = replace(plan, resources=(resource,), outputs=())
        told = concerns(alone, report.findings, doubts=report.provider_doubts)
        if not told and resource.address in wanted:
            yield resource.address


async def correct_unasked(ours: Corrector, report: StackReport) -> list[str]:
    """Apply what may be applied; return the addresses."""
    wanted = unasked(report)
    if not wanted:
        return []
    _, plan = await ours.plan(*wanted, name="all")
    good = list(clean(plan, report, wanted))
    if not good:
        return []
    snapshot, plan = await ours.plan(*good, name="good")
    if concerns(plan, report.findings, doubts=report.provider_doubts):
        return []
    await ours.apply(snapshot, "good")
    return good


@pytest.mark.parametrize("edited", PROVIDERS)
async def test_nothing_is_applied_unasked_that_was_not_recorded(
    stack: WorldStack, edited: str
) -> None:
    """Rows T1, T2 and T3, as a law over edits and drifts."""
    case = Case(stack, random.Random(f"law of {edited}"))
    case.generate()
    if edited == "variable":
        case.region, stack.extra["WORLD_REGION"] = "", "west"
    case.write()
    stack.apply()
    recorded = case.world()
    async with corrector(stack) as ours:
        assert (await complete_scan(ours)).findings == ()
        case.edit_code()
        case.move_world()
        match edited:
            case "region":
                case.region = "east"
            case "default tags":
                case.tag = "prod"
            case "patience":
                case.patience = 2
        case.write()
        environment = {**stack.environment}
        if edited == "variable":
            environment["WORLD_REGION"] = "east"
        now = replace(ours, reference=replace(ours.reference, environment=environment))
        before = case.world()
        report = await complete_scan(now)
        corrected = await correct_unasked(now, report)
        after = case.world()

    for key in before.keys() | after.keys():
        assert after.get(key) in (before.get(key), recorded.get(key)), key
    restored = {address.removeprefix("world_thing.") for address in corrected}
    if edited in ("region", "default tags", "variable"):
        assert restored == set()
        return
    expected = {thing.name for thing in case.things.values() if thing.moved and not thing.edited}
    assert restored <= expected
    assert restored, f"the case shows nothing: {report}"
