"""The questions that a Pulumi stack's resources are read and judged by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

from iac_adapters.plugin_host.provider_errors import Cause, ProviderError
from iac_adapters.plugin_host.reading import StackReader
from iac_adapters.pulumi.checkpoint import STACK_TYPE, provider_urn
from iac_adapters.pulumi.cli import speakable
from iac_adapters.pulumi.dynamic_host import NO_READ
from iac_adapters.pulumi.engine_steps import changes_internals_alone, with_step
from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.judge import judge
from iac_adapters.pulumi.loaded import LoadedResource, Recorded
from iac_adapters.pulumi.provider import DiffAnswer, Provider, ReadAnswer, read_request
from iac_adapters.pulumi.provider_config import ProviderKey
from iac_adapters.pulumi.recorded_values import COMPONENT, STACK_OUTPUTS, recorded_changes
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
    NotApplicable,
    Origin,
    ResourceAddress,
    Status,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.noise import GONE, INTERNAL, STALE
from reconciler.domain.paths import AttributePath

LOOKED_AT: Final = "only looked up by this stack: whoever manages it changed it"
PROVIDER_REPLACED: Final = "an update replaces the provider, and all of its objects with it"
WITH_PROVIDER: Final = "an update replaces it together with its provider"
BY_PROVIDER: Final = "an update changes it because of its provider, whose edit is not applied"

PulumiReader: TypeAlias = StackReader[LoadedResource, ProviderKey, Provider, ReadAnswer]


@dataclass(frozen=True, slots=True)
class PulumiQuestions:
    """Implements `plugin_host.questions.Questions`."""

    digester: SecretDigester = field(repr=False)
    requests: WeakKeyDictionary[LoadedResource, bytes] = field(
        default_factory=WeakKeyDictionary, repr=False
    )
    """What each resource is asked for by: the same at every scan, until it is loaded anew."""
    answers: WeakKeyDictionary[LoadedResource, DiffAnswer] = field(
        default_factory=WeakKeyDictionary, repr=False
    )
    """What its provider said last of what differs."""
    live: WeakKeyDictionary[LoadedResource, ReadAnswer] = field(
        default_factory=WeakKeyDictionary, repr=False
    )
    """What was read of it last."""

    def address(self, resource: LoadedResource) -> ResourceAddress:
        """Return its URN."""
        return resource.recorded_as.address

    def settled(self, resource: LoadedResource) -> Verdict | None:
        """Return the verdict that needs no read."""
        recorded_as = resource.recorded_as
        if resource.state is not None and resource.state.is_provider:
            return _of_provider(resource, self.digester)
        if resource.state is not None and not resource.state.custom:
            return _of_record(resource, self.digester)
        match recorded_as.status:
            case Status.NOT_APPLICABLE:
                return NotApplicable(recorded_as.note or "there is no remote object")
            case Status.NOT_CREATED:
                return _not_created(resource)
            case _:
                return Unreadable(resource.refusal) if resource.refusal else None

    def key(self, resource: LoadedResource) -> ProviderKey:
        """Return the provider configuration it belongs to."""
        assert resource.provider is not None  # noqa: S101 - settled() answers without one
        return resource.provider

    async def read(
        self, resource: LoadedResource, provider: Provider, *, deadline_s: float
    ) -> ReadAnswer:
        """Return what Read answers, given what the record says."""
        request = self.requests.get(resource)
        if request is None:
            request = self.requests[resource] = _request(resource)
        self.live.pop(resource, None)
        try:
            answer = await provider.read(request, timeout_s=deadline_s)
        except ProviderError as error:
            raise _speakable(error, resource) from error
        self.live[resource] = answer
        return answer

    def evident(self, resource: LoadedResource, live: ReadAnswer) -> Verdict | None:
        """Return what needs no diff: gone, exactly as recorded, or not to be judged at all."""
        status = resource.recorded_as.status
        if live.gone:
            if status in (Status.DEPOSED, Status.NOT_DECLARED):
                return Noise((NoiseItem(AttributePath(""), GONE),))
            return Missing(Origin.OUT_OF_BAND if _as_applied(resource) else Origin.BOTH)
        if status in (Status.DEPOSED, Status.NOT_DECLARED):
            return Unmanaged()
        if status is Status.TAINTED:
            reason = "tainted: the next update replaces it"
            return Drifted((), requires_replace=True, reason=reason)
        return InSync() if _as_left(resource, live) else None

    def basis(self, resource: LoadedResource) -> object:
        """Return what a verdict rests on: it is made anew with each load that read anything new."""
        return resource

    async def judge(
        self, resource: LoadedResource, live: ReadAnswer, provider: Provider, *, deadline_s: float
    ) -> Verdict:
        """Let the provider compare the live object with what the program asks for."""
        state, wanted = resource.state, resource.wanted
        assert state is not None  # noqa: S101 - likewise
        assert wanted is not None  # noqa: S101 - likewise
        try:
            answer = await provider.diff(
                resource.subject,
                outputs=live.outputs,
                inputs=state.inputs if live.inputs is None else live.inputs,
                wanted=wanted,
                ignored=resource.ignored,
                timeout_s=deadline_s,
            )
        except ProviderError as error:
            raise _speakable(error, resource, live_words(resource, live)) from error
        self.answers[resource] = answer
        return verdict_of(resource, live, answer, self.digester)

    def deletes_first(self, resource: LoadedResource) -> bool:
        """Whether its object is deleted before the one that replaces it is made."""
        if resource.deletes_first is not None:
            return resource.deletes_first
        answer = self.answers.get(resource)
        return answer is not None and answer.deletes_first

    async def update_to(
        self,
        resource: LoadedResource,
        wanted: RawProperties,
        provider: Provider,
        *,
        deadline_s: float,
    ) -> DiffAnswer:
        """Return what an update of the recorded object to `wanted` would do."""
        state = resource.state
        assert state is not None  # noqa: S101 - callers check
        try:
            answer = await provider.diff(
                resource.subject,
                outputs=state.outputs,
                inputs=state.inputs,
                wanted=wanted,
                ignored=resource.ignored,
                timeout_s=deadline_s,
            )
        except ProviderError as error:
            raise _speakable(error, resource) from error
        return replacing_answer(answer, state.replace_on_changes)


def _request(resource: LoadedResource) -> bytes:
    state = resource.state
    assert state is not None  # noqa: S101 - settled() answers without one
    return read_request(resource.subject, outputs=state.outputs, inputs=state.inputs)


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


def _not_created(resource: LoadedResource) -> Verdict:
    if resource.refusal is not None:
        return Unreadable(resource.refusal)
    if resource.step is Step.IMPORT:
        return Drifted((), reason=f"an update imports {resource.imported}", origin=Origin.UNAPPLIED)
    # What the last update left is gone from the record only where a refresh found it gone.
    known = resource.recorded
    if resource.state is not None or known is None:
        return Missing(Origin.UNAPPLIED)
    return Missing(Origin.OUT_OF_BAND if _as_remembered(resource, known) else Origin.BOTH)


def _as_remembered(resource: LoadedResource, known: Recorded) -> bool:
    """Whether the program asks for what the last update left, from the same provider."""
    told = known.provider and resource.asked_of
    if told and provider_urn(known.provider) != provider_urn(resource.asked_of):
        return False
    return visible(resource.wanted or {}) == visible(known.inputs)


def _as_applied(resource: LoadedResource) -> bool:
    """Whether an update would leave the recorded object alone, if it were still there."""
    return resource.step in (Step.SAME, Step.READ, None)


def _of_provider(resource: LoadedResource, digester: SecretDigester) -> Verdict:
    """Return the verdict of a provider: there is no object, but its configuration is applied."""
    edit = resource.edit
    if resource.recorded_as.status is Status.NOT_DECLARED:
        return Unmanaged()
    if edit is None or not edit.shown:
        return NotApplicable(resource.recorded_as.note or "there is no remote object")
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


def _speakable(
    error: ProviderError, resource: LoadedResource, words: Iterable[str] = ()
) -> ProviderError:
    """Return the error in words that hold no secret."""
    if NO_READ in error.detail:
        return ProviderError(
            "its dynamic provider has no read(), so what is there cannot be seen",
            remedy="give the provider a read()",
        )
    if error.cause is Cause.UNIMPLEMENTED:
        return ProviderError("its provider cannot read what it made", cause=error.cause)
    told = speakable(error.summary, resource.redactor.and_also(words))
    return ProviderError(
        told,
        "",
        error.is_throttling,
        error.is_expired_credentials,
        cause=error.cause,
        remedy=error.remedy,
    )
