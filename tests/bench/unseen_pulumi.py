"""The bed of `unseen` as a Pulumi stack: 93 resources of 26 types, beside Pulumi's own looks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iac_adapters.pulumi.adapter import PulumiAdapter
from iac_adapters.pulumi.children.spelling import as_terraform
from iac_adapters.pulumi.events import Done, done_in, events_of
from iac_adapters.pulumi.options import PulumiOptions
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import StackName
from reconciler.domain.spelling import canonical_type
from reconciler.engine.scan import Scanning
from reconciler.ports import AdapterSetup, StackReference
from tests.bench.unseen import Bed, Place, Turn, held, places_in, told
from tests.integration.terraform.scanner import KEY, Scanner
from tests.simulator import running_simulator
from tests.worlds import children, unseen_wide
from tests.worlds.pulumi.shop import Shop, deploy_yaml
from tests.worlds.pulumi.tools import find_aws_provider, find_tools
from tests.worlds.pulumi.world import NamedAsTerraform, address_of
from tests.worlds.unseen import Injection, Reach, inject

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_STREAMED: Final = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}
_CHANGING: Final = frozenset({"update", "replace", "delete", "create", "create-replacement"})
_FAILED: Final = 1


async def pulumi_tried() -> int:
    """Try the bed; print its table. Ends with 1 where something is wrong or missing."""
    tools, provider = find_tools(os.environ), find_aws_provider()
    if tools is None or provider is None:
        print("pulumi, the Terraform bridge or an offline AWS provider is not here")
        return _FAILED
    with tempfile.TemporaryDirectory(prefix="unseen-") as folder, running_simulator() as cloud:
        where = Path(folder) / "stack"
        where.mkdir()
        shop = deploy_yaml("unseen", where, tools=tools, provider=provider, endpoint=cloud.endpoint)
        world = NamedAsTerraform(cloud.endpoint, shop.state)
        async with _scanner(shop, Path(folder) / "cache") as scans:
            begun = (await held(scans, {}).scan()).begun
            baselines = {kept.key: kept for kept in begun}
            fresh = await _turn(scans, baselines, shop)
            shop.run("refresh", "--yes", "--skip-preview")
            refreshed = await _turn(scans, baselines, shop)
            inject(world, _INJECTIONS)
            after = await _turn(scans, baselines, shop)
            shop.run("refresh", "--yes", "--skip-preview")
            swallowed = await _turn(scans, baselines, shop)
    return told(_BED, "pulumi", fresh, refreshed, after, swallowed)


@asynccontextmanager
async def _scanner(shop: Shop, cache: Path) -> AsyncIterator[Scanner]:
    adapter = PulumiAdapter(AdapterSetup(data_dir=cache / "data", cache_dir=cache, key=KEY))
    reference = StackReference(
        name=StackName(shop.name),
        directory=shop.directory,
        tool="pulumi",
        environment=shop.environment,
        options=PulumiOptions(pulumi_stack="dev", children="all"),
    )
    try:
        yield Scanner(Scanning(adapter, SystemClock(), judging(KEY)), reference)
    finally:
        await adapter.close()


async def _turn(scans: Scanner, baselines: dict[str, KeptBaseline], shop: Shop) -> Turn:
    return Turn(
        ours=_renamed(places_in(await scans.scan())),
        kept=_renamed(places_in(await held(scans, baselines).scan())),
        planned=frozenset(_steps(shop, "preview", "--refresh")),
        refreshed=frozenset(_steps(shop, "refresh", "--preview-only")),
    )


def _renamed(places: frozenset[Place]) -> frozenset[Place]:
    """Return `places` by Terraform's names, as the injections have them."""
    return frozenset(
        (address_of(urn), name)
        for urn, place in places
        for name in (
            [f"+{canonical_type(place[1:])}"] if place.startswith("+") else [_attribute(place)]
        )
    )


def _attribute(name: str) -> str:
    """Return Terraform's name of an attribute: the one that an injection has, if any."""
    spelled = as_terraform({name: []})
    return next((one for one in spelled if one in _PATHS), next(iter(spelled)))


def _steps(shop: Shop, *command: str) -> Iterator[Place]:
    """Yield the places that the CLI says it would change, in the cloud or in the record."""
    out = shop.run(*command, "--json", variables=_STREAMED)
    for event in events_of(out.encode()):
        step = done_in(event)
        if step is not None and step.stage == "outputs" and step.op in _CHANGING:
            yield from ((address_of(step.urn), _attribute(name)) for name in _moved(step))


def _moved(step: Done) -> Iterator[str]:
    old, new = (_properties(step, side) for side in ("old", "new"))
    for name in sorted(old.keys() | new.keys()):
        if not name.startswith("__") and old.get(name) != new.get(name):
            yield name


def _properties(step: Done, side: str) -> dict[str, Any]:
    state = step.metadata.get(side) or {}
    return {**(state.get("inputs") or {}), **(state.get("outputs") or {})}


def _of_children() -> Iterator[Injection]:
    """Yield the children whose parents `unseen68` has none of."""
    known = {one.child for one in unseen_wide.INJECTIONS}
    for one in children.INJECTIONS:
        if one.child in known or one.parent == "aws_route53_zone.names":
            continue
        by_data = one.listed and one.child != "aws_route53_record"
        reach: Reach = "data" if by_data else "probe"
        dangerous = one.severity in ("high", "critical")
        yield Injection(
            f"{one.parent} {one.child}",
            *(one.parent, "", reach, one.change.send, dangerous),
            child=one.child,
        )


_INJECTIONS: Final = (*unseen_wide.INJECTIONS, *_of_children())
_PATHS: Final = frozenset(one.path for one in _INJECTIONS)
_BED: Final = Bed(
    "unseen",
    _INJECTIONS,
    plans=("pulumi preview --refresh", "refresh --preview-only"),
    after="after a refresh by others",
)
