"""Agents of hosts as they are kept, and the key that each one signs with."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

KEY_USED_FOR: Final = timedelta(days=45)
"""An agent is given another key then; the old one works until the new one was used."""


class AgentState(StrEnum):
    """Whether an agent's reports are taken."""

    ACTIVE = "active"
    REVOKED = "revoked"
    CLONED = "cloned"
    """Two hosts report with its key, and nobody can tell which of them is meant."""


class Agent(NamedTuple):
    """One agent and the last report of it that was taken.

    `incarnation` is made with the agent's files; `former_incarnation` is the one before. `seq` and
    `message_sha256` are of the last report, `root` is of what is kept of the host. `epoch` names
    the baselines of its host, and `scope` those that it knew when it looked. `clock_offset_s` is
    how far its clock was ahead of ours. `rotating` says that it is offered its next key.
    """

    agent_id: str
    host: str
    state: AgentState
    incarnation: str
    enrolled_at: datetime
    every_s: int
    key_serial: int = 1
    former_incarnation: str | None = None
    seq: int = 0
    message_sha256: str = ""
    root: str = ""
    epoch: str = ""
    last_seen_at: datetime | None = None
    captured_at: datetime | None = None
    clock_offset_s: int = 0
    gaps: int = 0
    version: str = ""
    system: str = ""
    scope: str = ""
    key_since: datetime | None = None
    rotating: bool = False


class AgentSection(NamedTuple):
    """One section of a host as it was reported; `body` is compressed, `digest` is hexadecimal."""

    agent_id: str
    name: str
    status: str
    digest: str
    leaves: int
    body: bytes


@dataclass(frozen=True, slots=True)
class EnrollToken:
    """A token that makes one agent, once; only the digest of its secret is kept."""

    token_id: str
    secret_sha256: str
    host: str | None
    replaces: bool
    every_s: int
    created_by: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    agent_id: str | None = None


def agent_key(instance_key: bytes, *, agent_id: str, serial: int) -> bytes:
    """Return the key of an agent. It is kept nowhere: a stolen database signs nothing."""
    message = b"agent-key\0" + f"{agent_id}.{serial}".encode()
    return hmac.digest(instance_key, message, "sha256")


def next_agent_key(instance_key: bytes, agent: Agent) -> tuple[int, bytes]:
    """Return serial and key of the key that follows the one of `agent`."""
    serial = agent.key_serial + 1
    return serial, agent_key(instance_key, agent_id=agent.agent_id, serial=serial)


def is_key_old(agent: Agent, *, now: datetime) -> bool:
    """Whether the key of `agent` has been in use for so long that it is to be replaced."""
    return now - (agent.key_since or agent.enrolled_at) > KEY_USED_FOR
