"""`/agents`: hosts that report what they are."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from agent.protocol.signing import SCHEME
from reconciler.api.answers import Actor, Daemon, Id, answered, nothing, page_of
from reconciler.api.queries import HostTemplateQuery, ListQuery, words_of
from reconciler.api.refusal import Refusal
from reconciler.domain.agents import Agent
from reconciler.domain.records import Page
from reconciler.durations import read_duration
from reconciler.engine.agent_intake import AgentIntake
from reconciler.engine.agent_messages import Incoming
from reconciler.engine.agent_refusals import AgentRefusedError
from reconciler.engine.agents import (
    EnrolmentOrder,
    HostIntroduction,
    enroll,
    issue_enroll_token,
    revoke,
    rotate_key,
)
from reconciler.engine.host_acceptance import (
    accept_host,
    accepted_hosts,
    accepted_of,
    host_template,
    undo_accept_host,
)
from reconciler.wire.agents import (
    AcceptHostBody,
    EnrollBody,
    EnrollTokenBody,
    HostAccepted,
    HostTemplate,
    agent_of,
    enrolled_of,
    new_enroll_token_of,
)
from reconciler.wire.pages import page_object


async def list_agents(service: Daemon, query: Annotated[ListQuery, Query()]) -> Response:
    """List agents, by host."""
    found, accepted = await service.store.read(
        lambda view: (view.agents.all(), accepted_hosts(view))
    )
    page: Page[Agent] = page_of(found, query, key=lambda agent: f"{agent.host}\n{agent.agent_id}")
    return answered(page_object(page, lambda agent: agent_of(agent, accepted_of(agent, accepted))))


async def create_enroll_token(service: Daemon, actor: Actor, body: EnrollTokenBody) -> Response:
    """Make a token that enrolls one host; its text is in this answer and never again."""
    order = EnrolmentOrder(
        host=body.host,
        valid_for=read_duration(body.expires_in),
        every=read_duration(body.interval),
        replaces=body.replace,
    )
    token, text = await issue_enroll_token(service, order, actor=actor)
    return answered(new_enroll_token_of(token, text), status=201)


async def enroll_host(service: Daemon, body: EnrollBody) -> Response:
    """Make a host an agent, by a token that is good once; its key is in this answer only."""
    host = HostIntroduction(body.host, body.incarnation, body.version, body.system)
    agent, key = await enroll(service, body.token, host)
    return answered(enrolled_of(agent, key), status=201)


async def take_report(request: Request) -> Response:
    """Take a signed report of an agent: durable when it is answered (docs/agent.md)."""
    incoming = Incoming(
        authorization=request.headers.get("authorization", ""),
        media_type=request.headers.get("content-type", ""),
        body=await request.body(),
    )
    intake: AgentIntake = request.app.state.agent_intake
    try:
        answer = await intake.take(incoming)
    except AgentRefusedError as error:
        raise refused_as(error) from error
    return answered(answer) if answer else nothing()


def refused_as(error: AgentRefusedError) -> Refusal:
    """Return how an agent hears that its report is not taken."""
    # RFC 9110, 11.6.1: a 401 names the scheme that would be accepted.
    wanted = {"WWW-Authenticate": SCHEME} if error.status == HTTPStatus.UNAUTHORIZED else {}
    return Refusal(error.status, error.code, str(error), remedy=error.remedy, headers=wanted)


async def rotate_key_of(service: Daemon, actor: Actor, agent_id: Id) -> Response:
    """Give an agent another key with the answer to its next report."""
    rotating = await rotate_key(service, agent_id, actor=actor)
    accepted = await service.store.read(accepted_hosts)
    return answered(agent_of(rotating, accepted_of(rotating, accepted)))


async def accept_host_as_it_is(
    service: Daemon, actor: Actor, agent_id: Id, body: AcceptHostBody
) -> Response:
    """Take a host as right as it was reported last; a further change is a difference again."""
    made = await accept_host(
        service,
        agent_id,
        sections=body.sections,
        reason=body.reason,
        root=body.root,
        actor=actor,
    )
    return answered(
        HostAccepted(agent_id=agent_id, accepted=made.count, unreadable=list(made.unreadable))
    )


async def undo_accept(service: Daemon, actor: Actor, agent_id: Id) -> Response:
    """Compare a host with the code of its stack alone, as before anything was accepted."""
    await undo_accept_host(service, agent_id, actor=actor)
    return answered(HostAccepted(agent_id=agent_id, accepted=0))


async def read_host_template(
    service: Daemon, agent_id: Id, query: Annotated[HostTemplateQuery, Query()]
) -> Response:
    """Return what a stack would declare for the host to be as it was reported last."""
    form = await host_template(
        service, agent_id, sections=words_of(query.sections), paths=words_of(query.paths)
    )
    return answered(HostTemplate(trueup_host=form))


async def revoke_agent(service: Daemon, actor: Actor, agent_id: Id) -> Response:
    """Take no report of an agent any more."""
    await revoke(service, agent_id, actor=actor)
    return nothing()
