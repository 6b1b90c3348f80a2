"""Which status a recorded resource has, given what an update does about it. Pure."""

from __future__ import annotations

from iac_adapters.pulumi.checkpoint import STACK_REFERENCE, STACK_TYPE, StateResource
from iac_adapters.pulumi.evaluation import Planned, Step
from iac_adapters.pulumi.provider_edits import ProviderEdit, is_default_provider, is_shown_itself
from iac_adapters.pulumi.recorded_values import recorded_change
from reconciler.domain.model import Status


def status_of(
    state: StateResource,
    planned: Planned | None,
    edit: ProviderEdit | None,
    *,
    followed: bool,
) -> tuple[Status, str | None]:
    """Return the status of a recorded resource, and the note that goes with it.

    `followed` says that what an update does to it is shown at another resource.
    """
    content = state.content
    if state.is_provider and edit is not None and is_shown_itself(state.urn, edit):
        return Status.LIVE, None
    if not state.custom or state.is_provider or state.type == STACK_REFERENCE:
        return _status_of_record(state, planned, followed=followed)
    if content.get("viewOf"):
        return Status.NOT_APPLICABLE, "a view of another resource"
    if content.get("delete"):
        return Status.DEPOSED, None
    if content.get("pendingReplacement"):
        return Status.NOT_CREATED, "deleted by an interrupted replacement"
    if content.get("taint"):
        return Status.TAINTED, None
    if planned is not None and planned.step is Step.DELETE:
        return Status.NOT_DECLARED, planned.refused or None
    return Status.LIVE, None


def _status_of_record(
    state: StateResource, planned: Planned | None, *, followed: bool
) -> tuple[Status, str | None]:
    """Return the status of what stands in the record alone.

    What happens to a component together with its objects is shown at them.
    """
    if recorded_change(state, planned) and (state.type == STACK_TYPE or not followed):
        return Status.LIVE, None
    if planned is not None and planned.step is Step.DELETE and _is_shown(state, followed=followed):
        return Status.NOT_DECLARED, planned.refused or None
    what = "component" if not state.custom else state.type
    return Status.NOT_APPLICABLE, f"{what}: there is no remote object"


def _is_shown(state: StateResource, *, followed: bool) -> bool:
    return not followed and not is_default_provider(state.urn)
