"""Which edges are there, by a fresh read: the record alone does not say it after a crash."""

from __future__ import annotations

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import Kind, ResourceAddress
from reconciler.domain.policy import Driver
from reconciler.domain.quarantines import Quarantine
from reconciler.domain.records import StackRecord
from reconciler.domain.swaps import is_swapped
from reconciler.engine.quarantine.connecting import isolating
from reconciler.engine.quarantine.leaving import is_as_left, touched, visibly_isolated
from reconciler.engine.scanned import Blind, Loaded, Scanned, scan
from reconciler.engine.service import Service


def attached(quarantine: Quarantine, seen: Scanned) -> list[ResourceAddress]:
    """Return the edges that are recorded, and there; of swapped ones, without their group.

    Of a script, it is what shows otherwise than the script left it.
    """
    if quarantine.driver is Driver.SCRIPT:
        return [
            address
            for address in touched(quarantine)
            if not is_as_left(quarantine, address, seen.report)
        ]
    gone = _missing(seen)
    return [
        edge.address
        for edge in quarantine.edges
        if edge.address in seen.recorded
        and edge.address not in gone
        and not is_swapped(edge, seen.report)
    ]


def detached(quarantine: Quarantine, seen: Scanned) -> list[ResourceAddress]:
    """Return the edges that the code or the record holds, and that are not there.

    A swapped one is detached while it holds its group; what is gone itself is not isolated. Of a
    script, it is what shows all that the script left, and not what was recorded.
    """
    if quarantine.driver is Driver.SCRIPT:
        return [
            address
            for address in visibly_isolated(quarantine)
            if is_as_left(quarantine, address, seen.report)
        ]
    gone = _missing(seen)
    return [
        edge.address
        for edge in quarantine.edges
        if (edge.address in gone if edge.attribute is None else is_swapped(edge, seen.report))
    ]


def out_of_state(quarantine: Quarantine, seen: Scanned) -> list[ResourceAddress]:
    """Return what is isolated and no read can show: the state does not hold it any more.

    A detached edge is meant not to be there.
    """
    if quarantine.driver is Driver.DETACH:
        return []
    answered = seen.recorded
    if quarantine.driver is Driver.SCRIPT:
        answered |= {finding.address for finding in seen.report.findings}
    return [address for address in quarantine.addresses if address not in answered]


async def refuse_detached(
    service: Service, stack: StackRecord, loaded: Loaded, quarantine: Quarantine
) -> None:
    """Read the edges of a release whose plan is empty; return when none is detached.

    A destroy that was killed before the state was written leaves an edge that is recorded and
    gone. A plan that reads nothing is empty then, and would pass for a release.

    Raises:
        RetryableError: an edge could not be read.
        PermanentError: an edge is detached; the remedy is the command to type.
    """
    seen = await scan(service, stack, addresses=frozenset(quarantine.addresses))
    if isinstance(seen, Blind):
        raise seen.error
    if seen.report.unreadable:
        address, reason = seen.report.unreadable[0]
        raise RetryableError(f"{address} cannot be read: {reason}")
    left = detached(quarantine, seen)
    if not left:
        return
    adapter = isolating(loaded)
    commands = "; ".join(f"`{adapter.forgetting(loaded.snapshot, address)}`" for address in left)
    raise PermanentError(
        f"still detached: {', '.join(left)}, though the state records it as attached",
        remedy=f"take it off the state in {loaded.snapshot.directory}: {commands}; then"
        f" `trueup retry {quarantine.release} --reason REASON` attaches it",
    )


def _missing(seen: Scanned) -> set[ResourceAddress]:
    return {finding.address for finding in seen.report.findings if finding.kind is Kind.MISSING}
