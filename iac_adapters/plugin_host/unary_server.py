"""Unary gRPC calls answered on one connection, with messages as bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from iac_adapters.plugin_host.grpc_messages import (
    CONTENT_BYTES,
    CONTENT_TYPE,
    failure_fields,
    framed,
    unframed,
)
from iac_adapters.plugin_host.grpc_status import CallFailed, StatusCode
from iac_adapters.plugin_host.http2.connection import Message
from iac_adapters.plugin_host.http2.server import Answer, ServerConnection

Behaviour = Callable[[str, bytes], Awaitable[bytes]]
"""Answers the call of a method with a message, or raises CallFailed."""


def served(behaviour: Behaviour) -> ServerConnection:
    """Return the protocol of one connection whose calls `behaviour` answers."""

    async def answer(message: Message) -> Answer:
        head = [(":status", "200"), CONTENT_TYPE]
        try:
            content = await behaviour(message.fields.get(":path", ""), unframed(message.content))
        except CallFailed as error:
            return Answer([*head, *failure_fields(error)])
        except Exception as error:  # noqa: BLE001 - without an answer the caller learns no reason
            # Its name alone: the text may hold what the message held.
            failed = CallFailed(StatusCode.INTERNAL, f"it failed: {type(error).__name__}")
            return Answer([*head, *failure_fields(failed)])
        return Answer([("grpc-status", "0")], head, framed(content))

    return ServerConnection(answer, message_bytes=CONTENT_BYTES)
