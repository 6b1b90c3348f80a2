"""One capture and its report, and what the server says is to be done differently."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from agent.capture import capture
from agent.conversation import Conversation, Told
from agent.errors import RefusedError
from agent.identity import Identity, keep_identity
from agent.session import Session


def report_once(identity: Identity, state: Path) -> Told:
    """Capture and report; again at once where the server says what else is to be looked at.

    Raises:
        RefusedError: the server takes no report of this agent.
        AwayError: the server cannot be reached now.
    """
    session = Session(state)
    scope = session.scope()
    captured = capture(identity, scope, state=state)
    try:
        outcome = Conversation(identity, session).tell(captured, scope)
    except RefusedError as error:
        if error.code not in {"replayed", "wrong-hash"}:
            raise
        # The state folder is older than what the server has, as after a restored backup; or
        # the server's copy is not what we think. Begun anew, it is told everything once.
        session.forget()
        if error.code == "replayed":
            identity = replace(identity, incarnation=secrets.token_hex(16))
            keep_identity(state, identity)
            session.restart()
        outcome = Conversation(identity, session).tell(captured, scope)
    if outcome.scope is None:
        return outcome
    captured = capture(identity, outcome.scope, state=state)
    again = Conversation(identity, session).tell(captured, outcome.scope)
    return Told(outcome.turns + again.turns, outcome.bytes_sent + again.bytes_sent, again.every_s)
