"""Agents of hosts on the wire, except their reports: those are the agent's own protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from reconciler.field_rules import Rule
from reconciler.wire import mapping
from reconciler.wire.model import Body, Wire, model
from reconciler.wire.remediations import ReasonBody
from reconciler.wire.rules import Duration, Time, Word, shown, text

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import agents
    from reconciler.domain.host_acceptance import HostAcceptance

HostName = Annotated[
    str, text(most=253, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", example="web-1")
]


@model
class EnrollTokenBody(Body):
    """A token that makes one agent, once; of any host without `host`."""

    host: HostName | None = None
    expires_in: Annotated[Duration, shown(examples=["1h"])] = "1h"
    interval: Annotated[Duration, shown(examples=["5m"])] = "5m"
    replace: bool = False


@model
class NewEnrollToken(Wire):
    """An enrolment token with its text, which is shown this once."""

    token_id: str
    token: str
    host: str | None
    expires_at: Time


@model
class EnrollBody(Body):
    """A host that wants to be an agent."""

    token: Annotated[str, text(most=400)]
    host: HostName
    incarnation: Annotated[str, text(least=32, most=32, pattern=r"^[0-9a-f]{32}$")]
    version: Annotated[str, text(least=0, most=200)] = ""
    system: Annotated[str, text(least=0, most=200)] = ""


@model
class Enrolled(Wire):
    """A new agent with its key, which is shown this once."""

    agent_id: str
    host: str
    key: str
    key_serial: int
    every_s: int


@model
class AcceptHostBody(ReasonBody):
    """Why a host is right as it is; in all sections without `sections`.

    `root` is the root of the host's last report that was looked at: where another one came
    since, nothing is accepted.
    """

    sections: Annotated[list[Word], Rule({"max_length": 16})] = field(default_factory=list)
    root: Annotated[str, text(most=64, pattern="^[0-9a-f]{64}$")] | None = None


@model
class HostAccepted(Wire):
    """How many differences of a host were accepted.

    `unreadable` are the paths that could not be read; they stay findings.
    """

    agent_id: str
    accepted: int
    unreadable: list[str] = field(default_factory=list)


@model
class HostTemplate(Wire):
    """What a stack would declare for a host to be as it is: the value of `trueup_host`."""

    trueup_host: Mapping[str, Any]


@model
class AcceptedPlaces(Wire):
    """How many places of a host are accepted, since when and by whom (`trueup agent accept`)."""

    places: int
    since: Time | None
    by: list[str]


@model
class Agent(Wire):
    """An agent and its last report. `clock_offset_s` is how far its clock is ahead of ours.

    `accepted` is null where the host is compared with its stack's code alone.
    """

    agent_id: str
    host: str
    state: Literal["active", "revoked", "cloned"]
    every_s: int
    enrolled_at: Time
    last_seen_at: Time | None
    captured_at: Time | None
    seq: int
    root: str
    epoch: str
    gaps: int
    clock_offset_s: int
    version: str
    system: str
    accepted: AcceptedPlaces | None = None


def agent_of(agent: agents.Agent, accepted: HostAcceptance | None) -> Agent:
    """Return an agent, and what is accepted of its host."""
    shown = None
    if accepted is not None:
        shown = mapping.shown(AcceptedPlaces, accepted, by=list(accepted.by))
    return mapping.shown(Agent, agent, accepted=shown)


def new_enroll_token_of(token: agents.EnrollToken, secret_text: str) -> NewEnrollToken:
    """Return an enrolment token with the text that makes an agent."""
    return mapping.shown(NewEnrollToken, token, token=secret_text)


def enrolled_of(agent: agents.Agent, key: bytes) -> Enrolled:
    """Return a new agent with its key."""
    return mapping.shown(Enrolled, agent, key=key.hex())
