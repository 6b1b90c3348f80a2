"""Whatever code, world and providers went through: unasked only what was recorded is written.

Each object of a project is a case of its own: a change of its code, of the world, or of its
provider, drawn together. What an unasked correction would take up is corrected for real, and
the provider's own log tells what was written, where.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.domain.concerns import concerns
from reconciler.domain.doubts import doubt_about
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Origin, ResourceAddress, StackReport
from reconciler.ports import Done
from tests.integration.correcting import Corrector
from tests.integration.pulumi.correcting import corrector
from tests.worlds.pulumi.kv import KvProject, item, kv_project, provider
from tests.worlds.pulumi.tools import PulumiTools

COUNT: Final = 16
ON_WEST: Final = 4
IGNORING: Final = {"ignoreChanges": ["tags.owner"]}
NAMES: Final = tuple(f"i{number}" for number in range(COUNT))
CODE: Final = (
    "none", "none", "none", "value", "size", "tags", "zones", "word", "ignored", "renamed",
    "dropped",
)  # fmt: skip
UNSAFE: Final = "and that is not applied yet; beside that Pulumi corrects nothing else"
WORLD: Final = ("none", "value", "value", "tags", "zones", "word", "gone", "gone")


@dataclass(frozen=True, slots=True)
class Case:
    """What happens to one object."""

    name: str
    code: str
    world: str

    @property
    def region(self) -> str:
        """Where it was recorded."""
        return "r1" if self.name in NAMES[:ON_WEST] else "home"

    @property
    def place(self) -> str:
        return f"{self.region}/{self.name}"


# An ignored path is written when the object is made anew: only the plan tells that, not who
# moved. A provider with a region of its own is no doubt. And a follower that follows no more
# lets nothing else be corrected.
FIXED: Final = {
    one.name: one
    for one in (
        Case("i0", "none", "value"),
        Case("i6", "ignored", "tags"),
        Case("i12", "ignored", "gone"),
        Case("i14", "none", "gone"),
    )
}


@pytest.fixture(scope="module")
def kv(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """The template; for copying only."""
    declared = {name: _declared(name) for name in NAMES}
    west = provider(region="r1", token="CANARY-token")
    east = provider(region="r1", label="east")
    folder = tmp_path_factory.mktemp("kv")
    return kv_project(folder, pulumi, west=west, east=east, **declared)


def _declared(name: str) -> dict[str, Any]:
    number = int(name[1:])
    options: dict[str, Any] = {"provider": "${west}"} if number < ON_WEST else {}
    options |= IGNORING if number % 3 == 0 else {}
    kind = "Lazy" if number % 4 == 1 else "Item"
    # Some follow another: what that becomes by an update is not known before.
    value = "rev ${i" + str(number - 1) + ".rev}" if number % 5 == 4 else "one"
    return item(
        name, value, kind=kind, options=options, word=f"CANARY-{name}",
        tags={"owner": "x", "keep": "y"}, zones=["z1", "z2"],
    )  # fmt: skip


@pytest.mark.parametrize(
    "elsewhere", ["nowhere", "region edited", "label edited", "environment", "some moved"]
)
async def test_unasked_only_what_was_recorded_is_written(
    kv: KvProject, tmp_path: Path, elsewhere: str
) -> None:
    dice = random.Random(f"law {elsewhere}")
    folder = tmp_path / "own"
    folder.mkdir()
    project = kv.copied(folder)
    codes = (*CODE, "moved", "moved") if elsewhere == "some moved" else CODE
    drawn = [Case(name, dice.choice(codes), dice.choice(WORLD)) for name in NAMES]
    cases = [FIXED.get(case.name, case) for case in drawn]
    recorded = project.objects()
    if elsewhere == "environment":
        async with project.adapter() as adapter:  # a good scan: where the providers look is kept
            snapshot = await adapter.load(project.reference())
            assert [one async for one in adapter.observe(snapshot, None)]
        project = project.given(KV_REGION="far")
    _edit(project, cases, elsewhere)
    for case in cases:
        _happen(project, case)
    before = project.objects()

    async with corrector(project) as it:
        corrected = await _corrected_unasked(it)

    lax = {name for name in NAMES if int(name[1:]) % 3 == 0}
    for write in project.written():
        assert _is_recorded(write, recorded, before, lax), write
    after = project.objects()
    assert before.keys() <= after.keys() <= recorded.keys()
    for case in cases:
        if _is_mere_drift(case, elsewhere):
            assert case.name in corrected, case
            assert after[case.place]["value"] == recorded[case.place]["value"], case


async def _corrected_unasked(it: Corrector) -> set[str]:
    """Do what an unasked correction may do; return the names of what was corrected."""
    report = await it.scan()
    snapshot = await it.adapter.load(it.reference)
    wanted = _certain(report)
    for name in map(str, range(COUNT)):
        if not wanted:
            break
        try:
            _, plan = await it.plan(*wanted, name=name)
        except PermanentError as refused:
            if UNSAFE in str(refused):
                return set()
            kept = [address for address in wanted if not str(refused).startswith(f"{address}: ")]
            if kept == wanted:
                raise
            wanted = kept
            continue
        findings = [finding for finding in report.findings if finding.address in wanted]
        if not concerns(plan, findings, doubts=report.provider_doubts):
            outcome = await it.apply(snapshot, name=name)
            assert isinstance(outcome, Done)
            return {address.rpartition("::")[2] for address in wanted}
        worrying = {
            resource.address
            for resource in plan.resources
            if concerns(
                replace(plan, resources=(resource,), outputs=()),
                findings,
                doubts=report.provider_doubts,
            )
        }
        if not worrying & set(wanted):
            return set()  # the engine takes up an edited provider whatever is targeted
        wanted = [address for address in wanted if address not in worrying]
    return set()


def _certain(report: StackReport) -> list[ResourceAddress]:
    """Return what nobody but the world has moved, of providers that are not in doubt."""
    return [
        finding.address
        for finding in report.findings
        if finding.origin is Origin.OUT_OF_BAND
        and doubt_about(finding.provider, report.provider_doubts) is None
    ]


def _is_recorded(
    write: list[Any], recorded: Mapping[str, Any], before: Mapping[str, Any], lax: Collection[str]
) -> bool:
    """Whether a write put back what was recorded, where it was; an ignored tag as it was found."""
    what, region, inputs = write
    place = f"{region}/{inputs['name']}"
    if what == "delete" or place not in recorded:
        return False
    expected = copy.deepcopy(recorded[place])
    if what == "update" and inputs["name"] in lax:
        found = before[place].get("tags", {}).get("owner")
        expected["tags"] = {**expected["tags"], "owner": found}
    return bool(inputs == expected)


def _is_mere_drift(case: Case, elsewhere: str) -> bool:
    """Whether the world alone moved the object, and nothing that it depends on."""
    if case.code != "none" or case.world == "none" or case.name in _followers():
        return False
    return elsewhere == "nowhere" or (elsewhere == "environment" and case.region == "r1")


def _followers() -> set[str]:
    return {name for name in NAMES if int(name[1:]) % 5 == 4}


def _edit(project: KvProject, cases: Sequence[Case], elsewhere: str) -> None:
    """Change the code, which nobody applies."""
    resources = project.declared()
    followed = {f"i{int(name[1:]) - 1}" for name in _followers()}
    for case in cases:
        _edit_one(resources[case.name], case)
        if case.name in followed:
            continue
        if case.code == "dropped":
            del resources[case.name]
        if case.code == "renamed":
            one = resources.pop(case.name)
            aliases = [project.urn(case.name, one["type"])]
            renamed = {**one, "options": {**one.get("options", {}), "aliases": aliases}}
            resources[f"{case.name}n"] = renamed
    if elsewhere == "region edited":
        resources["west"]["properties"]["region"] = "r2"
    if elsewhere == "label edited":
        resources["west"]["properties"]["label"] = "another"
    project.write(**resources)


def _edit_one(declared: dict[str, Any], case: Case) -> None:
    properties, tags = declared["properties"], declared["properties"]["tags"]
    match case.code:
        case "value" | "word":
            properties[case.code] = "CANARY-edited"
        case "size":
            properties["size"] = 9
        case "tags":
            properties["tags"] = {**tags, "keep": "edited", "added": "x"}
        case "zones":
            properties["zones"] = ["z2", "z1"]
        case "ignored":
            properties["tags"] = {**tags, "owner": "edited"}
        case "moved":
            other = "${west}" if case.region == "home" else "${east}"
            declared.setdefault("options", {})["provider"] = other


def _happen(project: KvProject, case: Case) -> None:
    """Let somebody change the object behind the stack's back."""
    if case.world == "none":
        return
    if case.world == "gone":
        project.object_file(case.name, case.region).unlink()
        return
    with project.changed(case.name, case.region) as content:
        match case.world:
            case "value" | "word":
                content[case.world] = "CANARY-hack"
            case "tags":
                content["tags"] = {"owner": "hack", "keep": "hack"}
            case "zones":
                content["zones"] = ["z3"]
