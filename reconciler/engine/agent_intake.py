"""Reports of agents on their way in: believed one by one, written together."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.engine.agent_messages import Incoming, Message, opened
from reconciler.engine.agent_reports import Answer, take
from reconciler.engine.agent_senders import AgentSenders
from reconciler.engine.group_commit import GroupCommit
from reconciler.engine.service import Service


class AgentIntake:
    """Takes reports of agents for one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        instance_key = service.judging.key

        self._senders = AgentSenders(instance_key)
        self._commits: GroupCommit[Message, Answer] = GroupCommit(
            service.store, lambda tx, messages: take(tx, messages, key=instance_key)
        )

    async def take(self, incoming: Incoming) -> Answer:
        """Return the answer to a report; what it says is on the disk then.

        Raises:
            AgentRefusedError: it is not taken, and nothing of it is kept.
            RetryableError: too many reports wait, or the database cannot be written.
        """
        return await self._commits.submit(self._opened(incoming))

    def begin(self, incoming: Incoming, done: Callable[[Answer | Exception], None]) -> None:
        """Have `done` called as `take` would return or raise, once the disk has the report.

        Raises:
            AgentRefusedError: it is not taken, and `done` is not called.
            RetryableError: too many reports wait, and `done` is not called.
        """
        self._commits.add(self._opened(incoming), done)

    def _opened(self, incoming: Incoming) -> Message:
        return opened(incoming, senders=self._senders, now=self._service.clock.now())
