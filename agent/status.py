"""How this host stands with its server, of what lies in the state folder; nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent.identity import Identity
from agent.refused import RefusedReport
from agent.session import Session


@dataclass(frozen=True)
class Status:
    """`root` is of the last capture that was acknowledged or spooled, `spooled` counts those."""

    identity: Identity
    root: str | None
    spooled: int
    refused: tuple[RefusedReport, ...]

    def lines(self) -> Iterator[str]:
        """Yield lines for a person."""
        identity = self.identity
        yield f"{identity.host}: agent {identity.agent_id} of {identity.server}"
        yield f"last report: {self.root or 'none'}"
        yield f"waiting for the server: {self.spooled}"
        yield f"refused by the server: {len(self.refused)}"
        yield from (f"  {report}" for report in self.refused)

    def as_json(self) -> dict[str, Any]:
        """Return the same for a program."""
        identity = self.identity
        return {
            "host": identity.host,
            "agent_id": identity.agent_id,
            "server": identity.server,
            "root": self.root,
            "spooled": self.spooled,
            "refused": [
                {"file": str(report.file), "at": report.at, "code": report.code,
                 "detail": report.detail}
                for report in self.refused
            ],
        }  # fmt: skip


def status_of(identity: Identity, session: Session) -> Status:
    """Return how the agent of `identity` stands."""
    return Status(
        identity,
        session.acknowledged_root(),
        session.spool.count(),
        tuple(session.refused.all()),
    )
