"""Reports of agents, past everything that only people's requests need.

Ten thousand a second come, so nothing is looked up for one that its signature does not need: no
route among sixty, no token, no body as a tree. A plain one is answered right where its bytes
arrive (`report_connections`); another one as an application is asked. What an agent would not
send, such as a body without a length, is refused where every other request is: the table lists
the operation as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import Receive, Scope, Send

from agent.protocol.messages import REPORTS_PATH
from reconciler.api.answers import answered
from reconciler.api.edge import log_failure
from reconciler.api.limits import SECURITY_HEADERS, Limits
from reconciler.api.metrics import Metrics
from reconciler.api.problem import refusal_of
from reconciler.api.refusal_log import RefusalLog, claimed_by
from reconciler.api.resources.agents import refused_as
from reconciler.engine.agent_intake import AgentIntake
from reconciler.engine.agent_messages import Incoming
from reconciler.engine.agent_refusals import AgentRefusedError
from reconciler.engine.agent_reports import Answer

_INTERNAL_ERROR: Final = 500
_HEADERS: Final = [
    (name.lower().encode(), value.encode()) for name, value in SECURITY_HEADERS.items()
]
_LONGEST_NUMBER: Final = 19
"""Digits of a length that is read; zeros before it would hide how long a body is."""
Told = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers and body of an answer."""
QUIET: Final[Told] = (204, _HEADERS, b"")
"""Nearly every answer; making it of a response takes longer than checking the signature."""


class AgentLane:
    """Answers reports of agents as the rest of the API would, in a fraction of its time."""

    def __init__(self, intake: AgentIntake, *, metrics: Metrics, limits: Limits) -> None:
        self._intake = intake
        self._metrics = metrics
        self._refusals = RefusalLog()
        self._most_body = limits.body_of(REPORTS_PATH)
        self._most_head = limits.header_bytes

    def begin(self, incoming: Incoming, answer: Callable[[Told], None]) -> None:
        """Have `answer` called once: when the disk has the report, or at once with a refusal."""
        began = time.perf_counter()

        def done(outcome: Answer | Exception) -> None:
            told = self._tell(incoming, outcome)
            self._count(told, began)
            answer(told)

        try:
            self._intake.begin(incoming, done)
        except Exception as error:  # noqa: BLE001 - the one place where such a request ends
            done(error)

    async def served(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer the request and return True, or leave it alone and return False."""
        if scope["type"] != "http" or scope["path"] != REPORTS_PATH or scope["method"] != "POST":
            return False
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if not self._is_plain(scope, headers):
            return False
        began = time.perf_counter()
        body = await _body(receive)
        if body is None:
            return True  # nobody takes an answer
        told = await self._answer(headers, body)
        self._count(told, began)
        status, answer_headers, content = told
        await send({"type": "http.response.start", "status": status, "headers": answer_headers})
        await send({"type": "http.response.body", "body": content})
        return True

    def _is_plain(self, scope: Scope, headers: Mapping[bytes, bytes]) -> bool:
        length = headers.get(b"content-length", b"")
        return (
            length.isdigit()
            and len(length) <= _LONGEST_NUMBER
            and int(length) <= self._most_body
            and b"content-encoding" not in headers
            and not scope["query_string"]
            and sum(map(len, headers)) + sum(map(len, headers.values())) <= self._most_head
            and len(headers) == len(scope["headers"])
        )

    async def _answer(self, headers: Mapping[bytes, bytes], body: bytes) -> Told:
        incoming = Incoming(
            authorization=headers.get(b"authorization", b"").decode("latin-1"),
            media_type=headers.get(b"content-type", b"").decode("latin-1"),
            body=body,
        )
        try:
            return self._tell(incoming, await self._intake.take(incoming))
        except Exception as error:  # noqa: BLE001 - the one place where such a request ends
            return self._tell(incoming, error)

    def _tell(self, incoming: Incoming, outcome: Answer | Exception) -> Told:
        if isinstance(outcome, Exception):
            self._refusals.note(claimed_by(incoming), outcome)
        return _told(outcome)

    def _count(self, told: Told, began: float) -> None:
        self._metrics.answered(
            method="POST", route=REPORTS_PATH, status=told[0], seconds=time.perf_counter() - began
        )


def _told(outcome: Answer | Exception) -> Told:
    if not outcome:
        return QUIET
    if isinstance(outcome, AgentRefusedError):
        response = refused_as(outcome).response()
    elif isinstance(outcome, Exception):
        refusal = refusal_of(outcome)
        if refusal.status == _INTERNAL_ERROR:
            log_failure({}, outcome)
        response = refusal.response()
    else:
        response = answered(outcome)
    return response.status_code, _HEADERS + response.raw_headers, bytes(response.body)


async def _body(receive: Receive) -> bytes | None:
    """Return the body; None where the client is gone before its end."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message["body"])
        if not message.get("more_body"):
            return b"".join(parts)
