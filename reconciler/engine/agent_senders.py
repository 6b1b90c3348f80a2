"""Who signed a report: an agent's key is made once, and not looked for with each report of it."""

from __future__ import annotations

from typing import Final, NamedTuple

from agent.protocol.messages import REPORTS_PATH
from agent.protocol.signing import Signer, is_signed, read_authorization, signer
from reconciler.domain.agents import agent_key
from reconciler.engine.agent_refusals import AgentRefusedError

_MOST: Final = 16_384
_SIGNATURE: Final = 1 + 64
"""Characters at the end of a header: a point, and the signature."""


class Sender(NamedTuple):
    """An agent of that id with the key of that serial, whether or not it is one of ours."""

    agent_id: str
    key_serial: int
    signer: Signer


class AgentSenders:
    """Those that have signed something for an instance lately.

    A key is made of its serial, so that nothing kept here can become wrong; whether the agent may
    still use it is asked of the store with each report.
    """

    def __init__(self, instance_key: bytes) -> None:
        self._instance_key = instance_key
        self._known: dict[str, Sender] = {}

    def sender(self, authorization: str, body: bytes) -> Sender:
        """Return who signed exactly `body`; nobody who signed nothing is remembered.

        Raises:
            AgentRefusedError: `unauthorized`.
        """
        who, given = authorization[:-_SIGNATURE], authorization[1 - _SIGNATURE :]
        known = self._known.get(who)
        if known is None or authorization[-_SIGNATURE] != "." or not given.isascii():
            return self._new(who, authorization, body)
        if not is_signed(known.signer, given, body):
            raise _refused()
        return known

    def _new(self, who: str, authorization: str, body: bytes) -> Sender:
        read = read_authorization(authorization)
        if read is None:
            raise AgentRefusedError("unauthorized", "a report is signed by an enrolled agent")
        agent_id, serial, given = read
        key = agent_key(self._instance_key, agent_id=agent_id, serial=serial)
        sender = Sender(agent_id, serial, signer(key, path=REPORTS_PATH))
        if not is_signed(sender.signer, given, body):
            raise _refused()
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[who] = sender
        return sender


def _refused() -> AgentRefusedError:
    return AgentRefusedError("unauthorized", "the signature is not that of an enrolled agent")
