"""What the last update left is remembered, whatever somebody's refresh writes into the record."""

from __future__ import annotations

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.history import history_by_cli, history_of
from reconciler.domain.model import Drifted, InSync, Missing, Origin, Verdict
from tests.pulumi_world import STACK, PulumiStack, verdicts
from tests.worlds.pulumi.oracle import refresh_answers


def paths(verdict: Verdict) -> dict[str, Origin]:
    assert isinstance(verdict, Drifted), verdict
    return {str(change.path): change.origin for change in verdict.changes}


def hack(stack: PulumiStack) -> None:
    with stack.changed() as things:
        things["kept"]["value"] = "hacked"
        things["kept"]["labels"]["added"] = "x"
        things["blind"]["value"] = "hacked"
        things["blind"]["labels"]["added"] = "x"
        del things["plain"]


def expect_hacked(found: dict[str, Verdict]) -> None:
    assert paths(found["kept"]) == {
        "value": Origin.OUT_OF_BAND,
        "labels.added": Origin.OUT_OF_BAND,
    }
    assert paths(found["blind"]) == {
        "value": Origin.OUT_OF_BAND,
        "labels.added": Origin.OUT_OF_BAND,
    }
    assert found["plain"] == Missing()
    assert isinstance(found["inner"], InSync)


async def test_drift_that_a_refresh_adopted_is_still_drift(stack: PulumiStack) -> None:
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        hack(stack)
        expect_hacked(await verdicts(adapter, await adapter.load(stack.reference())))
        stack.refresh()
        assert "gone" not in refresh_answers(stack).values()  # the CLI has forgotten it
        for _ in range(2):
            expect_hacked(await verdicts(adapter, await adapter.load(stack.reference())))
        stack.refresh()
        expect_hacked(await verdicts(adapter, await adapter.load(stack.reference())))
    expect_hacked(await stack.scan())


async def test_it_is_found_in_the_history_by_whoever_comes_later(stack: PulumiStack) -> None:
    hack(stack)
    stack.refresh()
    stack.refresh()
    expect_hacked(await stack.scan())


async def test_an_update_of_something_else_makes_no_drift_wanted(stack: PulumiStack) -> None:
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        with stack.changed() as things:
            things["kept"]["value"] = "hacked"
        stack.refresh()
        stack.edit("inner", size=4)
        stack.up("--target", stack.urn("inner", group="group"))
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        assert paths(found["kept"]) == {"value": Origin.OUT_OF_BAND}
        assert isinstance(found["inner"], InSync)


async def test_what_an_update_has_read_and_not_put_right_is_still_drift(stack: PulumiStack) -> None:
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        with stack.changed() as things:
            things["kept"]["value"] = "hacked"
            things["blind"]["labels"]["added"] = "x"
        stack.up("--refresh")
        assert "added" in stack.things()["blind"]["labels"]
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        assert isinstance(found["kept"], InSync)
        assert paths(found["blind"]) == {"labels.added": Origin.OUT_OF_BAND}


async def test_what_an_update_put_right_is_in_sync(stack: PulumiStack) -> None:
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        with stack.changed() as things:
            things["kept"]["value"] = "hacked"
            del things["plain"]
        stack.refresh()
        stack.up()
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        assert isinstance(found["kept"], InSync)
        assert isinstance(found["plain"], InSync)


async def test_what_an_update_changed_is_what_it_is_compared_with(stack: PulumiStack) -> None:
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        stack.edit("kept", value="new")
        unapplied = await verdicts(adapter, await adapter.load(stack.reference()))
        assert paths(unapplied["kept"]) == {"value": Origin.UNAPPLIED}
        stack.up()
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        assert isinstance(found["kept"], InSync)
        with stack.changed() as things:
            things["kept"]["value"] = "value of kept"
        back = await verdicts(adapter, await adapter.load(stack.reference()))
        assert paths(back["kept"]) == {"value": Origin.OUT_OF_BAND}


async def test_what_was_deployed_from_a_newer_checkout_is_no_drift(stack: PulumiStack) -> None:
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        older = stack.declared()
        stack.edit("kept", value="deployed")
        stack.up()
        stack.write(*older)
        for _ in range(2):
            found = await verdicts(adapter, await adapter.load(stack.reference()))
            assert paths(found["kept"]) == {"value": Origin.UNAPPLIED}
        stack.refresh()
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        assert paths(found["kept"]) == {"value": Origin.UNAPPLIED}


async def test_drift_that_was_seen_stays_drift_after_an_update_of_something_else(
    stack: PulumiStack,
) -> None:
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())
        with stack.changed() as things:
            things["kept"]["value"] = "hacked"
        stack.refresh()
        await adapter.load(stack.reference())
        stack.edit("inner", size=4)
        stack.up("--target", stack.urn("inner", group="group"))
        found = await verdicts(adapter, await adapter.load(stack.reference()))
        assert paths(found["kept"]) == {"value": Origin.OUT_OF_BAND}


async def test_files_and_cli_tell_one_history(stack: PulumiStack) -> None:
    stack.refresh()
    stack.edit("kept", size=4)
    stack.up()
    root = stack.backend.parent
    by_files = list(history_of(Place(f"file://{root}", stack.name, STACK, root)))
    cli = Cli(stack.program, stack.directory, STACK, stack.cli_environment)
    by_cli = await history_by_cli(cli)
    assert [entry.kind for entry in by_files] == [entry.kind for entry in by_cli]
    assert [entry.kind for entry in by_files] == ["update", "refresh", "update"]
    assert all(entry.checkpoint and entry.checkpoint.is_file() for entry in by_files)
