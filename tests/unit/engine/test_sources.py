"""Whatever comes in which order: a finding is healed by the source that saw it, and by no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.domain.model import ResourceAddress
from reconciler.domain.sources import SCAN, Source, agent_source, report_source
from reconciler.engine.ingest_report import submit_report
from reconciler.engine.report_check import ReportDraft
from tests.unit.engine.house import SHOP, A, B, C, House, open_house

OTHERS = (report_source("ci"), report_source("audit"), agent_source("web-1"))


@dataclass(frozen=True, slots=True)
class Scan:
    """The world has drifted at exactly these addresses, and is scanned."""

    drifted: frozenset[ResourceAddress]


@dataclass(frozen=True, slots=True)
class Report:
    """A source reports drift at an address, or that it healed."""

    source: Source
    address: ResourceAddress
    drift: str | None


STEPS = st.lists(
    st.one_of(
        st.builds(Scan, st.frozensets(st.sampled_from([A, B, C]))),
        st.builds(
            Report,
            st.sampled_from(OTHERS),
            st.sampled_from([A, B]),
            st.none() | st.sampled_from(["one", "two"]),
        ),
    ),
    max_size=12,
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_only_the_source_that_saw_a_drift_heals_it(
    tmp_path_factory: object, steps: Sequence[Scan | Report]
) -> None:
    folder: Path = tmp_path_factory.mktemp("sources")  # type: ignore[attr-defined]
    async with open_house(folder) as house:
        expected: set[tuple[Source, ResourceAddress]] = set()
        for step in steps:
            house.clock.move(seconds=1)
            expected = await _take(house, step, expected)
            found = {(finding.seen_by, finding.address) for finding in await house.findings()}
            assert found == expected


async def _take(
    house: House, step: Scan | Report, before: set[tuple[Source, ResourceAddress]]
) -> set[tuple[Source, ResourceAddress]]:
    """Do the step, and return what is open after it if every source speaks for itself alone."""
    if isinstance(step, Scan):
        for address in (A, B, C):
            house.world.live[address] = {"size": 9 if address in step.drifted else 1}
        await house.scan()
        others = {one for one in before if one[0] != SCAN}
        return others | {(SCAN, address) for address in step.drifted}
    draft = ReportDraft(
        f"{SHOP}/{step.address}", healed=step.drift is None, drift_hash=step.drift or "-"
    )
    await submit_report(house.service, draft, source=step.source, actor="test")
    own = {(step.source, step.address)}
    return before - own if step.drift is None else before | own
