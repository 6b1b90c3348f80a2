"""One capture and its report, and what the server says is to be done differently."""

from __future__ import annotations

from pathlib import Path

from agent.capture import capture
from agent.conversation import Conversation, Told
from agent.errors import RefusedError
from agent.identity import read_identity
from agent.private_files import only_reporter
from agent.session import Session
from agent.snapshot import write_snapshot


def report_once(state: Path, *, snapshot: Path | None = None) -> Told:
    """Capture and report; again at once where the server says what else is to be looked at.

    The first capture is written into `snapshot` as well, before anything is sent.

    Raises:
        AgentError: this host is not enrolled.
        RefusedError: the server takes no report of this agent.
        AwayError: the server cannot be reached now.
    """
    with only_reporter(state):
        return _report(Conversation(read_identity(state), Session(state)), state, snapshot)


def _report(conversation: Conversation, state: Path, snapshot: Path | None) -> Told:
    session = Session(state)
    session.watch_as_before()
    scope = session.scope()
    captured = capture(conversation.identity, scope, state=state)
    if snapshot is not None:
        write_snapshot(captured, snapshot, host=conversation.identity.host)
    try:
        outcome = conversation.tell(captured, scope)
    except RefusedError as error:
        if error.code not in {"replayed", "wrong-hash"}:
            raise
        # The state folder is older than what the server has, as after a restored backup; or
        # the server's copy is not what we think. Begun anew, it is told everything once.
        session.forget()
        if error.code == "replayed":
            conversation.begin_anew()
        outcome = conversation.tell(captured, scope)
    if outcome.scope is None:
        return outcome
    captured = capture(conversation.identity, outcome.scope, state=state)
    again = conversation.tell(captured, outcome.scope)
    return Told(outcome.turns + again.turns, outcome.bytes_sent + again.bytes_sent, again.every_s)
