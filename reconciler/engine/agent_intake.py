"""Reports of agents on their way in: believed one by one, written together."""

from __future__ import annotations

from reconciler.engine.agent_messages import Incoming, Message, opened
from reconciler.engine.agent_reports import Answer, take
from reconciler.engine.group_commit import GroupCommit
from reconciler.engine.service import Service


class AgentIntake:
    """Takes reports of agents for one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        key = service.judging.key
        self._commits: GroupCommit[Message, Answer] = GroupCommit(
            service.store, lambda tx, messages: take(tx, messages, key=key)
        )

    async def take(self, incoming: Incoming) -> Answer:
        """Return the answer to a report; what it says is on the disk then.

        Raises:
            AgentRefusedError: it is not taken, and nothing of it is kept.
            RetryableError: too many reports wait, or the database cannot be written.
        """
        now = self._service.clock.now()
        message = opened(incoming, instance_key=self._service.judging.key, now=now)
        return await self._commits.submit(message)
