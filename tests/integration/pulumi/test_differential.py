"""Nothing lost, nothing false: our verdicts held against the changes made and the CLI's refresh.

Each shop is brought up for real, changed behind Pulumi's back and put back. Changes of different
resources are in force together, so that one run of the CLI is an oracle for all of them.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from iac_adapters.pulumi.verdicts import BY_PROVIDER
from reconciler.domain.model import Drifted, InSync, Origin, Verdict
from tests.integration.pulumi.expectation import (
    SECRET,
    Difference,
    answer_of,
    difference,
    disagreements,
    quiet,
)
from tests.integration.terraform.scanner import files_of
from tests.plugin_logs import said_by_plugins
from tests.pulumi_processes import working_on
from tests.worlds.pulumi.mutations import BY_SHOP, Mutation, rounds
from tests.worlds.pulumi.oracle import refresh_answers
from tests.worlds.pulumi.project import verdicts
from tests.worlds.pulumi.session import Shops
from tests.worlds.pulumi.shop import PYTHON_SHOP, SECRETS, Shop

pytestmark = pytest.mark.slow

_NO_DIFF: Final = (
    "its provider has no diff(): the engine compares the inputs alone, which no refresh moves;"
    " we compare what was read, and say that it is but possible"
)
_LOOKED_UP: Final = (
    "the stack only looks it up: no update of it would put it back, so we tell it as noise"
)
KNOWN: Final = (
    Difference("crate", "drifted", "same", _NO_DIFF),
    Difference("sack", "drifted", "same", _NO_DIFF),
    Difference("foreign", "same", "drifted", _LOOKED_UP),
)
# How many changes are answered alike, and how many not, with an explanation above.
COUNTED: Final = {
    "yaml_shop": Counter(alike=39),
    "python_shop": Counter(alike=36, explained=9),
}


@pytest.fixture(params=sorted(BY_SHOP))
def shop(request: pytest.FixtureRequest, shops: Shops) -> Shop:
    return shops.deployed(request.param)


@contextmanager
def in_force(shop: Shop, mutations: Sequence[Mutation]) -> Iterator[None]:
    """Keep the mutations in force inside the block, and undo them whatever happens there."""
    world = shop.world()
    for mutation in mutations:
        mutation.apply(world)
    try:
        yield
    finally:
        for mutation in mutations:
            mutation.undo(world)


def written(shop: Shop) -> dict[Path, tuple[int, int]]:
    """Return every file of the project and its backend, and when it was written."""
    return files_of(shop.directory) | files_of(shop.backend)


async def test_an_untouched_shop_has_no_finding(shop: Shop) -> None:
    before = written(shop)
    async with shop.adapter() as adapter:
        first = await verdicts(adapter, await adapter.load(shop.reference()))
        second = await verdicts(adapter, await adapter.load(shop.reference()))

    assert quiet(first)
    assert second == first
    assert written(shop) == before
    assert working_on(shop) == []  # neither the bridge nor the provider behind it
    assert set(refresh_answers(shop).values()) == {"same"}


async def test_each_change_is_found_and_nothing_else(shop: Shop) -> None:
    counted: Counter[str] = Counter()
    async with shop.adapter() as adapter:
        for turn in rounds(BY_SHOP[shop.name]):
            with in_force(shop, turn):
                refreshing = asyncio.create_task(asyncio.to_thread(refresh_answers, shop))
                found = await verdicts(adapter, await adapter.load(shop.reference()))
                oracle = await refreshing
            assert disagreements(turn, found, oracle, KNOWN) == []
            for mutation in turn:
                name = mutation.resource
                ours, theirs = answer_of(found[name]), oracle[name]
                why = difference(name, ours, theirs, KNOWN)
                counted["explained" if why else "alike"] += 1
            assert quiet(await verdicts(adapter, await adapter.load(shop.reference())))
    assert counted == COUNTED[shop.name]


async def test_a_fresh_adapter_finds_the_same_and_no_secret_is_kept_or_logged(shop: Shop) -> None:
    async with shop.adapter() as warm:
        await verdicts(warm, await warm.load(shop.reference()))
        with in_force(shop, rounds(BY_SHOP[shop.name])[0]):
            by_warm = await verdicts(warm, await warm.load(shop.reference()))
            by_fresh = await shop.scan()
        said = said_by_plugins(warm)
    assert by_fresh == by_warm

    assert said
    assert not any(SECRET in text for text in said)
    kept = [file.read_bytes() for file in shop.cache.rglob("*") if file.is_file()]
    assert kept
    assert not any(SECRET.encode() in content for content in kept)
    assert all(value.startswith(SECRET) for value in SECRETS.values())


async def test_code_that_is_not_applied_is_told_from_what_others_did(shops: Shops) -> None:
    shop = shops.deployed(PYTHON_SHOP)
    program = shop.directory / "__main__.py"
    text = program.read_text()
    opened, *_ = rounds(BY_SHOP[PYTHON_SHOP])[0]
    try:
        program.write_text(edited(text))
        with in_force(shop, [opened]):
            found = await shop.scan()
    finally:
        program.write_text(text)

    assert opened.resource == "edge"
    assert origins(found["edge"]) == {"ingresses[2]": Origin.OUT_OF_BAND}
    assert origins(found["events"]) == {"displayName": Origin.UNAPPLIED}
    # Nobody touched these: the program gives their provider a tag for all it makes.
    for name in ("password", "orders-policy"):
        verdict = found[name]
        assert isinstance(verdict, Drifted)
        assert verdict.changes == ()
        assert (verdict.reason or "").startswith(BY_PROVIDER)
    assert answer_of(found["foreign"]) == "same"
    assert isinstance(found["shelf"], InSync)


async def test_what_somebodys_refresh_adopted_is_told_as_before(shops: Shops) -> None:
    shop = shops.deployed(PYTHON_SHOP)
    turn = rounds(BY_SHOP[PYTHON_SHOP])[0]
    async with shop.adapter() as adapter:
        assert quiet(await verdicts(adapter, await adapter.load(shop.reference())))
        with in_force(shop, turn):
            shop.refresh()
            found = await verdicts(adapter, await adapter.load(shop.reference()))
        # The CLI has taken it all for its own by now, so it is no oracle here.
        assert disagreements(turn, found, None, KNOWN) == []
        shop.refresh()
        assert quiet(await verdicts(adapter, await adapter.load(shop.reference())))


def edited(text: str) -> str:
    for before, after in (
        ('"displayName": "Events"', '"displayName": "Alarms"'),
        ('settings = {"region"', 'settings = {"defaultTags": [{"tags": {"own": "er"}}], "region"'),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    return text


def origins(verdict: Verdict) -> dict[str, Origin]:
    assert isinstance(verdict, Drifted), verdict
    return {str(change.path): change.origin for change in verdict.changes}
