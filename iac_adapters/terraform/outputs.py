"""The verdict on an output of the root module that a plan would change. Pure.

An output has no object of its own: what is recorded of it is what it was at the last apply.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.addresses import block_of, is_managed
from iac_adapters.terraform.consequences import Ancestry, Cause, Moved
from iac_adapters.terraform.recorder.planned_outputs import UNTOLD, PlannedOutput
from reconciler.domain.model import (
    OUTPUT_TYPE,
    Change,
    Drifted,
    Origin,
    ResourceAddress,
    Unreadable,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import Value

STOPPED: Final = (
    "a condition of the code or a data source fails, so that no plan says what becomes of it:"
    " see the warning"
)
_VALUE: Final = AttributePath("value")
# After any of these a value of the resource may be one that only the apply tells.
_CHANGING: Final = frozenset({"create", "update", "replace", "delete"})


def output_address(name: str) -> ResourceAddress:
    """Return how terraform's own messages name the output."""
    return ResourceAddress(f"{OUTPUT_TYPE}.{name}")


def is_output(address: str) -> bool:
    """Whether `address` is an output's: no resource type is called so."""
    return address.startswith(f"{OUTPUT_TYPE}.")


def blocks_that_change(actions: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the resources, without instance keys, that a plan's actions by address change."""
    return frozenset(
        block_of(address)
        for address, action in actions
        if action in _CHANGING and is_managed(address)
    )


def shown_by_itself(output: PlannedOutput, changing: Collection[str]) -> bool:
    """Whether nothing that is shown elsewhere stands for the output.

    A value that follows from a change of one of the resources `changing` is told by the apply
    of that; what only `timestamp()` and the like decide follows from nothing.
    """
    return not output.is_unknown or output.feeders.isdisjoint(changing)


@dataclass(frozen=True, slots=True, repr=False)
class Provenance:
    """Where the change of an output comes from.

    `code` is what a plan of the recorded world makes of the same output, None where that is
    nothing; `cause` is the moved object that feeds it, if any does.
    """

    code: PlannedOutput | None
    cause: Cause | None = None

    def of(self, output: PlannedOutput) -> Origin:
        """Return who brought the change about."""
        if self.cause is None or (self.code is not None and self.code.same_change(output)):
            return Origin.UNAPPLIED
        return Origin.OUT_OF_BAND if self.code is None else Origin.BOTH


def output_verdict(
    output: PlannedOutput, *, digester: SecretDigester, provenance: Provenance | None = None
) -> Verdict:
    """Return what an apply would change; a sensitive value is in it as a digest.

    Without a `provenance` it is code that nobody applied.
    """
    if output.action == UNTOLD:
        return Unreadable(STOPPED)
    origin = provenance.of(output) if provenance is not None else Origin.UNAPPLIED
    cause = provenance.cause if provenance is not None else None
    follows = cause if origin is Origin.OUT_OF_BAND else None
    declared, recorded = (_shown(side, output, digester) for side in (output.after, output.before))
    change = Change(
        path=_VALUE,
        declared=declared,
        recorded=recorded,
        live=recorded,
        origin=origin,
        sensitive=output.sensitive,
    )
    return Drifted(
        (change,),
        reason=cause.sentence() if cause is not None and origin is not Origin.UNAPPLIED else None,
        follows=follows.address if follows is not None else None,
    )


def causes_of(
    outputs: Iterable[PlannedOutput],
    causes: Mapping[ResourceAddress, Moved],
    *,
    resources: Iterable[ResourceAddress],
    ancestry: Ancestry,
) -> Iterator[tuple[PlannedOutput, Cause | None]]:
    """Yield each of `outputs` with the nearest moved object that feeds it, directly or not."""
    known = list(resources)
    for output in outputs:
        own = sorted(address for address in causes if block_of(address) in output.feeders)
        feeding = (address for address in known if block_of(address) in output.feeders)
        above = (ancestry.nearest(address, causes) for address in feeding) if not own else ()
        nearest = next((address for address in (*own, *above) if address is not None), None)
        yield output, Cause(nearest, causes[nearest]) if nearest is not None else None


def _shown(value: Value, output: PlannedOutput, digester: SecretDigester) -> Value:
    return digester.digest(value) if output.sensitive else value
