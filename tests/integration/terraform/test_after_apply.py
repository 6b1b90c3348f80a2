"""What an apply chose ("known after apply") is no change by hand, whoever ran the apply."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import Origin, StackReport
from reconciler.domain.own_plans import Planned, left_open
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.engine.plan_object import plan_object
from reconciler.engine.scan import Scanning, scan_loaded, scan_stack
from reconciler.ports import Done
from reconciler.wire.scan import json_bytes
from tests.integration.correcting import Corrector
from tests.integration.terraform.correcting import corrector
from tests.integration.terraform.tools import BY_TERRAFORM
from tests.world_stack import KEY, WorldStack

pytestmark = BY_TERRAFORM

CODE = """
resource "world_thing" "web" {
  name   = "web"
  labels = { team = "red" }
}
"""
WEB = "world_thing.web"


@dataclass
class Daemon:
    """A stack that is scanned again and again and held against what was there first."""

    ours: Corrector
    kept: dict[str, KeptBaseline] = field(default_factory=dict)
    planned: Planned = field(default_factory=dict)

    async def scan(self) -> StackReport:
        report = await scan_stack(self.ours.reference, scanning=self._scanning(keep=True))
        self.kept.update({begun.key: begun for begun in report.begun})
        return report

    async def verify(self) -> StackReport:
        """Scan what was corrected alone, as a daemon does first: no baseline is kept of that."""
        snapshot = await self.ours.adapter.load(self.ours.reference)
        scanning = self._scanning(keep=False)
        addresses = [resource.address for resource in snapshot.resources]
        return await scan_loaded(snapshot, scanning=scanning, addresses=addresses)

    def _scanning(self, *, keep: bool) -> Scanning:
        scanning = Scanning(self.ours.adapter, SystemClock(), judging(KEY))
        yardstick = Yardstick(self.kept, keep=keep, planned=self.planned)
        return replace(scanning, yardstick=yardstick)


@asynccontextmanager
async def daemon(stack: WorldStack) -> AsyncIterator[Daemon]:
    """Watch `stack`, which is applied and untouched."""
    stack.apply(CODE)
    async with corrector(stack) as ours:
        watching = Daemon(ours)
        assert (await watching.scan()).findings == ()
        yield watching


def found(report: StackReport) -> list[tuple[Origin | None, list[str]]]:
    return [(one.origin, [change.path for change in one.changes]) for one in report.findings]


def by_hand(stack: WorldStack, **values: object) -> None:
    with stack.changed() as things:
        things["web"].update(values)


async def test_what_our_correction_chose_is_no_finding(stack: WorldStack) -> None:
    async with daemon(stack) as watching:
        by_hand(stack, labels={"team": "blue"})
        assert found(await watching.scan()) == [(Origin.OUT_OF_BAND, ["labels.team"])]

        assert await watching.ours.correct(WEB) == Done("1 changed")

        assert found(await watching.verify()) == []
        assert found(await watching.scan()) == []
        assert found(await watching.scan()) == []
        # From now on that value counts: another one is a change again.
        by_hand(stack, serial="by hand")
        assert found(await watching.scan()) == [(Origin.UNDECLARED, ["serial"])]


async def test_what_our_apply_chose_is_told_by_its_plan_when_the_daemon_died(
    stack: WorldStack,
) -> None:
    async with daemon(stack) as watching:
        by_hand(stack, labels={"team": "blue"})
        await watching.scan()
        snapshot, plan = await watching.ours.plan(WEB)
        kept = json.loads(json_bytes(plan_object(plan)))
        assert await watching.ours.apply(snapshot) == Done("1 changed")
    async with corrector(stack) as ours:
        again = Daemon(ours, watching.kept)
        assert found(await again.verify()) == [(Origin.UNDECLARED, ["serial"])]
        again.planned = left_open(kept)
        assert found(await again.verify()) == []
        assert found(await again.scan()) == []
        again.planned = {}
        assert found(await again.scan()) == []
        by_hand(stack, serial="by hand")
        assert found(await again.scan()) == [(Origin.UNDECLARED, ["serial"])]


async def test_what_somebodys_apply_chose_is_no_finding(stack: WorldStack) -> None:
    async with daemon(stack) as watching:
        stack.write(CODE.replace("red", "green"))
        assert found(await watching.scan()) == [(Origin.UNAPPLIED, ["labels.team"])]
        stack.apply()
        assert found(await watching.scan()) == []
        # Neither of code that was applied before any scan saw it.
        stack.apply(CODE.replace("red", "black"))
        assert found(await watching.scan()) == []


async def test_what_an_apply_chose_outlives_a_scan_that_nobody_kept(stack: WorldStack) -> None:
    async with daemon(stack) as watching:
        stack.apply(CODE.replace("red", "green"))
        kept = dict(watching.kept)
        assert found(await watching.scan()) == []
        watching.kept = kept  # another apply began meanwhile, and the scan was thrown away
        assert found(await watching.scan()) == []
        by_hand(stack, serial="by hand")
        assert found(await watching.scan()) == [(Origin.UNDECLARED, ["serial"])]


async def test_what_a_refresh_took_in_stays_a_finding(stack: WorldStack) -> None:
    async with daemon(stack) as watching:
        by_hand(stack, serial="by hand")
        assert found(await watching.scan()) == [(Origin.UNDECLARED, ["serial"])]
        _refresh(stack)
        assert found(await watching.scan()) == [(Origin.UNDECLARED, ["serial"])]
        # Beside a value of the code, which a refresh takes in as well.
        by_hand(stack, serial="by another hand", labels={"team": "blue"})
        await watching.scan()
        _refresh(stack)
        stack.write(CODE.replace("red", "blue"))
        assert found(await watching.scan()) == [(Origin.UNDECLARED, ["serial"])]


async def test_what_a_refresh_took_in_of_what_waits_to_be_replaced_stays_a_finding(
    stack: WorldStack,
) -> None:
    async with daemon(stack) as watching:
        by_hand(stack, serial="by hand")
        assert found(await watching.scan()) == [(Origin.UNDECLARED, ["serial"])]
        stack.write(CODE.replace("labels =", 'place = "elsewhere"\n  labels ='))
        _refresh(stack)
        # The plan would change it as well, and so it is that finding's meanwhile.
        assert found(await watching.scan()) == [(Origin.UNAPPLIED, ["place"])]
        stack.write(CODE)
        assert found(await watching.scan()) == [(Origin.UNDECLARED, ["serial"])]


async def test_what_an_apply_left_as_it_was_stays_a_finding(stack: WorldStack) -> None:
    async with daemon(stack) as watching:
        by_hand(stack, size=99)
        assert found(await watching.scan()) == [(Origin.UNDECLARED, ["size"])]
        stack.apply(CODE.replace("red", "green"))
        assert found(await watching.scan()) == [(Origin.UNDECLARED, ["size"])]


def _refresh(stack: WorldStack) -> None:
    stack.run("apply", "-refresh-only", "-auto-approve", "-input=false")
