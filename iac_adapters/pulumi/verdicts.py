"""What a read of a resource means, beside what its provider says of it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from iac_adapters.pulumi.engine_steps import changes_internals_alone, with_step
from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.judge import judge
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.provider import DiffAnswer, ReadAnswer
from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.replacements import replacing_answer, replacing_verdict
from iac_adapters.pulumi.sides import Sides
from iac_adapters.pulumi.uncovered import uncovered
from iac_adapters.pulumi.values import RawProperties, visible
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    NoiseItem,
    Origin,
    Status,
    Unmanaged,
    Verdict,
)
from reconciler.domain.noise import GONE, INTERNAL, STALE
from reconciler.domain.paths import AttributePath

LOOKED_AT: Final = "only looked up by this stack: whoever manages it changed it"
WITH_PROVIDER: Final = "an update replaces it together with its provider"
RETAINED: Final = "an update takes it out of the record and leaves the object: `retainOnDelete`"
BY_PROVIDER: Final = "an update changes it because of its provider, whose edit is not applied"


def evident_verdict(resource: LoadedResource, live: ReadAnswer) -> Verdict | None:
    """Return what needs no diff: gone, exactly as recorded, or not to be judged at all."""
    status = resource.recorded_as.status
    if live.gone:
        if status in (Status.DEPOSED, Status.NOT_DECLARED):
            return Noise((NoiseItem(AttributePath(""), GONE),))
        return Missing(Origin.OUT_OF_BAND if _as_applied(resource) else Origin.BOTH)
    if status is Status.NOT_DECLARED and _is_retained(resource):
        return Drifted((), reason=RETAINED, origin=Origin.UNAPPLIED)
    if status in (Status.DEPOSED, Status.NOT_DECLARED):
        return Unmanaged()
    if status is Status.TAINTED:
        reason = "tainted: the next update replaces it"
        return Drifted((), requires_replace=True, reason=reason)
    return InSync() if _as_left(resource, live) else None


def verdict_of(
    resource: LoadedResource, live: ReadAnswer, answer: DiffAnswer, digester: SecretDigester
) -> Verdict:
    """Return what `answer` means for a resource that is recorded and was read."""
    state = resource.state
    assert state is not None  # noqa: S101 - what was read is recorded
    sides, paths = sides_of(resource, live), state.replace_on_changes
    answer = replacing_answer(answer, paths)
    if state.external:
        return _looked_at(judge(sides, answer, ignored=resource.ignored, digester=digester))
    acting = resource.step in (Step.UPDATE, Step.REPLACE)
    verdict = judge(sides, answer, ignored=resource.ignored, acting=acting, digester=digester)
    verdict = replacing_verdict(verdict, answer, paths)
    verdict = uncovered(resource, verdict, digester)
    verdict = with_step(resource, _changed_with_provider(resource, verdict))
    if not acting or not isinstance(verdict, InSync | Noise):
        return verdict
    if changes_internals_alone(resource):
        items = verdict.items if isinstance(verdict, Noise) else ()
        return Noise((*items, NoiseItem(AttributePath(""), INTERNAL)))
    if isinstance(verdict, InSync) and _is_stale(resource, live):
        return Noise((NoiseItem(AttributePath(""), STALE),))
    return verdict


def sides_of(
    resource: LoadedResource, live: ReadAnswer, *, wanted: RawProperties | None = None
) -> Sides:
    """Return the sides of one resource; `wanted` in place of what the program asked for."""
    state, recorded = resource.state, resource.recorded
    assert state is not None  # noqa: S101 - callers check
    assert recorded is not None  # noqa: S101 - made together
    asked = resource.wanted if wanted is None else wanted
    return Sides(
        live=live.outputs,
        live_inputs=live.inputs or {},
        recorded=recorded.outputs,
        recorded_inputs=recorded.inputs,
        wanted=state.inputs if asked is None else asked,
        secret_outputs=state.secret_outputs,
    )


def live_words(resource: LoadedResource, live: ReadAnswer) -> frozenset[str]:
    """Return the texts that stand now where the resource keeps secrets: somebody's new ones."""
    state, recorded = resource.state, resource.recorded
    if state is None or recorded is None:
        return frozenset()
    sides = (recorded.outputs, recorded.inputs, resource.wanted or {}, live.outputs)
    places = secrets_of(sides, state.secret_outputs)
    return places.with_words_of((visible(live.outputs),)).words


def _is_retained(resource: LoadedResource) -> bool:
    """Whether the engine forgets the object and leaves it, as the record says of it.

    Source: DeleteStep.Apply in pkg/resource/deploy/step.go of pulumi/pulumi 3.259.
    """
    return resource.state is not None and bool(resource.state.content.get("retainOnDelete"))


def _as_applied(resource: LoadedResource) -> bool:
    """Whether an update would leave the recorded object alone, if it were still there."""
    return resource.step in (Step.SAME, Step.READ, None)


def _changed_with_provider(resource: LoadedResource, verdict: Verdict) -> Verdict:
    """Return what is shown of an object that an update changes because of its provider.

    It was read and compared with the recorded provider, which shows nothing of the edit.
    """
    edit = resource.edit
    if edit is None or not edit.shown:
        return verdict
    replaced = edit.replaced and resource.step is Step.REPLACE
    if isinstance(verdict, Drifted):
        reason = verdict.reason or (f"{WITH_PROVIDER}: {edit.label}" if replaced else None)
        return replace(
            verdict, requires_replace=verdict.requires_replace or replaced, reason=reason
        )
    if not replaced and resource.step is not Step.UPDATE:
        return verdict
    noise = verdict.items if isinstance(verdict, Noise) else ()
    reason = f"{WITH_PROVIDER if replaced else BY_PROVIDER}: {edit.label}"
    return Drifted(
        (), noise=noise, requires_replace=replaced, reason=reason, origin=Origin.UNAPPLIED
    )


def _as_left(resource: LoadedResource, live: ReadAnswer) -> bool:
    """Whether the object is to the letter what the last update left, and the code agrees."""
    state, recorded = resource.state, resource.recorded
    if state is None or recorded is None:
        return False
    if state.external:
        return recorded.outputs == live.outputs
    if resource.step not in (Step.SAME, None) or resource.wanted not in (None, state.inputs):
        return False
    if state.content.get("initErrors"):
        return False
    inputs = state.inputs if live.inputs is None else live.inputs
    return recorded.outputs == live.outputs and recorded.inputs == inputs == state.inputs


def _is_stale(resource: LoadedResource, live: ReadAnswer) -> bool:
    """Whether the record is not what is there, so that a refresh leaves an update nothing to do."""
    state = resource.state
    if state is None:
        return False
    return live.outputs != state.outputs or live.inputs not in (None, state.inputs)


def _looked_at(verdict: Verdict) -> Verdict:
    if not isinstance(verdict, Drifted):
        return verdict
    return Noise(tuple(NoiseItem(change.path, LOOKED_AT) for change in verdict.changes))
