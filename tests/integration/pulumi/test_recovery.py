"""What others left behind or are at: whose lock it is decides what may be done."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.pulumi.locks import Holder, read_lock
from reconciler.domain.errors import RetryableError
from reconciler.domain.state_lineage import StateMark, lack_of
from reconciler.ports import Done, Failed
from tests.integration.pulumi.correcting import (
    corrector,
    locks,
    pending,
    recorded,
    update_by_somebody,
)
from tests.patience import until
from tests.pulumi_world import PulumiStack

HACKED = "hacked"


@pytest.fixture
def stack(stack: PulumiStack) -> PulumiStack:
    """A stack with one thing changed behind its back."""
    with stack.changed() as things:
        things["kept"]["value"] = HACKED
    return stack


def locked(stack: PulumiStack, *, pid: int, hostname: str | None = None) -> Path:
    """Put a lock on the stack as the CLI writes it."""
    stack.locks.mkdir(parents=True, exist_ok=True)
    content = {
        "pid": pid,
        "username": "ada",
        "hostname": hostname or socket.gethostname(),
        "timestamp": datetime.now(UTC).isoformat(),
    }
    file = stack.locks / f"by-{hostname or 'us'}-{pid}.json"
    file.write_text(json.dumps(content))
    return file


def finished() -> int:
    """Return the number of a process that is no more."""
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    return process.pid


async def test_while_somebody_updates_the_stack_it_is_neither_read_nor_corrected(
    stack: PulumiStack,
) -> None:
    stack.edit("lax", size=9)
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        with update_by_somebody(stack) as process:
            await until(lambda: stack.is_waiting)
            under_way = rf"an update by .*\(pid {process.pid}\).* is under way"
            with pytest.raises(RetryableError, match=under_way) as refused:
                await ours.scan()
            assert "when it has ended" in str(refused.value.remedy)
            with pytest.raises(RetryableError, match=under_way):
                await ours.plan(stack.urn("kept"), name="meanwhile")
            # What was planned before it began meets the CLI's own lock.
            held = locks(stack)
            outcome = await ours.apply(snapshot)
            assert isinstance(outcome, Failed)
            assert "locked by another update, created by" in outcome.reason
            assert f"(pid {process.pid})" in outcome.reason
            assert locks(stack) == held
            assert stack.things()["kept"]["value"] == HACKED

        assert (process.returncode, locks(stack)) == (0, [])
        assert stack.things()["lax"]["size"] == 9
        (finding,) = (await ours.scan()).findings
        assert finding.address == stack.urn("kept")
        assert await ours.correct(stack.urn("kept"), name="after") == Done("1 changed")


async def test_a_lock_of_another_machine_is_read_past_and_never_broken(stack: PulumiStack) -> None:
    file = locked(stack, pid=finished(), hostname="elsewhere")
    async with corrector(stack) as ours:
        snapshot = await ours.adapter.load(ours.reference)
        (warning,) = snapshot.warnings
        assert "locked by ada@elsewhere" in warning
        (finding,) = (await ours.scan()).findings
        assert finding.address == stack.urn("kept")
        with pytest.raises(RetryableError, match="locked by ada@elsewhere") as refused:
            await ours.plan(stack.urn("kept"))
        assert "pulumi cancel" in str(refused.value.remedy)
    assert locks(stack) == [file]
    assert stack.things()["kept"]["value"] == HACKED


async def test_of_a_dead_process_the_lock_is_removed_and_no_other(stack: PulumiStack) -> None:
    dead = locked(stack, pid=finished())
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        assert locks(stack) == [dead]
        late = locked(stack, pid=os.getpid())
        outcome = await ours.apply(snapshot)
        assert isinstance(outcome, Failed)
        assert "created by ada@" in outcome.reason
        assert locks(stack) == [late]
        assert stack.things()["kept"]["value"] == HACKED
        late.unlink()
        assert await ours.correct(stack.urn("kept"), name="after") == Done("1 changed")


async def test_a_lock_that_was_taken_over_meanwhile_is_not_removed(stack: PulumiStack) -> None:
    dead = locked(stack, pid=finished())
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan(stack.urn("kept"))
        content = json.loads(dead.read_text())
        dead.write_text(json.dumps({**content, "pid": os.getpid()}))
        assert isinstance(await ours.apply(snapshot), Failed)
    assert locks(stack) == [dead]
    lock = read_lock(dead)
    assert lock is not None
    assert lock.holder is Holder.ALIVE


def with_pending(stack: PulumiStack, kind: str, name: str) -> None:
    """Write into the checkpoint that something about a thing was begun and never ended."""

    def written(document: dict[str, Any]) -> dict[str, Any]:
        latest = document["checkpoint"]["latest"]
        (resource,) = [one for one in latest["resources"] if one["urn"].endswith(f"::{name}")]
        latest["pending_operations"] = [{"resource": resource, "type": kind}]
        return document

    stack.state.write_text(json.dumps(written(json.loads(stack.state.read_text()))))


@pytest.mark.parametrize("kind", ["updating", "deleting"])
async def test_what_was_interrupted_is_read_named_and_cleared_by_the_next_correction(
    stack: PulumiStack, kind: str
) -> None:
    with_pending(stack, kind, "lax")
    async with corrector(stack) as ours:
        (warning,) = (await ours.adapter.load(ours.reference)).warnings
        assert f"{kind} lax was interrupted" in warning
        report = await ours.scan()
        assert report.unreadable == ()
        assert [finding.address for finding in report.findings] == [stack.urn("kept")]
        before = recorded(stack)["lax"]
        assert await ours.correct(stack.urn("kept")) == Done("1 changed")
        assert pending(stack) == []
        assert recorded(stack)["lax"] == before
        assert (await ours.adapter.load(ours.reference)).warnings == ()


async def test_a_checkpoint_that_was_put_back_is_an_older_copy(stack: PulumiStack) -> None:
    earlier = stack.state.read_bytes()
    await asyncio.sleep(1.1)  # it is told from a later one by whole seconds
    stack.edit("lax", size=9)
    stack.up()
    async with stack.adapter() as adapter:
        known = await adapter.load(stack.reference())
        stack.state.write_bytes(earlier)
        now = await adapter.load(stack.reference())
    marks = [StateMark(one.lineage, one.serial) for one in (known, now)]
    assert "older copy: it is the checkpoint of" in str(lack_of(*marks))
    assert lack_of(*reversed(marks)) is None
