"""What follows from drift, in a whole plan of the tool's own: told from what the code asks for.

A refreshed plan shows both alike, as a value that is recorded, live and declared otherwise. A
second plan that refreshes nothing shows the code's part alone; it is made where something moved
that the code refers to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.cli_verdict import verdict_of
from iac_adapters.terraform.consequences import (
    Ancestry,
    Cause,
    Moved,
    moved_attributes,
    moved_by,
    with_consequences,
)
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.outputs import Provenance, causes_of, output_address, output_verdict
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from reconciler.domain.compare import align, overlap
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Origin,
    ResourceAddress,
    Status,
    Unmanaged,
    Verdict,
)
from reconciler.domain.paths import steps_of

_CHANGING: Final = (["update"], ["delete", "create"], ["create", "delete"])

Verdicts = Mapping[ResourceAddress, Verdict]


@dataclass(frozen=True, slots=True, repr=False)
class Followers:
    """The verdicts of a refreshed `plan`, and what in them follows from something that moved."""

    stack: LoadedStack
    plan: Mapping[str, Any]
    verdicts: Verdicts
    digester: SecretDigester

    def moved(self) -> dict[ResourceAddress, Moved]:
        """Return what reads otherwise than it was recorded, or would after an apply."""
        drift = {entry["address"]: entry["change"] for entry in self.plan.get("resource_drift", ())}
        found = {
            address: _moved(self.stack.resources[address], drift.get(address), verdict)
            for address, verdict in self.verdicts.items()
        }
        return {address: moved for address, moved in found.items() if moved is not None}

    def below(self, causes: Mapping[ResourceAddress, Moved]) -> dict[ResourceAddress, Cause]:
        """Return what would change and depends on one of `causes`, with the nearest of them."""
        ancestry = Ancestry(self.stack.resources)
        nearest = {
            address: ancestry.nearest(address, causes)
            for address, verdict in self.verdicts.items()
            if isinstance(verdict, Drifted | Unmanaged)
        }
        return {
            address: Cause(cause, causes[cause])
            for address, cause in nearest.items()
            if cause is not None
        }

    def fed(self, causes: Mapping[ResourceAddress, Moved]) -> list[tuple[PlannedOutput, Cause]]:
        """Return the outputs that would change and that one of `causes` feeds."""
        shown = [
            resource.output
            for resource in self.stack.resources.values()
            if resource.output is not None
        ]
        resources, ancestry = self.stack.resources, Ancestry(self.stack.resources)
        found = causes_of(shown, causes, resources=resources, ancestry=ancestry)
        return [(output, cause) for output, cause in found if cause is not None]

    def tied_outputs(
        self, fed: Iterable[tuple[PlannedOutput, Cause]], code: Iterable[PlannedOutput]
    ) -> dict[ResourceAddress, Verdict]:
        """Return the verdict on each output of `fed`; `code` are those that code alone changes."""
        named = {output.name: output for output in code}
        return {
            output_address(output.name): output_verdict(
                output,
                digester=self.digester,
                provenance=Provenance(named.get(output.name), cause),
            )
            for output, cause in fed
        }

    def tied(
        self, below: Mapping[ResourceAddress, Cause], code: Mapping[str, Any]
    ) -> dict[ResourceAddress, Verdict]:
        """Return each verdict of `below`, tied to its cause; `code` is the plan of code alone."""
        return {address: self._tied(address, cause, code) for address, cause in below.items()}

    def _tied(self, address: ResourceAddress, cause: Cause, code: Mapping[str, Any]) -> Verdict:
        resource = self.stack.resources[address]
        asked = verdict_of(resource, code, digester=self.digester)
        own = _by_itself(self.verdicts[address], asked)
        pending = replace(resource, planned_action=_action(resource, code))
        return with_consequences(own, pending, self.plan, cause, digester=self.digester)


def _moved(
    resource: LoadedResource, drift: Mapping[str, Any] | None, verdict: Verdict
) -> Moved | None:
    if resource.recorded.status is not Status.LIVE:
        return None
    live = NULL if drift is not None and drift["after"] is None else b""
    return moved_by(_attributes(resource, drift), live, verdict)


def _attributes(resource: LoadedResource, drift: Mapping[str, Any] | None) -> frozenset[str]:
    schema = resource.schema.resource(resource.recorded.type) if resource.schema else None
    if drift is None or schema is None or drift["after"] is None:
        return frozenset()
    before, after = align((drift["before"], drift["after"]), schema.is_set)
    return moved_attributes(before, after, schema.is_set)


def _by_itself(planned: Verdict, asked: Verdict) -> Verdict:
    """Return what of `planned` is drift of its own, or what the code asks for in any case."""
    if isinstance(planned, Unmanaged):
        return planned if isinstance(asked, Unmanaged) else InSync()
    if not isinstance(planned, Drifted):
        return planned
    wanted = asked.changes if isinstance(asked, Drifted) else ()
    changes = tuple(change for change in planned.changes if _is_own(change, wanted))
    replaced = isinstance(asked, Drifted) and asked.requires_replace
    if not changes and not isinstance(asked, Drifted):
        return InSync()
    return replace(
        planned,
        changes=changes,
        consequences=planned.consequences if changes else (),
        requires_replace=replaced or any(change.forces_replacement for change in changes),
    )


def _is_own(change: Change, wanted: tuple[Change, ...]) -> bool:
    if change.origin is not Origin.UNAPPLIED:
        return True
    return any(overlap(steps_of(change.path), steps_of(sought.path)) for sought in wanted)


def _action(resource: LoadedResource, code: Mapping[str, Any]) -> str | None:
    address = resource.recorded.moves_to or resource.recorded.address
    for entry in code.get("resource_changes", ()):
        if entry["address"] == address and entry["change"]["actions"] in _CHANGING:
            return "update"
    return None
