"""A provider as terraform sees it, with our ears in between.

Terraform opens one connection per provider instance and walk. Each accepted connection
gets a gRPC server of its own, so a call is known by the connection it came on, and with
it the alias. A provider process serves a connection only when a call really needs one.
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any, Final, Protocol

import grpc
import grpc.aio

from iac_adapters.plugin_host.deadlines import CONFIGURE_S
from iac_adapters.plugin_host.errors import (
    PluginCrashed,
    PluginRefused,
    PluginStartError,
    PluginTimeout,
)
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.protocol import Rpc, rpc_of
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import EMPTY_ANSWERS
from iac_adapters.terraform.recorder.capture import (
    ConnectionCapture,
    DataRead,
    ImportCall,
    PlanCall,
    UpgradeCall,
    ValidateCall,
)
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.recorder.head_start import HeadStart, OnDemand

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 256 << 20),
    ("grpc.max_send_message_length", 256 << 20),
)
_BUFFER_BYTES: Final = 1 << 16


class Answers(Protocol):
    """Who answers in the place of a provider, where a plan is made of a world already read."""

    def known(self, rpc: Rpc | None, request: bytes) -> bytes | None:
        """Return the answer to a call; None where the provider has to give it."""
        ...

    async def configured(self, source: str, request: bytes) -> Provider | None:
        """Return a running provider that was configured with `request`; it stays its owner's."""
        ...

    def tolerated(self, rpc: Rpc | None, request: bytes, response: bytes) -> bytes:
        """Return what the tool gets to see of a provider's answer."""
        ...


class Connection:
    """One connection of terraform: its capture and its provider, if one was needed."""

    def __init__(
        self,
        capture: ConnectionCapture,
        *,
        schema: bytes,
        providers: HeadStart | OnDemand,
        configure_deadline_s: float,
        answers: Answers | None = None,
    ) -> None:
        self.capture = capture
        self.provider: Provider | None = None
        self.lent = False
        """Whether the provider is somebody else's, who ends it."""
        self.failure: PluginCrashed | PluginTimeout | PluginStartError | None = None
        self._schema = schema
        self._providers = providers
        self._configure_deadline_s = configure_deadline_s
        self._answers = answers
        self._starting = asyncio.Lock()

    async def answer(self, path: str, request: bytes) -> bytes:
        """Answer one call, from what we know or from the provider, and take note of it."""
        rpc = rpc_of(path)
        if rpc is Rpc.SCHEMA:
            return self._schema
        if rpc is Rpc.VALIDATE_RESOURCE:
            self._note_validation(request)
        if rpc in EMPTY_ANSWERS:
            return b""
        if self._answers is not None:
            return await self._answered(self._answers, rpc, path, request)
        return await self._recorded(rpc, path, request)

    async def _answered(
        self, answers: Answers, rpc: Rpc | None, path: str, request: bytes
    ) -> bytes:
        if (known := answers.known(rpc, request)) is not None:
            return known
        if rpc is Rpc.CONFIGURE and self.provider is None:
            self.provider = await answers.configured(self.capture.source, request)
            if self.provider is not None:
                self.lent = True
                return b""
        return answers.tolerated(rpc, request, await self._recorded(rpc, path, request))

    async def _recorded(self, rpc: Rpc | None, path: str, request: bytes) -> bytes:
        # A plan may take its time; a configuration that goes unanswered is never answered.
        deadline_s = self._configure_deadline_s if rpc is Rpc.CONFIGURE else None
        response = await self._forward(path, request, timeout_s=deadline_s)
        self._note(rpc, request, response)
        return response

    async def _forward(self, path: str, request: bytes, *, timeout_s: float | None) -> bytes:
        async with self._starting:
            if self.provider is None:
                self.provider = await self._providers.take()
        return await self.provider.process.unary(path, request, timeout_s=timeout_s)

    def _note_validation(self, request: bytes) -> None:
        call = message("ValidateRequest").FromString(request)
        self.capture.validations.append(ValidateCall(call.type_name, call.config.msgpack))

    def _note_read(self, request: bytes, response: bytes) -> None:
        """Take note of what an imported object is read as; nothing else is read meanwhile."""
        asked = message("ReadRequest").FromString(request)
        answered = message("ReadResponse").FromString(response)
        wanted = content_of(asked.current_state.msgpack)
        for call in self.capture.imports:
            if not call.read and call.state and content_of(call.state) == wanted:
                call.read = answered.new_state.msgpack
                call.private = answered.private
                call.errors = _errors(answered)
                return

    def _note_ephemeral(self, response: bytes) -> None:
        self.capture.opened_ephemeral = True
        due_s = float(message("OpenEphemeralResponse").FromString(response).renew_at.seconds)
        if due_s > 0:
            self.capture.renew_at_s = min(due_s, self.capture.renew_at_s or due_s)

    def _note(self, rpc: Rpc | None, request: bytes, response: bytes) -> None:
        match rpc:
            case Rpc.CONFIGURE:
                answer = message("ConfigureResponse").FromString(response)
                self.capture.configure = request
                self.capture.configured = not any(d.severity == 1 for d in answer.diagnostics)
            case Rpc.UPGRADE_STATE:
                self.capture.upgrades.append(_upgrade_call(request, response))
            case Rpc.PLAN:
                self.capture.plans.append(_plan_call(request, response))
            case Rpc.READ_DATA:
                state = message("ReadDataResponse").FromString(response).state.msgpack
                self.capture.data_reads.append(DataRead(request, state))
            case Rpc.IMPORT_STATE:
                self.capture.imports.extend(_import_calls(request, response))
            case Rpc.READ:
                self._note_read(request, response)
            case Rpc.OPEN_EPHEMERAL:
                self._note_ephemeral(response)
            case _:
                return


def _upgrade_call(request: bytes, response: bytes) -> UpgradeCall:
    asked = message("UpgradeStateRequest").FromString(request)
    answered = message("UpgradeStateResponse").FromString(response)
    return UpgradeCall(
        type_name=asked.type_name,
        raw_json=asked.raw_state.json,
        raw_flatmap=tuple(sorted(asked.raw_state.flatmap.items())),
        upgraded=answered.upgraded_state.msgpack,
    )


def _import_calls(request: bytes, response: bytes) -> list[ImportCall]:
    asked = message("ImportRequest").FromString(request)
    answered = message("ImportResponse").FromString(response)
    if errors := _errors(answered):
        return [ImportCall(asked.type_name, asked.id, errors=errors)]
    return [
        ImportCall(
            imported_resource.type_name,
            asked.id,
            imported_resource.state.msgpack,
            imported_resource.private,
        )
        for imported_resource in answered.imported_resources
    ]


def _errors(answered: Any) -> tuple[str, ...]:
    return tuple(
        diagnostic.summary for diagnostic in answered.diagnostics if diagnostic.severity == 1
    )


def _plan_call(request: bytes, response: bytes) -> PlanCall:
    asked = message("PlanRequest").FromString(request)
    answered = message("PlanResponse").FromString(response)
    return PlanCall(
        type_name=asked.type_name,
        prior=asked.prior_state.msgpack,
        config=asked.config.msgpack,
        provider_meta=asked.provider_meta.msgpack,
        planned=answered.planned_state.msgpack,
    )


class _Handler(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in its stubs only
    """Hands every unary call of one connection to it, as raw bytes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        path = details.method
        if "Provider/" not in path:
            # go-plugin's broker and stdio streams: core does without them.
            return None

        async def behaviour(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
            try:
                return await self._connection.answer(path, request)
            except (PluginCrashed, PluginTimeout, PluginStartError) as error:
                self._connection.failure = error
                await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
            except PluginRefused as error:
                # The provider's own "no" (often UNIMPLEMENTED) must reach core as it is.
                await context.abort(error.code, str(error))
            raise AssertionError(path)  # abort always raises

        return grpc.unary_unary_rpc_method_handler(behaviour)


class Tunnel:
    """One listening socket for one provider source."""

    def __init__(
        self,
        source: str,
        *,
        folder: Path,
        schema: bytes,
        providers: HeadStart | OnDemand,
        configure_deadline_s: float = CONFIGURE_S,
        answers: Answers | None = None,
    ) -> None:
        self.source = source
        self.socket = folder / "t"
        self.connections: list[Connection] = []
        self._folder = folder
        self._schema = schema
        self._providers = providers
        self._configure_deadline_s = configure_deadline_s
        self._answers = answers
        self._listener: asyncio.Server | None = None
        self._servers: list[grpc.aio.Server] = []
        self._splices: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen. The folder must be private: whoever connects gets credentials."""
        self._listener = await asyncio.start_unix_server(self._accept, path=str(self.socket))

    async def close(self) -> None:
        """Stop listening and end every connection; providers in use are left to their owner."""
        if self._listener is not None:
            self._listener.close()
        for task in tuple(self._splices):
            task.cancel()
        await asyncio.gather(*self._splices, return_exceptions=True)
        await asyncio.gather(*(server.stop(grace=None) for server in self._servers))
        await self._providers.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a stream callback always runs in a task
        self._splices.add(task)
        try:
            await self._serve(reader, writer)
        except (asyncio.CancelledError, ConnectionError):
            pass  # terraform left, or we closed: either way this connection is over
        finally:
            self._splices.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(_BUFFER_BYTES)
        if not first:
            return  # go-plugin's empty probe connection
        index = len(self.connections)
        capture = ConnectionCapture(self.source, index)
        connection = Connection(
            capture,
            schema=self._schema,
            providers=self._providers,
            configure_deadline_s=self._configure_deadline_s,
            answers=self._answers,
        )
        self.connections.append(connection)
        inner = self._folder / f"c{index}"
        server = grpc.aio.server(options=_OPTIONS)
        server.add_generic_rpc_handlers((_Handler(connection),))
        server.add_insecure_port(f"unix:{inner}")
        await server.start()
        self._servers.append(server)
        inner_reader, inner_writer = await asyncio.open_unix_connection(str(inner))
        inner_writer.write(first)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_splice(reader, inner_writer))
                group.create_task(_splice(inner_reader, writer))
        finally:
            inner_writer.close()


async def _splice(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(_BUFFER_BYTES):
            writer.write(data)
            await writer.drain()
    with contextlib.suppress(ConnectionError, OSError, RuntimeError):
        writer.write_eof()
