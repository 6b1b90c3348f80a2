"""A Pulumi stack that is scanned again and again and held against what was there first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from iac_adapters.pulumi.adapter import PulumiAdapter
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import Origin, StackReport
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.engine.scan import Scanning, scan_stack
from tests.worlds.pulumi.project import KEY, PulumiProject

Seen = dict[str, dict[Origin | None, tuple[list[str], list[str]]]]
"""By resource and origin: the paths that are changed, and those that follow from them."""


@dataclass
class Watching:
    """Scans as a daemon does, with the baselines that its scans began."""

    project: PulumiProject
    adapter: PulumiAdapter
    kept: dict[str, KeptBaseline] = field(default_factory=dict)

    async def scan(self) -> Seen:
        """Return what a scan finds."""
        scanning = Scanning(self.adapter, SystemClock(), judging(KEY))
        held = replace(scanning, yardstick=Yardstick(self.kept, keep=True))
        report = await scan_stack(self.project.reference(), scanning=held)
        self.kept.update({begun.key: begun for begun in report.begun})
        return seen(report)


def seen(report: StackReport) -> Seen:
    """Return the findings of a report."""
    found: Seen = {}
    for finding in report.findings:
        by_origin = found.setdefault(finding.address.rpartition("::")[2], {})
        by_origin[finding.origin] = (
            [str(change.path) for change in finding.changes],
            [str(change.path) for change in finding.consequences],
        )
    return found


@asynccontextmanager
async def watching(project: PulumiProject) -> AsyncIterator[Watching]:
    """Watch `project`, which is as its program asks for it."""
    async with project.adapter() as adapter:
        watched = Watching(project, adapter)
        assert await watched.scan() == {}
        yield watched
