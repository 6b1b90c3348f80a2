"""One configured provider process, spoken to in Terraform's words.

State, private data and configurations pass through as the bytes they are; nothing is
decoded here beyond the envelope. Every error diagnostic becomes a `ProviderError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.plugin_host.process import PluginProcess
from iac_adapters.plugin_host.provider_errors import ProviderError
from iac_adapters.plugin_host.provider_process import ProviderProcess
from iac_adapters.terraform.diagnostics import provider_error
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.protocol import PROTOCOLS, Rpc, method_path
from reconciler.domain.paths import Steps

__all__ = ["ImportedObject", "PlanAnswer", "Provider", "ProviderError", "ReadAnswer"]

_START_TIMEOUT_S: Final = 120.0


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """An object as it is now; `state` is msgpack, nil when the object is gone."""

    state: bytes = field(repr=False)
    private: bytes = field(repr=False)
    deferred: bool


@dataclass(frozen=True, slots=True)
class PlanAnswer:
    """What the provider would make of a prior state and a configuration."""

    state: bytes = field(repr=False)
    requires_replace: tuple[Steps, ...]
    legacy_types: bool
    deferred: bool


@dataclass(frozen=True, slots=True)
class ImportedObject:
    """What an import answers, before it is read: one object, with the identity alone."""

    type_name: str
    state: bytes = field(repr=False)
    private: bytes = field(repr=False)


class Provider(ProviderProcess):
    """A provider plugin; it is configured at most once in its life.

    A second `configure` of the same process is refused by some providers, so a changed
    configuration needs a new process.
    """

    def __init__(self, process: PluginProcess) -> None:
        protocol = process.handshake.protocol_version
        if protocol not in PROTOCOLS:
            raise PluginStartError(
                f"the plugin {process.label} speaks provider protocol {protocol};"
                " trueup speaks 5 and 6",
                remedy="install a version of the provider that Terraform 0.12 or later can use",
            )
        super().__init__(process)
        self.protocol = protocol

    async def schema_bytes(self) -> bytes:
        """Return the whole schema answer, undecoded (5 MB for a large provider)."""
        path = method_path(self.protocol, Rpc.SCHEMA)
        return await self.process.unary(path, b"", timeout_s=_START_TIMEOUT_S)

    async def configure(self, request: bytes, *, timeout_s: float = _START_TIMEOUT_S) -> None:
        """Configure the process with a ConfigureRequest exactly as it was recorded."""
        await self._call(Rpc.CONFIGURE, request, "ConfigureResponse", timeout_s)

    async def upgrade(
        self,
        type_name: str,
        version: int,
        *,
        json: bytes | None = None,
        flatmap: Mapping[str, str] | None = None,
        timeout_s: float | None,
    ) -> bytes:
        """Return a recorded object in the shape of the provider's present schema (msgpack).

        `version` is the schema version it was recorded with. A newer version than the
        provider's is for the caller to refuse: some providers accept it in silence.
        """
        request = message("UpgradeStateRequest")(type_name=type_name, version=version)
        request.raw_state.json = json or b""
        request.raw_state.flatmap.update(flatmap or {})
        answer = await self._call(
            Rpc.UPGRADE_STATE, request.SerializeToString(), "UpgradeStateResponse", timeout_s
        )
        return self._msgpack(answer.upgraded_state, type_name)

    async def read(
        self,
        type_name: str,
        state: bytes,
        private: bytes,
        *,
        provider_meta: bytes | None,
        timeout_s: float | None,
    ) -> ReadAnswer:
        """Return the object as it is now."""
        request = message("ReadRequest")(type_name=type_name, private=private)
        request.current_state.msgpack = state
        _set_context(request, provider_meta)
        answer = await self._call(Rpc.READ, request.SerializeToString(), "ReadResponse", timeout_s)
        return ReadAnswer(
            state=self._msgpack(answer.new_state, type_name),
            private=answer.private,
            deferred=bool(answer.deferred),
        )

    async def import_state(
        self, type_name: str, identity: str, *, timeout_s: float | None
    ) -> tuple[ImportedObject, ...]:
        """Return what `read` must be asked for to see the object `identity`; no state is touched.

        That it is answered says nothing: many providers only copy the identity.
        """
        request = message("ImportRequest")(type_name=type_name, id=identity)
        answer = await self._call(
            Rpc.IMPORT_STATE, request.SerializeToString(), "ImportResponse", timeout_s
        )
        return tuple(
            ImportedObject(
                type_name=imported.type_name,
                state=self._msgpack(imported.state, type_name),
                private=imported.private,
            )
            for imported in answer.imported_resources
        )

    async def plan(  # noqa: PLR0913 - the fields of one request
        self,
        type_name: str,
        *,
        prior: bytes,
        proposed: bytes,
        config: bytes,
        private: bytes,
        provider_meta: bytes | None,
        timeout_s: float | None,
    ) -> PlanAnswer:
        """Return what the provider would change; nothing is changed by asking."""
        request = message("PlanRequest")(type_name=type_name, prior_private=private)
        request.prior_state.msgpack = prior
        request.proposed_new_state.msgpack = proposed
        request.config.msgpack = config
        _set_context(request, provider_meta)
        answer = await self._call(Rpc.PLAN, request.SerializeToString(), "PlanResponse", timeout_s)
        return PlanAnswer(
            state=self._msgpack(answer.planned_state, type_name),
            requires_replace=tuple(_steps(path) for path in answer.requires_replace),
            legacy_types=answer.legacy_type_system,
            deferred=bool(answer.deferred),
        )

    async def read_data(self, request: bytes, *, timeout_s: float | None) -> bytes:
        """Ask a data source again with a recorded request; return its state (msgpack)."""
        answer = await self._call(Rpc.READ_DATA, request, "ReadDataResponse", timeout_s)
        return self._msgpack(answer.state, "data source")

    async def _call(self, rpc: Rpc, request: bytes, answer: str, timeout_s: float | None) -> Any:
        path = method_path(self.protocol, rpc)
        response = message(answer).FromString(
            await self.process.unary(path, request, timeout_s=timeout_s)
        )
        if (error := provider_error(response.diagnostics)) is not None:
            raise error
        return response

    def _msgpack(self, value: Any, what: str) -> bytes:
        if not value.msgpack:
            raise ProviderError(
                f"the plugin {self.process.label} answered {what} without a msgpack value"
            )
        return bytes(value.msgpack)


def _set_context(request: Any, provider_meta: bytes | None) -> None:
    request.client_capabilities.deferral_allowed = False
    request.client_capabilities.write_only_attributes_allowed = True
    if provider_meta:
        request.provider_meta.msgpack = provider_meta


def _steps(path: Any) -> Steps:
    # An index of 0 and an empty key look alike on the wire; indexes are what occurs.
    return tuple(
        step.attribute_name or step.element_key_string or step.element_key_int
        for step in path.steps
    )
