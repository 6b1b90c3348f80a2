"""Other makers' providers on real servers: nothing lost, nothing false, all of it corrected."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from reconciler.domain.model import StackReport
from tests.bed.session import NAMES, SERVERS, Beds
from tests.bed.trial import Trial
from tests.integration.terraform.correcting import corrector_of
from tests.parts import require

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="session")
def beds(
    makers: Path, terraform: Executable, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Beds]:
    """Beds of this session; a test leaves one as it found it."""
    with ExitStack() as servers:
        yield Beds(tmp_path_factory.mktemp("beds"), makers, terraform.path, servers)


@pytest.fixture(params=NAMES)
async def trial(beds: Beds, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Trial]:
    """Each bed in turn, with ours beside it."""
    name = request.param
    if name in SERVERS:
        part, find = SERVERS[name]
        require(part, find(), lack="Debian's package of the same name brings the server")
    bed = beds.made(name)
    reference = bed.stack.reference(environment=dict(bed.variables), name=name)
    async with corrector_of(reference, cache=tmp_path / "cache", folder=tmp_path) as ours:
        yield Trial(bed, ours)


async def test_what_nobody_touched_has_no_finding(trial: Trial) -> None:
    assert (await trial.look()).complaints() == []
    again = await trial.ours.scan()
    assert (again.findings, again.unreadable) == ((), ())


async def test_all_that_was_done_is_found_and_corrected(trial: Trial) -> None:
    for injected in trial.bed.rounds:
        seen = await trial.drift(injected)
        assert seen.complaints() == []
        assert (await trial.look()).complaints() == []


@pytest.mark.parametrize("trial", ["dns"], indirect=True)
async def test_records_in_another_order_are_the_same_drift(trial: Trial) -> None:
    """Row V6, on a server that rotates them."""
    one = next(d for d in trial.bed.rounds[0] if d.address == "dns_mx_record_set.a")
    one.do()
    found = [_essence(await trial.ours.scan()) for _ in range(8)]
    assert found[0] != ()
    assert set(found) == {found[0]}
    await trial.ours.correct(one.address, name="ordered")
    assert (await trial.look()).complaints() == []


def _essence(report: StackReport) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    return tuple(
        (
            str(finding.address),
            finding.fingerprint,
            tuple(str(change.path) for change in finding.changes),
        )
        for finding in report.findings
    )
