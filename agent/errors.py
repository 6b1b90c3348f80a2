"""What ends a command of the agent with a sentence rather than a traceback."""

from __future__ import annotations


class AgentError(Exception):
    """Why something cannot be done, and what to do about it."""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy


class RefusedError(AgentError):
    """The server answered no; `code` names why."""

    def __init__(self, message: str, *, code: str, status: int, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.status = status


class AwayError(AgentError):
    """The server cannot be reached, or asks to be asked later."""

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.retry_after_s = retry_after_s
