"""Connections on which plain reports of agents are answered right where their bytes arrive.

The parser of HTTP, a task and an application for each of ten thousand heartbeats a second take
three quarters of the time of all that is done for one. Whatever is no plain report goes the way
of every other request, on the same connection.
"""

from __future__ import annotations

from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from reconciler.api.agent_lane import QUIET, AgentLane, Told
from reconciler.api.connections import (
    ANSWER,
    BODY,
    HEAD,
    IDLE,
    ConnectionLimits,
    Connections,
    GuardedProtocol,
)
from reconciler.api.report_frame import MOST_BODY_BYTES, MOST_HEAD_BYTES, Frame, NoFrame, read_frame
from reconciler.engine.agent_messages import Incoming

_MOST_WAITING_BYTES: Final = MOST_HEAD_BYTES + MOST_BODY_BYTES


class ReportProtocol(GuardedProtocol):
    """A guarded connection with a lane for reports; see the module.

    A report is answered before the next request on its connection is looked at.
    """

    lane: AgentLane
    """One per application; set by `report_protocol`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._arrived = bytearray()
        self._needed = 0
        self._answering = False
        self._ends = False
        self._goes_on = False
        self._idle_since = 0.0

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what arrived."""
        self._arrived.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a plain report, and leave everything else to the parser."""
        if not (self._arrived or self._answering or self._is_between_requests()):
            super().data_received(data)
        elif self._arrived or self._is_busy():
            self._arrived += data
            if len(self._arrived) > _MOST_WAITING_BYTES:
                self.flow.pause_reading()
            self._go_on()
        else:
            self._take(data)

    def resume_writing(self) -> None:
        """Go on with what arrived while the client took no answers."""
        super().resume_writing()
        self._go_on()

    def timeout_keep_alive_handler(self) -> None:
        """End it where nothing was asked for long enough: reports do not set the timer anew."""
        self.timeout_keep_alive_task = None
        if self._state != IDLE:
            return  # the next answer sets it
        left_s = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left_s > 0:
            self._end_when_idle(left_s)
        else:
            super().timeout_keep_alive_handler()

    def _end_when_idle(self, within_s: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            within_s, self.timeout_keep_alive_handler
        )

    def shutdown(self) -> None:
        """End the connection, after the answer that is under way."""
        if self._answering:
            self._ends = True
        else:
            super().shutdown()

    def _is_busy(self) -> bool:
        return self._answering or self.flow.write_paused

    def _is_between_requests(self) -> bool:
        """Whether the next byte is the first one of a request, as the parser sees it."""
        return (
            self._state in (IDLE, HEAD)
            and self._head_bytes == 0
            and (self.cycle is None or self.cycle.response_complete)
        )

    def _go_on(self) -> None:
        whole = self._arrived and len(self._arrived) >= self._needed
        if not whole or self._goes_on or self._is_busy() or self.transport.is_closing():
            return
        data = bytes(self._arrived)
        self._arrived.clear()
        self._take(data)

    def _take(self, data: bytes) -> None:
        """Take what a request begins with; nothing before it is under way."""
        self._needed = 0
        frame = read_frame(data)
        if frame is NoFrame.OTHER:
            self.flow.resume_reading()
            super().data_received(data)
            return
        if isinstance(frame, NoFrame):
            self._wait(HEAD, data)
        elif frame.end > len(data):
            self._needed = frame.end
            self._wait(BODY, data)
        else:
            if frame.end < len(data):
                self._arrived += data[frame.end :]
            if len(self._arrived) <= _MOST_WAITING_BYTES:
                self.flow.resume_reading()
            self._report(frame, data)

    def _wait(self, state: str, data: bytes) -> None:
        self._arrived += data
        if self._state != state:
            self._enter(state)

    def _report(self, frame: Frame, data: bytes) -> None:
        self._enter(ANSWER)
        self._answering = True
        incoming = Incoming(frame.authorization, frame.media_type, data[frame.body : frame.end])
        self.lane.begin(incoming, self._answer)

    def _answer(self, told: Told) -> None:
        self._answering = False
        if self.transport.is_closing():
            return
        self.transport.write(_WRITTEN_QUIET if told is QUIET else _written(told))
        self.server_state.total_requests += 1
        if self._ends:
            self.transport.close()
            return
        self._enter(IDLE)
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._end_when_idle(self.timeout_keep_alive)
        if self._arrived and not self._goes_on:
            # Not from here: each of a thousand refusals in one packet would call the next one.
            self._goes_on = True
            self.loop.call_soon(self._go_on_now)

    def _go_on_now(self) -> None:
        self._goes_on = False
        self._go_on()


def report_protocol(limits: ConnectionLimits, lane: AgentLane) -> type[ReportProtocol]:
    """Return the protocol of one server, with its connections counted."""

    class Reporting(ReportProtocol):
        guard = Connections(limits)

    Reporting.lane = lane
    return Reporting


def _written(told: Told) -> bytes:
    status, headers, content = told
    lines = [name + b": " + value + b"\r\n" for name, value in headers]
    return b"".join((STATUS_LINE[status], *lines, b"\r\n", content))


_WRITTEN_QUIET: Final = _written(QUIET)
