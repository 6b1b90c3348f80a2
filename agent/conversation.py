"""One report to the server: a heartbeat where it has all of it, else what differs."""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from agent.capture import Captured
from agent.differences import Changes, changes_between, whole_sections
from agent.errors import AgentError, AwayError, RefusedError
from agent.identity import Identity
from agent.protocol.messages import REPORTS_PATH, Report, written
from agent.protocol.signing import authorization
from agent.scope import Scope
from agent.session import Session
from agent.spool import Entry
from agent.transport import Server

_COMPRESSED_FROM_BYTES = 1024
_MOST_TURNS = 3
_OF_THE_AGENT = frozenset({"clock-off", "unknown-version"})
"""Refusals that any other message would get as well, until the host or the server is mended."""
_OF_A_MESSAGE = frozenset({400, 415, 422})
_TOO_LARGE = 413


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
        self.identity = identity
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
        try:
            self._wait_until_asked_for()
            answers = self._tell_spooled(scope)
            return self._tell_now(captured, scope, answers)
        except AwayError as error:
            # A full disk must not hide that the server asked for time.
            with suppress(OSError):
                if error.retry_after_s:
                    self._session.keep_not_before(error.retry_after_s)
                self._spool(captured)
            raise

    def begin_anew(self) -> None:
        """Be another incarnation of the same agent, whose messages are numbered from 1."""
        self._keep(replace(self.identity, incarnation=secrets.token_hex(16)))
        self._session.restart()

    def _wait_until_asked_for(self) -> None:
        left_s = self._session.not_before() - time.time()
        if left_s > 0:
            raise AwayError(
                f"{self.identity.server} asked for no report in the next {left_s:.0f} s",
                retry_after_s=left_s,
            )

    def _tell_spooled(self, scope: Scope) -> list[Mapping[str, Any]]:
        """Tell what was spooled, oldest first; return the answers.

        One that the server will never take is set aside, and the next one tells what it said as
        well. Where the server has something else than the spool begins with, the spool is of no
        use: what the host is now is told instead.
        """
        answers: list[Mapping[str, Any]] = []
        for entry in self._session.spool.entries():
            try:
                answer = self._tell_entry(entry, scope)
            except (ValueError, RefusedError) as error:
                code, detail = _reason(error)
                if not self._session.set_aside(entry, code=code, detail=detail):
                    self._session.forget()
                    break
                continue
            answers.append(answer)
            if "held" in answer:
                self._session.forget()
                break
            self._session.spool.remove(entry)
        return answers

    def _tell_entry(self, entry: Entry, scope: Scope) -> Mapping[str, Any]:
        report = self._report(entry.root, scope, time.time() - entry.at)
        report = report._replace(base=entry.base, dropped=entry.dropped)
        return self._post(*_packed(written(report, entry.sections()))) or {}

    def _spool(self, captured: Captured) -> None:
        """Keep what changed for later; what the server was never told has no base to change."""
        base, changes, dropped = self._first(captured)
        if base is None:
            return
        at = time.time() - (time.monotonic() - captured.at)
        if self._session.spool.add(changes, base=base, root=captured.root, at=at, dropped=dropped):
            self._session.acknowledge(captured.root, captured.sections)

    def _tell_now(self, captured: Captured, scope: Scope, answers: list[Mapping[str, Any]]) -> Told:
        base, changes, dropped = self._first(captured)
        for _ in range(_MOST_TURNS):
            answer = self._send(captured, scope, base, changes, dropped) or {}
            answers.append(answer)
            held = answer.get("held")
            if held is None:
                if captured.root != self._session.acknowledged_root():
                    self._session.acknowledge(captured.root, captured.sections)
                return self._told(answers)
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
        report = self._report(captured.root, scope, time.monotonic() - captured.at)
        if base is not None:
            report = report._replace(base=base, sections=changes, dropped=dropped)
        return self._post(*_packed(written(report)))

    def _report(self, root: str, scope: Scope, age_s: float) -> Report:
        return Report(
            incarnation=self.identity.incarnation,
            seq=self._session.next_number(),
            sent_at=int(time.time()),
            age_ms=max(0, int(age_s * 1000)),
            nonce=secrets.token_hex(8),
            scope=scope.epoch,
            root=root,
        )

    def _post(self, media_type: str, body: bytes) -> Mapping[str, Any] | None:
        """Return the answer to a message, signed with the next key where one was offered."""
        identity = self.identity
        if identity.next_key is None or identity.next_serial is None:
            return self._signed(media_type, body, identity.key, identity.serial)
        old = replace(identity, next_key=None, next_serial=None)
        try:
            answer = self._signed(media_type, body, identity.next_key, identity.next_serial)
        except RefusedError as error:
            if error.code != "unauthorized":
                raise
            # A refusal of both keys says nothing of the next one: it must not be lost by it.
            answer = self._signed(media_type, body, identity.key, identity.serial)
            self._keep(old)
            return answer
        self._keep(replace(old, key=identity.next_key, serial=identity.next_serial))
        return answer

    def _keep(self, identity: Identity) -> None:
        self._session.keep_identity(identity)
        self.identity = identity

    def _signed(
        self, media_type: str, body: bytes, key: str, serial: int
    ) -> Mapping[str, Any] | None:
        headers = {"Content-Type": media_type}
        headers["Authorization"] = authorization(
            bytes.fromhex(key),
            agent_id=self.identity.agent_id,
            serial=serial,
            path=REPORTS_PATH,
            body=body,
        )
        self._bytes_sent += len(body)
        return self._server.post(REPORTS_PATH, body, headers)

    def _told(self, answers: Sequence[Mapping[str, Any]]) -> Told:
        every_s = scope = None
        for answer in answers:
            if "scope" in answer:
                scope = self._session.keep_scope(answer["scope"])
            every_s = answer.get("every_s", every_s)
            if "key" in answer:
                offered = answer["key"]
                self._keep(
                    replace(
                        self.identity,
                        next_key=str(offered["key"]),
                        next_serial=int(offered["serial"]),
                    )
                )
        return Told(len(answers), self._bytes_sent, every_s=every_s, scope=scope)


def _reason(error: ValueError | RefusedError) -> tuple[str, str]:
    """Return code and detail of what is wrong with a message.

    Raises:
        RefusedError: `error` itself, where it says nothing of the message.
    """
    if not isinstance(error, RefusedError):
        return "damaged", str(error)
    if error.status == _TOO_LARGE:  # a proxy's as well, which has words of its own
        return error.code or "too-large", str(error)
    if not error.code or error.status not in _OF_A_MESSAGE or error.code in _OF_THE_AGENT:
        raise error
    return error.code, str(error)


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
