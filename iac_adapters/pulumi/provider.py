"""One configured provider process, spoken to in Pulumi's words.

Source: proto/pulumi/provider.proto and sdk/go/common/resource/plugin/provider_plugin.go of
pulumi/pulumi. Without an engine's address a provider waits to be attached to, as here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Final

from iac_adapters.plugin_host.errors import PluginRefused
from iac_adapters.plugin_host.grpc_status import StatusCode
from iac_adapters.plugin_host.process import PluginProcess
from iac_adapters.plugin_host.provider_errors import (
    Cause,
    ProviderError,
    cause_of,
    remedy_for,
)
from iac_adapters.plugin_host.provider_process import ProviderProcess
from iac_adapters.pulumi.messages import message, method_path
from iac_adapters.pulumi.tracebacks import without_tracebacks
from iac_adapters.pulumi.values import RawProperties, from_struct, to_struct
from reconciler.domain.paths import Steps

_HANDSHAKE_S: Final = 60.0
_LACKS_A_VARIABLE: Final = re.compile(r"\bKeyError\b|environ|\bgetenv\b|not set\b", re.IGNORECASE)
_WITHHELD: Final = (
    "a dynamic provider runs without the variables of trueup's own environment; name those it"
    " needs in the file of `env_file` in [[stack]]"
)


class Verdict(IntEnum):
    """What a provider says of two sets of properties."""

    UNKNOWN = 0
    SAME = 1
    DIFFERENT = 2


@dataclass(frozen=True, slots=True, repr=False)
class Subject:
    """Which resource a call is about."""

    urn: str
    id: str
    type: str
    name: str


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """An object as it is now; an empty `id` says that there is none."""

    id: str
    outputs: RawProperties = field(repr=False)
    inputs: RawProperties | None = field(repr=False)

    @property
    def gone(self) -> bool:
        """Whether the provider says that the object does not exist."""
        return not self.id


@dataclass(frozen=True, slots=True)
class DiffAnswer:
    """What an update from one to the other would do. `paths` may be empty: few tell them."""

    verdict: Verdict
    properties: tuple[str, ...]
    replacing: tuple[str, ...]
    paths: Mapping[str, bool]
    """Property paths as the provider writes them; whether each forces a replacement."""
    along: tuple[Steps, ...] = ()
    """Where the provider gives other values with the update, though nobody asks for them."""

    @property
    def replaces(self) -> bool:
        """Whether the update is a replacement."""
        return bool(self.replacing) or any(self.paths.values())


def read_request(subject: Subject, *, outputs: RawProperties, inputs: RawProperties) -> bytes:
    """Return the question for the live object, given what is recorded of it."""
    request = message("ReadRequest")(
        id=subject.id, urn=subject.urn, name=subject.name, type=subject.type
    )
    to_struct(outputs, request.properties)
    to_struct(inputs, request.inputs)
    encoded: bytes = request.SerializeToString()
    return encoded


def _describe(
    request: Any,
    subject: Subject,
    *,
    outputs: RawProperties,
    inputs: RawProperties,
    wanted: RawProperties,
) -> None:
    """Say in a request what object it is about, how that is, and what is to become of it."""
    request.id, request.urn = subject.id, subject.urn
    request.name, request.type = subject.name, subject.type
    to_struct(outputs, request.olds)
    to_struct(inputs, request.old_inputs)
    to_struct(wanted, request.news)


class Provider(ProviderProcess):
    """A provider plugin; parameterized and configured at most once in its life.

    `bare` is one that runs without the environment that the tool would give it.
    """

    def __init__(self, process: PluginProcess, *, bare: bool = False) -> None:
        super().__init__(process)
        self._bare = bare
        self._previews = False

    async def handshake(self) -> None:
        """Say what we are; providers older than the handshake do not mind."""
        try:
            await self._call("Handshake", b"", _HANDSHAKE_S)
        except ProviderError as error:
            if error.cause is not Cause.UNIMPLEMENTED:
                raise

    async def parameterize(
        self, name: str, version: str, value: bytes, *, timeout_s: float
    ) -> None:
        """Make the plugin the package `name`, as the checkpoint kept it."""
        request = message("ParameterizeRequest")()
        request.value.name, request.value.version, request.value.value = name, version, value
        await self._call("Parameterize", request.SerializeToString(), timeout_s)

    async def configure(self, package: str, inputs: RawProperties, *, timeout_s: float) -> None:
        """Configure with the inputs of a provider resource. The process is then ready to read."""
        request = message("ConfigureRequest")(
            acceptSecrets=True, acceptResources=True, sends_old_inputs=True
        )
        to_struct(inputs, request.args)
        for key, value in request.args.fields.items():
            # The older of two ways; providers of either age read one of them.
            if value.WhichOneof("kind") == "string_value":
                request.variables[f"{package}:config:{key}"] = value.string_value
        answer = await self._call("Configure", request.SerializeToString(), timeout_s)
        self._previews = answer.supportsPreview

    async def read(self, request: bytes, *, timeout_s: float) -> ReadAnswer:
        """Return the live object that a `read_request` is about."""
        answer = await self._call("Read", request, timeout_s)
        return ReadAnswer(
            id=answer.id,
            outputs=from_struct(answer.properties),
            inputs=from_struct(answer.inputs) if answer.HasField("inputs") else None,
        )

    async def diff(
        self,
        subject: Subject,
        *,
        outputs: RawProperties,
        inputs: RawProperties,
        wanted: RawProperties,
        ignored: Sequence[str],
        timeout_s: float,
    ) -> DiffAnswer:
        """Return what an update of an object with `outputs` and `inputs` to `wanted` would do."""
        request = message("DiffRequest")(ignoreChanges=ignored)
        _describe(request, subject, outputs=outputs, inputs=inputs, wanted=wanted)
        answer = await self._call("Diff", request.SerializeToString(), timeout_s)
        return DiffAnswer(
            verdict=Verdict(answer.changes),
            properties=tuple(dict.fromkeys(answer.diffs)),
            replacing=tuple(dict.fromkeys(answer.replaces)),
            # Odd kinds are ADD_REPLACE, DELETE_REPLACE and UPDATE_REPLACE.
            paths={entry.key: entry.value.kind % 2 == 1 for entry in answer.detailedDiff},
        )

    async def previewed_update(
        self,
        subject: Subject,
        *,
        outputs: RawProperties,
        inputs: RawProperties,
        wanted: RawProperties,
        ignored: Sequence[str],
        timeout_s: float,
    ) -> RawProperties | None:
        """Return the outputs that the object would have after an update to `wanted`.

        None where the provider has not said that it can preview: it would do the update.

        Source: UpdateStep in pkg/resource/deploy/step.go, and `supportsPreview` in
        pkg/resource/plugin/provider_plugin.go of pulumi/pulumi 3.259.
        """
        if not self._previews:
            return None
        request = message("UpdateRequest")(ignoreChanges=ignored, preview=True)
        _describe(request, subject, outputs=outputs, inputs=inputs, wanted=wanted)
        answer = await self._call("Update", request.SerializeToString(), timeout_s)
        return from_struct(answer.properties)

    async def previewed_creation(
        self, subject: Subject, *, wanted: RawProperties, timeout_s: float
    ) -> RawProperties | None:
        """Return the outputs of an object that would be made of `wanted`; None as for updates."""
        if not self._previews:
            return None
        request = message("CreateRequest")(
            urn=subject.urn, name=subject.name, type=subject.type, preview=True
        )
        to_struct(wanted, request.properties)
        answer = await self._call("Create", request.SerializeToString(), timeout_s)
        return from_struct(answer.properties)

    async def invoke(
        self, token: str, arguments: RawProperties, *, timeout_s: float
    ) -> RawProperties:
        """Return what a function answers; those of bridges are data sources, which only read.

        Raises:
            ProviderError: it refused, or does not take the arguments.
        """
        request = message("InvokeRequest")(tok=token)
        to_struct(arguments, request.args)
        answer = await self._call("Invoke", request.SerializeToString(), timeout_s)
        for failure in answer.failures:
            raise ProviderError(f"{failure.property}: {failure.reason}")
        return from_struct(getattr(answer, "return"))

    async def mapping(self, *, timeout_s: float) -> bytes:
        """Return what a bridge says of the Terraform provider behind it; empty of any other."""
        request = message("GetMappingRequest")(key="terraform")
        answer = await self._call("GetMapping", request.SerializeToString(), timeout_s)
        content: bytes = answer.data
        return content

    async def _call(self, method: str, request: bytes, timeout_s: float) -> Any:
        try:
            content = await self.process.unary(method_path(method), request, timeout_s=timeout_s)
        except PluginRefused as error:
            raise _refusal(error, bare=self._bare) from error
        return message(f"{method}Response").FromString(content)


def _refusal(error: PluginRefused, *, bare: bool) -> ProviderError:
    if error.code is StatusCode.UNIMPLEMENTED:
        return ProviderError(str(error), error.details, cause=Cause.UNIMPLEMENTED)
    cause = cause_of(error.details)
    lacking = bare and _LACKS_A_VARIABLE.search(error.details) is not None
    return ProviderError(
        _first_line(without_tracebacks(error.details)) or str(error),
        error.details,
        cause is Cause.THROTTLED,
        cause is Cause.EXPIRED_CREDENTIALS,
        cause=cause,
        remedy=_WITHHELD if lacking else remedy_for(cause),
    )


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
