"""Tries a bed: what was done to it, what ours and the stock tool say, what a correction leaves."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.domain.model import Finding, StackReport
from reconciler.ports import Done
from tests.bed.bed import Bed
from tests.bed.drift import Drift
from tests.worlds.mutations import paths_match
from tests.worlds.oracle import OracleChange, of_a_plan, plan_actions, plan_document

if TYPE_CHECKING:
    from tests.integration.correcting import Corrector

_STEP: Final = re.compile(r"[.\[]")


@dataclass(frozen=True, slots=True)
class Seen:
    """What was said of a stack while `injected` was in force, by address.

    `planned` is what `terraform plan` would do, `refreshed` what `plan -refresh-only` tells
    to have changed; both are empty where they were not asked for.
    """

    injected: Sequence[Drift]
    report: StackReport
    planned: Mapping[str, OracleChange]
    refreshed: frozenset[str] = frozenset()
    wrongs: Sequence[str] = ()
    corrected: bool = False

    @property
    def expected(self) -> frozenset[str]:
        """Every address that deviates."""
        return frozenset(one.address for one in self.injected).union(
            *(one.also for one in self.injected)
        )

    @property
    def found(self) -> Mapping[str, Finding]:
        """What ours says of what a plan would act on."""
        return {str(finding.address): finding for finding in of_a_plan(self.report)}

    def lost(self) -> list[str]:
        """Return what was injected and not found."""
        return sorted(self.expected - self.found.keys())

    def false(self) -> list[str]:
        """Return what was found or called unreadable, and not injected."""
        unreadable = {str(address) for address, _ in self.report.unreadable}
        return sorted((self.found.keys() | unreadable) - self.expected)

    def unlike_plan(self) -> list[str]:
        """Return what ours and the plan do not say alike: whether, kind, replacement, paths."""
        return [
            *(f"only planned: {one}" for one in sorted(self.planned.keys() - self.found.keys())),
            *(f"not planned: {one}" for one in sorted(self.found.keys() - self.planned.keys())),
            *(
                f"{address}: {wrong}"
                for address, finding in self.found.items()
                if address in self.planned
                for wrong in _unlike(finding, self.planned[address])
            ),
        ]

    def wrong_paths(self) -> list[str]:
        """Return each finding whose kind or causes are others than what was done."""
        return [
            f"{one.address}: {wrong}"
            for one in self.injected
            if one.address in self.found
            for wrong in _wrong(one, self.found[one.address])
        ]

    def complaints(self) -> list[str]:
        """Return everything that is not as it should be."""
        return [
            *(f"lost: {one}" for one in self.lost()),
            *(f"false: {one}" for one in self.false()),
            *(f"unreadable: {a}: {why}" for a, why in self.report.unreadable),
            *self.wrong_paths(),
            *self.unlike_plan(),
            *self.wrongs,
        ]


@dataclass(slots=True)
class Trial:
    """One bed and who corrects it; with `refreshing`, the peer's refresh is asked as well."""

    bed: Bed
    ours: Corrector
    refreshing: bool = False
    number: int = field(default=0)

    async def look(self, injected: Sequence[Drift] = (), wrongs: Sequence[str] = ()) -> Seen:
        """Scan, and have the stock tool plan the same moment."""
        report = await self.ours.scan()
        planned, refreshed = await asyncio.gather(
            asyncio.to_thread(self._planned), asyncio.to_thread(self._refreshed)
        )
        return Seen(injected, report, planned, refreshed, wrongs)

    async def drift(self, injected: Sequence[Drift]) -> Seen:
        """Do it all, see it, have ours correct it; what the world is then, is in `wrongs`."""
        before = _looks(injected)
        for one in injected:
            one.do()
        unmoved = [
            f"{address}: was not moved" for address, was in _looks(injected).items()
            if was == before[address]
        ]  # fmt: skip
        seen = await self.look(injected)
        self.number += 1
        addresses = sorted(seen.expected - {one.address for one in injected if one.by_hand})
        outcome = await self.ours.correct(*addresses, name=f"run{self.number}")
        for one in injected:
            if one.settled is not None:
                one.settled()
        wrongs = [] if isinstance(outcome, Done) else [f"the correction came to {outcome}"]
        wrongs += [
            f"{address}: is {now!r} and was {before[address]!r}"
            for address, now in _looks(injected).items()
            if now != before[address]
        ]
        return replace(seen, wrongs=[*unmoved, *wrongs], corrected=isinstance(outcome, Done))

    def _planned(self) -> dict[str, OracleChange]:
        stack = self.bed.stack
        return plan_actions(stack.directory, self._environment(), stack.terraform)

    def _refreshed(self) -> frozenset[str]:
        if not self.refreshing:
            return frozenset()
        stack = self.bed.stack
        return refreshed(stack.directory, self._environment(), stack.terraform)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.bed.environment}


def refreshed(directory: Path, environment: Mapping[str, str], executable: Path) -> frozenset[str]:
    """Return the resources that `plan -refresh-only` tells to have changed."""
    document = plan_document(directory, environment, executable, ("-refresh-only",))
    return frozenset(
        one["address"]
        for one in document.get("resource_drift", ())
        if one["mode"] == "managed" and one["change"]["actions"] != ["no-op"]
    )


def _looks(injected: Iterable[Drift]) -> dict[str, Any]:
    return {one.address: one.look() for one in injected if one.look is not None}


def _wrong(drift: Drift, finding: Finding) -> Iterator[str]:
    if finding.kind.value != drift.kind:
        yield f"found {finding.kind.value}"
    paths = {str(change.path) for change in finding.changes}
    if not paths_match(drift.paths, paths):
        yield f"found at {sorted(paths)}"


def _unlike(finding: Finding, planned: OracleChange) -> Iterator[str]:
    creates = planned.actions == ("create",)
    if creates is not (finding.kind.value == "missing"):
        yield f"{finding.kind.value}, and planned {planned.actions}"
    if finding.requires_replace is not ({"create", "delete"} <= set(planned.actions)):
        yield f"requires_replace is {finding.requires_replace}, and planned {planned.actions}"
    ours = {_STEP.split(str(change.path), maxsplit=1)[0] for change in finding.changes}
    if not creates and not ours <= planned.top_level_paths():
        yield f"found at {sorted(ours)}, and planned at {sorted(planned.top_level_paths())}"
