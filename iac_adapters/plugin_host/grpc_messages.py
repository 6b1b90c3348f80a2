"""How gRPC puts one message and one status into HTTP/2. Source: grpc/doc/PROTOCOL-HTTP2.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote

from iac_adapters.plugin_host.grpc_status import CallFailed, StatusCode

MESSAGE_BYTES: Final = 256 << 20
"""The most that a message may have."""
CONTENT_BYTES: Final = MESSAGE_BYTES + 5
CONTENT_TYPE: Final = ("content-type", "application/grpc")

_PREFIX_BYTES: Final = 5
_PLAIN: Final = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
_OF_HTTP: Final[Mapping[str, StatusCode]] = {
    "400": StatusCode.INTERNAL,
    "401": StatusCode.UNAUTHENTICATED,
    "403": StatusCode.PERMISSION_DENIED,
    "404": StatusCode.UNIMPLEMENTED,
    "429": StatusCode.UNAVAILABLE,
    "502": StatusCode.UNAVAILABLE,
    "503": StatusCode.UNAVAILABLE,
    "504": StatusCode.UNAVAILABLE,
}


def framed(message: bytes) -> bytes:
    """Return the content that carries one message."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def unframed(content: bytearray) -> bytes:
    """Return the one message that `content` carries.

    Raises:
        CallFailed: it is compressed, cut off, or not exactly one.
    """
    if len(content) < _PREFIX_BYTES or content[0] != 0:
        raise CallFailed(StatusCode.INTERNAL, "there is no plain message")
    if int.from_bytes(content[1:_PREFIX_BYTES], "big") != len(content) - _PREFIX_BYTES:
        raise CallFailed(StatusCode.INTERNAL, "there is not exactly one message")
    return bytes(memoryview(content)[_PREFIX_BYTES:])


def refuse_failure(fields: Mapping[str, str]) -> None:
    """Return if an answer's fields say that the call went well.

    Raises:
        CallFailed: they say anything else.
    """
    http = fields.get(":status", "missing")
    if "grpc-status" not in fields:
        raise CallFailed(
            _OF_HTTP.get(http, StatusCode.UNKNOWN), f"HTTP status {http} and no status of gRPC"
        )
    try:
        code = StatusCode(int(fields["grpc-status"]))
    except ValueError:
        code = StatusCode.UNKNOWN
    if code is not StatusCode.OK:
        raise CallFailed(code, unquote(fields.get("grpc-message", ""), errors="replace"))


def failure_fields(error: CallFailed) -> list[tuple[str, str]]:
    """Return the fields that tell a client how its call failed."""
    details = quote(error.details, safe=_PLAIN, errors="replace")
    return [("grpc-status", str(error.code.value)), ("grpc-message", details)]
