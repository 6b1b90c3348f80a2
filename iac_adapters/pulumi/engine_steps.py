"""What the engine's own step says of a resource beside what was read: it is always shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from iac_adapters.pulumi.checkpoint import provider_urn
from iac_adapters.pulumi.cli import speakable
from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.provider_edits import is_default_provider
from iac_adapters.pulumi.values import internal, visible
from reconciler.domain.compare import changed_paths
from reconciler.domain.model import Drifted, InSync, Noise, Origin, Verdict
from reconciler.domain.self_check import ToolStep

_STEPS: Final = {
    Step.CREATE: ToolStep.CREATE,
    Step.UPDATE: ToolStep.UPDATE,
    Step.REPLACE: ToolStep.REPLACE,
    Step.DELETE: ToolStep.DELETE,
    Step.IMPORT: ToolStep.IMPORT,
    Step.OTHER: ToolStep.CHANGE,
}


def tool_step(resource: LoadedResource) -> ToolStep:
    """Return what an update does about the resource.

    Default providers follow the objects that use them, and a component its objects. Which plugin
    a provider is leaves its objects as they are, and counts where the code names another version;
    what is only looked up is read.
    """
    state, edit = resource.state, resource.edit
    if resource.step is None or resource.followed:
        return ToolStep.NOTHING
    if is_default_provider(resource.recorded_as.address) or (state is not None and state.external):
        return ToolStep.NOTHING
    configured = state is not None and state.is_provider and resource.step is Step.UPDATE
    if configured and (edit is None or not (edit.shown or edit.upgraded)):
        return ToolStep.NOTHING
    return _STEPS.get(resource.step, ToolStep.NOTHING)


def with_step(resource: LoadedResource, verdict: Verdict) -> Verdict:
    """Return `verdict`, read from the live object, with what the engine says on top of it.

    The engine refuses what the code does, has kept errors of the last update, or replaces the
    object: each is shown even where the object itself is as it was left.
    """
    if not isinstance(verdict, InSync | Noise | Drifted):
        return verdict
    answers = (
        refusal(resource),
        init_errors(resource),
        moved_to_provider(resource),
        triggered(resource, verdict),
    )
    reasons = [reason for reason in answers if reason]
    replaced = resource.step is Step.REPLACE
    if isinstance(verdict, Drifted):
        known = [verdict.reason] if verdict.reason else []
        return replace(
            verdict,
            requires_replace=verdict.requires_replace or replaced,
            reason="; ".join([*known, *reasons]) or None,
        )
    if not reasons:
        return verdict
    noise = verdict.items if isinstance(verdict, Noise) else ()
    return Drifted(
        (),
        noise=noise,
        requires_replace=replaced,
        reason="; ".join(reasons),
        origin=Origin.UNAPPLIED,
    )


def changes_internals_alone(resource: LoadedResource) -> bool:
    """Whether an update of it writes nothing that people wrote.

    The pickled code of a dynamic provider is another one after a change of its file, and a
    refresh by the CLI drops it from the record.
    """
    state, wanted = resource.state, resource.wanted
    if state is None or wanted is None or resource.step is not Step.UPDATE:
        return False
    same = not changed_paths(visible(state.inputs), visible(wanted))
    return same and internal(state.inputs) != internal(wanted)


def refusal(resource: LoadedResource) -> str | None:
    """Return why the engine refuses what the code does about the resource."""
    if not resource.refused:
        return None
    return f"`pulumi preview` refuses what the code does: {resource.refused}"


def moved_to_provider(resource: LoadedResource) -> str | None:
    """Return from which provider to which the code moves the resource, if an update acts on it."""
    state = resource.state
    if state is None or resource.step not in (Step.UPDATE, Step.REPLACE):
        return None
    before, now = provider_urn(state.provider), provider_urn(resource.asked_of)
    if not before or not now or before == now:
        return None
    names = [urn.rpartition("::")[2] for urn in (before, now)]
    return f"the code moves it from the provider {names[0]} to {names[1]}"


def triggered(resource: LoadedResource, verdict: Verdict) -> str | None:
    """Return that `replacementTrigger` has the resource replaced, where no value of it does."""
    state = resource.state
    if state is None or resource.step is not Step.REPLACE:
        return None
    if isinstance(verdict, Drifted) and verdict.requires_replace:
        return None
    if not state.content.get("replacementTrigger"):
        return None
    return "an update replaces it, since its `replacementTrigger` has another value"


def init_errors(resource: LoadedResource) -> str | None:
    """Return what the last update recorded of an object that did not become ready."""
    errors = resource.state.content.get("initErrors") if resource.state is not None else None
    if not errors:
        return None
    text = "; ".join(speakable(str(error), resource.redactor) for error in errors)
    return f"the last update made it and recorded that it is not ready: {text}"
