"""What is said of a resource that is not read: it has no object, or none yet."""

from __future__ import annotations

from typing import Final

from iac_adapters.pulumi.checkpoint import STACK_TYPE, provider_urn
from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.loaded import LoadedResource, Recorded
from iac_adapters.pulumi.provider_edits import is_default_provider, is_shown_itself
from iac_adapters.pulumi.recorded_values import COMPONENT, STACK_OUTPUTS, recorded_changes
from iac_adapters.pulumi.values import visible
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import (
    Drifted,
    Missing,
    NotApplicable,
    Origin,
    Status,
    Unmanaged,
    Unreadable,
    Verdict,
)

PROVIDER_REPLACED: Final = "an update replaces the provider, and all of its objects with it"


def settled_verdict(resource: LoadedResource, digester: SecretDigester) -> Verdict | None:
    """Return the verdict that needs no read; None where the object has to be read."""
    recorded_as = resource.recorded_as
    if resource.state is not None and resource.state.is_provider:
        return _of_provider(resource, digester)
    if resource.state is not None and not resource.state.custom:
        return _of_record(resource, digester)
    match recorded_as.status:
        case Status.NOT_APPLICABLE:
            return NotApplicable(recorded_as.note or "there is no remote object")
        case Status.NOT_CREATED:
            return _not_created(resource, digester)
        case _:
            return Unreadable(resource.refusal) if resource.refusal else None


def _not_created(resource: LoadedResource, digester: SecretDigester) -> Verdict:
    if resource.refusal is not None:
        return Unreadable(resource.refusal)
    if resource.step is Step.IMPORT and resource.refused:
        return Unreadable(f"it cannot be imported: {resource.refused}")
    if resource.step is Step.IMPORT:
        found, wanted = resource.recorded_only or ({}, {})
        changes = recorded_changes(found, wanted, digester)
        reason = f"an update imports {resource.imported}"
        return Drifted(changes, reason=reason, origin=Origin.UNAPPLIED)
    # What the last update left is gone from the record only where a refresh found it gone.
    known = resource.recorded
    if resource.state is not None or known is None:
        return Missing(Origin.UNAPPLIED)
    return Missing(Origin.OUT_OF_BAND if _as_remembered(resource, known) else Origin.BOTH)


def _as_remembered(resource: LoadedResource, known: Recorded) -> bool:
    """Whether the program asks for what the last update left, from the same provider."""
    provider = known.provider and resource.asked_of
    if provider and provider_urn(known.provider) != provider_urn(resource.asked_of):
        return False
    return visible(resource.wanted or {}) == visible(known.inputs)


def _of_provider(resource: LoadedResource, digester: SecretDigester) -> Verdict:
    """Return the verdict of a provider: there is no object, but its configuration is applied."""
    edit, recorded_as = resource.edit, resource.recorded_as
    if recorded_as.status is Status.NOT_DECLARED:
        return Unmanaged()
    # The engine's own providers follow their objects from one version to the next.
    by_hand = edit is not None and edit.upgraded and not is_default_provider(recorded_as.address)
    if edit is None or not (by_hand or is_shown_itself(recorded_as.address, edit)):
        return NotApplicable(recorded_as.note or "there is no remote object")
    return Drifted(
        edit.changes(digester),
        requires_replace=edit.replaced,
        reason=PROVIDER_REPLACED if edit.replaced else None,
        origin=Origin.UNAPPLIED,
    )


def _of_record(resource: LoadedResource, digester: SecretDigester) -> Verdict:
    """Return what an update changes of what is recorded and nowhere else."""
    if resource.recorded_as.status is Status.NOT_DECLARED:
        return Unmanaged()
    if resource.recorded_as.status is not Status.LIVE:
        return NotApplicable(resource.recorded_as.note or "there is no remote object")
    recorded, wanted = resource.recorded_only or ({}, {})
    outputs = resource.recorded_as.type == STACK_TYPE
    changes = recorded_changes(recorded, wanted, digester)
    return Drifted(changes, reason=STACK_OUTPUTS if outputs else COMPONENT, origin=Origin.UNAPPLIED)
