"""From bytes to a message that may be believed: signed, small, sound, and of about now."""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import orjson

from agent.protocol.hashing import sha256_of
from agent.protocol.messages import (
    MOST_BODY_BYTES,
    MOST_INFLATED_BYTES,
    MessageError,
    Report,
)
from agent.protocol.reading import is_simple, read
from reconciler.engine.agent_refusals import AgentRefusedError
from reconciler.engine.agent_senders import AgentSenders
from reconciler.engine.kept_leaves import canonical_values

COMPRESSED: Final = "application/zlib"
PLAIN: Final = "application/json"
_TOO_DEEP: Final = "depth limit"
"""How orjson 3 begins to say so; elsewhere it has no way to."""
_DAY_S: Final = 86_400
_MOST_CLOCK_ERROR_S: Final = 365 * _DAY_S
_LONGEST_AGE_MS: Final = 3660 * _DAY_S * 1000


class Incoming(NamedTuple):
    """A message as it came; `body` is exactly what was signed."""

    authorization: str
    media_type: str
    body: bytes


class Message(NamedTuple):
    """What an agent said, and when it reached us."""

    agent_id: str
    key_serial: int
    report: Report
    sha256: str
    received_at: datetime
    clock_offset_s: int
    """How far its clock is ahead of ours."""

    @property
    def captured_at(self) -> datetime:
        """When the host was looked at, by our clock: its own may be wrong."""
        age_ms = min(self.report.age_ms, _LONGEST_AGE_MS)
        return self.received_at - timedelta(0, 0, 0, age_ms)


def opened(incoming: Incoming, *, senders: AgentSenders, now: datetime) -> Message:
    """Return what a message says; nothing of its body is looked at before its signature.

    Raises:
        AgentRefusedError: it is not signed by an agent of ours (`unauthorized`), too large
            (`too-large`), no message (`not-json`, `too-deep`, `not-a-report`, ...), or its clock
            is off by more than a year (`clock-off`).
    """
    agent_id, serial, _ = senders.sender(incoming.authorization, incoming.body)
    report = _report(incoming)
    offset_s = report.sent_at - int(now.timestamp())
    if not -_MOST_CLOCK_ERROR_S <= offset_s <= _MOST_CLOCK_ERROR_S:
        raise AgentRefusedError(
            "clock-off",
            f"the host's clock is {abs(offset_s) // _DAY_S} days"
            f" {'ahead of' if offset_s > 0 else 'behind'} ours",
            remedy="set the host's clock; the agent reports by itself afterwards",
        )
    sha256 = sha256_of(incoming.body).hexdigest()
    return Message(agent_id, serial, report, sha256, now, offset_s)


def _report(incoming: Incoming) -> Report:
    text = _inflated(incoming) if incoming.media_type == COMPRESSED else incoming.body
    if incoming.media_type not in {COMPRESSED, PLAIN}:
        raise AgentRefusedError("unsupported-media-type", f"send {PLAIN} or {COMPRESSED}")
    try:
        return read(orjson.loads(text), simple=is_simple(text), encoded=canonical_values)
    except MessageError as error:
        raise AgentRefusedError(error.code, str(error)) from error
    except orjson.JSONDecodeError as error:
        code = "too-deep" if str(error).startswith(_TOO_DEEP) else "not-json"
        raise AgentRefusedError(code, "the body is not JSON that can be read") from error


def _inflated(incoming: Incoming) -> bytes:
    if len(incoming.body) > MOST_BODY_BYTES:
        raise AgentRefusedError("too-large", f"a body has at most {MOST_BODY_BYTES} bytes")
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(incoming.body, MOST_INFLATED_BYTES)
        if stream.unconsumed_tail or not stream.eof:
            whole = not stream.unconsumed_tail
            code = "not-json" if whole else "too-large"
            raise AgentRefusedError(
                code, f"the body is cut short or inflates to more than {MOST_INFLATED_BYTES} bytes"
            )
    except zlib.error as error:
        raise AgentRefusedError("not-json", "the body is not zlib data") from error
    return text
