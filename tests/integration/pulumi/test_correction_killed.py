"""A correction killed in the middle: the truth is told, nobody is left behind, none is repeated."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from reconciler.dispatch.process_identity import started_at_s
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.engine.folders import drop_plans
from reconciler.ports import Done, Exited, Failed, InDoubt, RunnerProcess, Running, Vanished
from tests.integration.correcting import Corrector
from tests.integration.pulumi.correcting import (
    corrector,
    locks,
    pending,
    recorded,
    told_to_stop,
)
from tests.patience import until
from tests.pulumi_processes import words_of, working_on
from tests.pulumi_world import PulumiStack

HACKED = "hacked"
STILL = "the checkpoint says that it is still"


@pytest.fixture
def stack(stack: PulumiStack) -> PulumiStack:
    """A stack with one thing changed behind its back, and a CLI that notes what it is asked."""
    with stack.changed() as things:
        things["kept"]["value"] = HACKED
    return stack.noting()


def value_of(stack: PulumiStack, name: str = "kept") -> object:
    return stack.things()[name]["value"]


async def begun(stack: PulumiStack, ours: Corrector) -> RunnerProcess:
    """Begin a correction, and return when its provider is at it and will not come to an end."""
    snapshot, _ = await ours.plan(stack.urn("kept"))
    stack.while_applying(kept="wait")
    process = await ours.start(snapshot)
    await until(lambda: stack.is_waiting)
    return process


def pid_of(stack: PulumiStack, words: str) -> int:
    """Return the process of the update whose command line holds `words`."""
    (found,) = [one.pid for one in working_on(stack) if words in " ".join(words_of(one))]
    return found


async def ended(ours: Corrector, process: RunnerProcess) -> tuple[Exited | Vanished, object]:
    """Return how it ended, judged by what an adapter knows that was not there when it began."""
    ended = await ours.runner.wait(process, ours.run_folder())
    snapshot = await ours.adapter.load(ours.reference)
    log = ours.run_folder() / "log"
    return ended, ours.adapter.outcome(snapshot, ended=ended, log=log)


async def nobody_left(stack: PulumiStack, ours: Corrector) -> None:
    """Wait until all that worked on the stack is gone, but for the plugins that we keep warm."""
    await ours.adapter.close()
    await until(lambda: not working_on(stack))


async def test_a_killed_cli_leaves_doubt_and_the_next_correction_clears_up(
    stack: PulumiStack,
) -> None:
    async with corrector(stack) as ours:
        process = await begun(stack, ours)
        (lock,) = locks(stack)
        os.kill(pid_of(stack, "/pulumi up"), signal.SIGKILL)
        stack.while_applying(kept=None)
        how, outcome = await ended(ours, process)

        assert isinstance(how, Exited)
        assert how.exit_code == -signal.SIGKILL
        assert outcome == InDoubt(f"{STILL} updating kept")
        await nobody_left(stack, ours)
        # The plugin was left in peace until it had done what it was at.
        assert value_of(stack) == "value of kept"
        assert locks(stack) == [lock]
        assert pending(stack) == [("updating", "kept")]

    async with corrector(stack) as ours:
        snapshot = await ours.adapter.load(ours.reference)
        (of_lock, of_pending) = snapshot.warnings
        assert "has left a lock behind and is gone" in of_lock
        assert "updating kept was interrupted" in of_pending
        assert (await ours.scan()).findings == ()
        assert locks(stack) == [lock]

        with stack.changed() as things:
            things["lax"]["size"] = 9
        assert stack.calls("up") == 1
        assert await ours.correct(stack.urn("lax"), name="next") == Done("1 changed")
        assert (locks(stack), pending(stack)) == ([], [])
        assert (await ours.adapter.load(ours.reference)).warnings == ()
        assert stack.calls("up") == 2


async def test_a_creation_that_nobody_saw_the_end_of_stops_every_correction(
    stack: PulumiStack,
) -> None:
    with stack.changed() as things:
        del things["kept"]
        things["lax"]["size"] = 9
    async with corrector(stack) as ours:
        process = await begun(stack, ours)
        os.kill(pid_of(stack, "/pulumi up"), signal.SIGKILL)
        _, outcome = await ended(ours, process)

        assert outcome == InDoubt(f"{STILL} creating kept")
        # It did not come to an end in good time, so it was ended.
        await nobody_left(stack, ours)
        assert "kept" not in stack.things()
    stack.while_applying(kept=None)

    async with corrector(stack) as ours:
        report = await ours.scan()
        assert [finding.address for finding in report.findings] == [stack.urn("lax")]
        ((address, reason),) = report.unreadable
        assert address == stack.urn("kept")
        assert "pulumi refresh --clear-pending-creates" in reason
        for number, name in enumerate(("kept", "lax")):
            with pytest.raises(PermanentError, match="creating kept") as refused:
                await ours.plan(stack.urn(name), name=f"refused-{number}")
            assert "pulumi refresh --clear-pending-creates" in str(refused.value.remedy)
        assert stack.calls("up") == 1

        # A person looks, sees that there is nothing, and says so.
        stack.run("cancel", "--yes")
        stack.refresh("--clear-pending-creates", "--target", stack.urn("plain"))
        assert pending(stack) == []
        assert await ours.correct(stack.urn("lax"), name="next") == Done("1 changed")
        assert await ours.correct(stack.urn("kept"), name="last") == Done("1 created")
        assert recorded(stack)["kept"].id == "kept-2"


async def test_a_killed_update_job_leaves_the_cli_to_end_and_nobody_interferes(
    stack: PulumiStack,
) -> None:
    async with corrector(stack) as ours:
        snapshot = await ours.adapter.load(ours.reference)
        process = await begun(stack, ours)
        os.kill(pid_of(stack, "iac_adapters.pulumi.update_job"), signal.SIGKILL)
        how = await ours.runner.wait(process, ours.run_folder())
        log = ours.run_folder() / "log"

        assert isinstance(how, Exited)
        assert isinstance(ours.adapter.outcome(snapshot, ended=how, log=log), InDoubt)
        with pytest.raises(RetryableError, match=r"an update by .*\(pid \d+\).* is under way"):
            await ours.adapter.load(ours.reference)
        stack.while_applying(kept=None)
        await nobody_left(stack, ours)
        assert value_of(stack) == "value of kept"
        assert (locks(stack), pending(stack)) == ([], [])
        drop_plans(ours.run_folder())
        left = {file.name for file in ours.run_folder().iterdir()}
        assert left == {"exit.json", "log", "started.json"}

    async with corrector(stack) as ours:
        assert (await ours.scan()).findings == ()
        assert stack.calls("up") == 1


async def test_a_killed_provider_leaves_doubt_and_a_look_shows_that_nothing_was_done(
    stack: PulumiStack,
) -> None:
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        await ours.adapter.close()
        stack.while_applying(kept="wait")
        process = await ours.start(snapshot)
        await until(lambda: stack.is_waiting)
        for provider in working_on(stack):
            if "pulumi.dynamic" in words_of(provider):
                provider.kill()
        _, outcome = await ours.ended(process, snapshot)

        assert outcome == InDoubt("a provider died in the middle of a call")
        await nobody_left(stack, ours)
        assert (locks(stack), pending(stack)) == ([], [])
        assert value_of(stack) == HACKED
    stack.while_applying(kept=None)

    async with corrector(stack) as ours:
        (finding,) = (await ours.scan()).findings
        assert finding.address == stack.urn("kept")
        assert stack.calls("up") == 1
        assert await ours.correct(stack.urn("kept"), name="next") == Done("1 changed")


async def test_a_killed_runner_is_missed_only_when_its_update_has_ended(
    stack: PulumiStack,
) -> None:
    async with corrector(stack) as ours:
        process = await begun(stack, ours)
        os.kill(process.pid, signal.SIGKILL)
        waiting = asyncio.create_task(ours.runner.wait(process, ours.run_folder()))
        await until(lambda: started_at_s(process.pid) is None)
        assert ours.runner.state(process, ours.run_folder()) == Running()
        assert not waiting.done()
        stack.while_applying(kept=None)

        assert await waiting == Vanished()
        assert b'"result": "succeeded"' in ours.log()
        assert value_of(stack) == "value of kept"
        _, outcome = await ended(ours, process)
        assert isinstance(outcome, InDoubt)
        await nobody_left(stack, ours)
        assert (locks(stack), pending(stack)) == ([], [])
    assert stack.calls("up") == 1


@pytest.mark.parametrize("by", ["a person", "the machine"])
async def test_an_update_that_is_asked_to_stop_ends_what_it_began(
    stack: PulumiStack, by: str
) -> None:
    async with corrector(stack) as ours:
        process = await begun(stack, ours)
        if by == "a person":
            # However often: the second signal would make the CLI forget what it did.
            assert all(ours.runner.interrupt(process) for _ in range(3))
        else:
            os.kill(pid_of(stack, "/pulumi up"), signal.SIGTERM)
        await until(lambda: told_to_stop(ours.run_folder()))
        stack.while_applying(kept=None)
        how, outcome = await ended(ours, process)

        assert isinstance(how, Exited)
        assert (how.exit_code, how.interrupted) == (1, by == "a person")
        assert isinstance(outcome, Failed)
        assert not outcome.stale
        assert ("stop" if how.interrupted else "cancel") in outcome.reason
        await nobody_left(stack, ours)
        assert value_of(stack) == "value of kept"
        assert (locks(stack), pending(stack)) == ([], [])
