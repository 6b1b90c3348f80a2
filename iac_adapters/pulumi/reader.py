"""The questions that a Pulumi stack's resources are read and judged by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from weakref import WeakKeyDictionary

from iac_adapters.plugin_host.provider_errors import Cause, ProviderError
from iac_adapters.plugin_host.reading import StackReader
from iac_adapters.pulumi.along import moving_along, unexplained
from iac_adapters.pulumi.cli import speakable
from iac_adapters.pulumi.dynamic_host import NO_READ
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.provider import DiffAnswer, Provider, ReadAnswer, read_request
from iac_adapters.pulumi.provider_config import ProviderKey
from iac_adapters.pulumi.reset_inputs import reset_inputs
from iac_adapters.pulumi.settled import settled_verdict
from iac_adapters.pulumi.untold import untold, with_untold
from iac_adapters.pulumi.values import RawProperties
from iac_adapters.pulumi.verdicts import evident_verdict, live_words, verdict_of
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import ResourceAddress, Verdict

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
        return settled_verdict(resource, self.digester)

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
        return evident_verdict(resource, live)

    def basis(self, resource: LoadedResource) -> object:
        """Return what a verdict rests on: it is made anew with each load that read anything new."""
        return resource

    async def judge(
        self, resource: LoadedResource, live: ReadAnswer, provider: Provider, *, deadline_s: float
    ) -> Verdict:
        """Let the provider compare the live object with what the program asks for."""
        assert resource.wanted is not None  # noqa: S101 - settled() answers without one
        answer = await self._diff(resource, live, resource.wanted, provider, deadline_s)
        if names := untold(resource, live, answer):
            applied = await self._diff(resource, live, _applied(resource), provider, deadline_s)
            answer = with_untold(answer, applied, names)
        if unexplained(resource, live, answer):
            answer = await self._with_along(resource, live, answer, provider, deadline_s)
        self.answers[resource] = answer
        return verdict_of(resource, live, answer, self.digester)

    async def _with_along(
        self,
        resource: LoadedResource,
        live: ReadAnswer,
        answer: DiffAnswer,
        provider: Provider,
        deadline_s: float,
    ) -> DiffAnswer:
        """Return `answer` with what the update changes besides, where the provider can preview.

        Where it refuses, what moved beside the change is told by itself.
        """
        assert resource.wanted is not None  # noqa: S101 - settled() answers without one
        read, reset = _compared(resource, live, resource.wanted)
        try:
            planned = await provider.previewed_update(
                resource.subject,
                outputs=live.outputs,
                inputs=read,
                wanted=reset,
                ignored=resource.ignored,
                timeout_s=deadline_s,
            )
        except ProviderError:
            return answer
        return answer if planned is None else replace(answer, along=moving_along(planned, live))

    async def _diff(
        self,
        resource: LoadedResource,
        live: ReadAnswer,
        wanted: RawProperties,
        provider: Provider,
        deadline_s: float,
    ) -> DiffAnswer:
        read, reset = _compared(resource, live, wanted)
        try:
            return await provider.diff(
                resource.subject,
                outputs=live.outputs,
                inputs=read,
                wanted=reset,
                ignored=resource.ignored,
                timeout_s=deadline_s,
            )
        except ProviderError as error:
            raise _speakable(error, resource, live_words(resource, live)) from error


def _compared(
    resource: LoadedResource, live: ReadAnswer, wanted: RawProperties
) -> tuple[RawProperties, RawProperties]:
    """Return the inputs that were read, and `wanted` as the engine lets it be compared to them."""
    read = _applied(resource) if live.inputs is None else live.inputs
    return read, reset_inputs(wanted, read, resource.ignored)


def _applied(resource: LoadedResource) -> RawProperties:
    assert resource.state is not None  # noqa: S101 - settled() answers without one
    return resource.state.inputs


def _request(resource: LoadedResource) -> bytes:
    state = resource.state
    assert state is not None  # noqa: S101 - settled() answers without one
    return read_request(resource.subject, outputs=state.outputs, inputs=state.inputs)


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
    text = speakable(error.summary, resource.redactor.and_also(words))
    return ProviderError(
        text,
        "",
        error.is_throttling,
        error.is_expired_credentials,
        cause=error.cause,
        remedy=error.remedy,
    )
