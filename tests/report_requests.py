"""Reports as their bytes go over the wire, for who speaks to a daemon without an HTTP client."""

from __future__ import annotations

from agent.protocol.messages import REPORTS_PATH
from agent.protocol.signing import authorization


def signed_request(
    body: bytes,
    *more: str,
    agent_id: str,
    key: bytes,
    serial: int = 1,
    media_type: str = "application/json",
) -> bytes:
    """Return a whole request with `body`, signed as it is, and with lines of `more`."""
    signed = authorization(key, agent_id=agent_id, serial=serial, path=REPORTS_PATH, body=body)
    lines = (
        f"POST {REPORTS_PATH} HTTP/1.1",
        "Host: localhost",
        f"Content-Type: {media_type}",
        f"Authorization: {signed}",
        *more,
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
