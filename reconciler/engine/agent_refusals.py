"""Why a report of an agent is not taken."""

from __future__ import annotations

from typing import Final

from reconciler.domain.errors import ReconcilerError

_STATUS: Final = {
    "unauthorized": 401,
    "revoked": 401,
    "cloned": 409,
    "replayed": 409,
    "too-large": 413,
    "unsupported-media-type": 415,
}


class AgentRefusedError(ReconcilerError):
    """A message that is not taken; nothing of it is kept. `code` names why, in one stable word."""

    def __init__(self, code: str, detail: str, *, remedy: str | None = None) -> None:
        super().__init__(detail, remedy=remedy)
        self.code = code

    @property
    def status(self) -> int:
        """The HTTP status it is answered with."""
        return _STATUS.get(self.code, 422)
