"""One report to the server: a heartbeat where it has all of it, else what differs."""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agent.capture import Captured
from agent.differences import Changes, changes_between, whole_sections
from agent.errors import AgentError
from agent.identity import Identity
from agent.protocol.messages import REPORTS_PATH, Report, written
from agent.protocol.signing import authorization
from agent.scope import Scope
from agent.session import Session
from agent.transport import Server

_COMPRESSED_FROM_BYTES = 1024
_MOST_TURNS = 3


@dataclass(frozen=True)
class Told:
    """What came of it. `bytes_sent` counts the bodies; `scope` is set when it is a new one."""

    turns: int
    bytes_sent: int
    every_s: float | None = None
    scope: Scope | None = None


class Conversation:
    """Reports of one agent to its server."""

    def __init__(self, identity: Identity, session: Session) -> None:
        self._identity = identity
        self._session = session
        self._server = Server(identity.server, identity.ca_file)
        self._bytes_sent = 0

    def tell(self, captured: Captured, scope: Scope) -> Told:
        """Let the server have `captured`; when this returns it is on the server's disk.

        Raises:
            RefusedError: the server takes no report of this agent.
            AwayError: the server cannot be reached now.
            AgentError: server and agent do not agree on what was said.
        """
        self._bytes_sent = 0
        answers: list[Mapping[str, Any]] = []
        base, changes, dropped = self._first(captured)
        for turn in range(1, _MOST_TURNS + 1):
            answer = self._send(captured, scope, base, changes, dropped) or {}
            answers.append(answer)
            held = answer.get("held")
            if held is None:
                if captured.root != self._session.acknowledged_root():
                    self._session.acknowledge(captured.root, captured.sections)
                return self._told(turn, answers)
            base = str(answer["base"])
            changes = whole_sections(held, captured.digests, captured.sections)
            dropped = [name for name in held if name not in captured.sections]
        raise AgentError("the server did not take what it asked for", remedy="look at its log")

    def _first(self, captured: Captured) -> tuple[str | None, Changes, Sequence[str]]:
        root = self._session.acknowledged_root()
        sections = self._session.acknowledged() if root not in {None, captured.root} else None
        if sections is None:
            return None, {}, ()
        dropped = [name for name in sections if name not in captured.sections]
        return root, changes_between(sections, captured.sections), dropped

    def _send(
        self,
        captured: Captured,
        scope: Scope,
        base: str | None,
        changes: Changes,
        dropped: Sequence[str],
    ) -> Mapping[str, Any] | None:
        report = Report(
            incarnation=self._identity.incarnation,
            seq=self._session.next_number(),
            sent_at=int(time.time()),
            age_ms=int((time.monotonic() - captured.at) * 1000),
            nonce=secrets.token_hex(8),
            scope=scope.epoch,
            root=captured.root,
        )
        if base is not None:
            report = replace(report, base=base, sections=changes, dropped=dropped)
        return self._post(*_packed(written(report)))

    def _post(self, media_type: str, body: bytes) -> Mapping[str, Any] | None:
        headers = {"Content-Type": media_type}
        identity = self._identity
        headers["Authorization"] = authorization(
            bytes.fromhex(identity.key),
            agent_id=identity.agent_id,
            serial=identity.serial,
            path=REPORTS_PATH,
            body=body,
        )
        self._bytes_sent += len(body)
        return self._server.post(REPORTS_PATH, body, headers)

    def _told(self, turns: int, answers: Sequence[Mapping[str, Any]]) -> Told:
        every_s = scope = None
        for answer in answers:
            if "scope" in answer:
                scope = self._session.keep_scope(answer["scope"])
            every_s = answer.get("every_s", every_s)
        return Told(turns, self._bytes_sent, every_s=every_s, scope=scope)


def _packed(pieces: Iterator[bytes]) -> tuple[str, bytes]:
    """Return the media type and the bytes of a message, compressed where that saves some."""
    begin = b""
    for piece in pieces:
        begin += piece
        if len(begin) >= _COMPRESSED_FROM_BYTES:
            break
    else:
        return "application/json", begin
    stream = zlib.compressobj(6)
    packed = [stream.compress(begin), *map(stream.compress, pieces), stream.flush()]
    return "application/zlib", b"".join(packed)
