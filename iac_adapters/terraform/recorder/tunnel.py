"""A provider as terraform sees it, with our ears in between.

Terraform opens one connection per provider instance and walk, so a call is known by the
connection it came on, and with it the alias. A provider process serves a connection only
when a call really needs one.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from iac_adapters.plugin_host.deadlines import CONFIGURE_S
from iac_adapters.plugin_host.errors import (
    PluginCrashed,
    PluginRefused,
    PluginStartError,
    PluginTimeout,
)
from iac_adapters.plugin_host.grpc_status import CallFailed, StatusCode
from iac_adapters.plugin_host.http2.server import ServerConnection
from iac_adapters.plugin_host.unary_server import served
from iac_adapters.terraform.protocol import Rpc, rpc_of
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import EMPTY_ANSWERS, VALIDATING, Validation
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.recorder.head_start import HeadStart, OnDemand
from iac_adapters.terraform.recorder.noting import note, note_validation


class Answers(Protocol):
    """Who answers in the place of a provider, or says which one does."""

    @property
    def validation(self) -> Validation:
        """Whether a configured provider is asked to validate what it plans."""
        ...

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
        self._calls: set[asyncio.Future[bytes]] = set()
        self._stopped = False

    async def answer(self, path: str, request: bytes) -> bytes:
        """Answer one call, from what we know or from the provider, and take note of it."""
        rpc = rpc_of(path)
        if rpc is Rpc.SCHEMA:
            return self._schema
        if rpc is Rpc.STOP:
            self._stop()
        if rpc in EMPTY_ANSWERS and not self._is_validated(rpc):
            if rpc in (Rpc.VALIDATE_RESOURCE, Rpc.VALIDATE_DATA):
                await self._note_validation(rpc, path, request)
            return b""
        if self._answers is not None:
            return await self._answered(self._answers, rpc, path, request)
        return await self._recorded(rpc, path, request)

    def _is_validated(self, rpc: Rpc | None) -> bool:
        # What comes before the configuration is validated again after it.
        # Of an ephemeral resource nothing is planned, where its provider would refuse a value.
        told = self._validation is Validation.TOLD or rpc is Rpc.VALIDATE_EPHEMERAL
        return told and rpc in VALIDATING and self.provider is not None

    @property
    def _validation(self) -> Validation:
        return Validation.NOTED if self._answers is None else self._answers.validation

    async def _note_validation(self, rpc: Rpc, path: str, request: bytes) -> None:
        """Note what the provider has against it, where a recording has configured one."""
        asked = self._validation is Validation.NOTED and self.provider is not None
        response = await self._forward(path, request, timeout_s=None) if asked else b""
        note_validation(self.capture, rpc, request, response)

    async def _answered(
        self, answers: Answers, rpc: Rpc | None, path: str, request: bytes
    ) -> bytes:
        if (known := answers.known(rpc, request)) is not None:
            if rpc is Rpc.READ_DATA:
                # Whether it still answers so is asked later.
                note(self.capture, rpc, request, known)
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
        note(self.capture, rpc, request, response)
        return response

    async def _forward(self, path: str, request: bytes, *, timeout_s: float | None) -> bytes:
        async with self._starting:
            if self.provider is None:
                self.provider = await self._providers.take()
        call = asyncio.ensure_future(
            self.provider.process.unary(path, request, timeout_s=timeout_s)
        )
        self._calls.add(call)
        try:
            return await call
        except asyncio.CancelledError:
            if not self._stopped:
                raise
            raise CallFailed(StatusCode.CANCELLED, "the tool was told to stop") from None
        finally:
            self._calls.discard(call)

    def _stop(self) -> None:
        """Have the provider answer no call any more; it is not told, since others may ask it too.

        The tool waits for what it has asked. It would be killed after its time, with the state's
        lock.
        """
        self._stopped = True
        for call in self._calls:
            call.cancel()


def reattachment(tunnels: Iterable[tuple[Tunnel, int]]) -> str:
    """Return what leads the tool to the tunnels: the value of TF_REATTACH_PROVIDERS.

    With each comes the version of the plugin protocol that its schema is of.
    """
    # With "Test" false terraform would kill the process it thinks is the provider: us.
    entries = {
        tunnel.source: {
            "Protocol": "grpc",
            "ProtocolVersion": protocol,
            "Pid": os.getpid(),
            "Test": True,
            "Addr": {"Network": "unix", "String": str(tunnel.socket)},
        }
        for tunnel, protocol in tunnels
    }
    return json.dumps(entries)


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
        self._schema = schema
        self._providers = providers
        self._configure_deadline_s = configure_deadline_s
        self._answers = answers
        self._listener: asyncio.Server | None = None
        self._accepted: list[ServerConnection] = []

    async def open(self) -> None:
        """Listen. The folder must be private: whoever connects gets credentials."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_unix_server(self._accept, path=str(self.socket))

    async def close(self) -> None:
        """Stop listening and end every connection; providers in use are left to their owner."""
        if self._listener is not None:
            self._listener.close()
        for accepted in self._accepted:
            accepted.end("the tunnel was closed")
        await asyncio.gather(*(accepted.wait_ended() for accepted in self._accepted))
        await self._providers.close()

    def _accept(self) -> ServerConnection:
        connection: Connection | None = None

        async def behaviour(path: str, request: bytes) -> bytes:
            nonlocal connection
            if "Provider/" not in path:
                # go-plugin's broker and stdio streams: core does without them.
                raise CallFailed(StatusCode.UNIMPLEMENTED, f"unknown method {path}")
            # Not before a call: go-plugin also opens connections to see whether we are there.
            connection = connection or self._connection()
            return await _answered(connection, path, request)

        accepted = served(behaviour)
        self._accepted.append(accepted)
        return accepted

    def _connection(self) -> Connection:
        connection = Connection(
            ConnectionCapture(self.source, len(self.connections)),
            schema=self._schema,
            providers=self._providers,
            configure_deadline_s=self._configure_deadline_s,
            answers=self._answers,
        )
        self.connections.append(connection)
        return connection


async def _answered(connection: Connection, path: str, request: bytes) -> bytes:
    try:
        return await connection.answer(path, request)
    except (PluginCrashed, PluginTimeout, PluginStartError) as error:
        connection.failure = error
        raise CallFailed(StatusCode.UNAVAILABLE, str(error)) from error
    except PluginRefused as error:
        # The provider's own "no" (often UNIMPLEMENTED) must reach core as it is.
        raise CallFailed(error.code, str(error)) from error
