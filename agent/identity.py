"""Who this agent is: made at enrolment, kept in a file that only its owner reads."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.errors import AgentError
from agent.private_files import write_private

_FILE = "identity.json"


@dataclass(frozen=True)
class Identity:
    """The key the server gave, the host it stands for, and what of it is looked at."""

    server: str
    agent_id: str
    host: str
    key: str
    serial: int
    incarnation: str
    digest_key: str
    """Of this host alone: digests of what is secret are made with it."""
    root: str = "/"
    trees: Sequence[str] = ("/etc",)
    ca_file: str | None = None
    next_key: str | None = None
    next_serial: int | None = None
    """The key that the server has offered, until it has taken a message that it signs."""


def default_state_folder() -> Path:
    """Return where the agent keeps its files: the system's place for root, else the user's."""
    named = os.environ.get("TRUEUP_AGENT_STATE")
    if named:
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/trueup-agent")
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(state) / "trueup-agent"


def is_enrolled(folder: Path) -> bool:
    """Whether an identity lies in `folder`."""
    return (folder / _FILE).exists()


def keep_identity(folder: Path, identity: Identity) -> None:
    """Keep the identity; it is on the disk when this returns."""
    text = json.dumps(asdict(identity), indent=1)
    write_private(folder / _FILE, text.encode(), durable=True)


def read_identity(folder: Path) -> Identity:
    """Return the identity that was kept.

    Raises:
        AgentError: there is none, or it cannot be read.
    """
    file = folder / _FILE
    try:
        return Identity(**json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise AgentError(
            f"this host is not enrolled: {file} does not exist",
            remedy="get a token with `trueup agent enroll-token`, then run `trueup-agent enroll`",
        ) from None
    except OSError as error:
        raise AgentError(
            f"{file}: {error.strerror}", remedy="run it as the user who enrolled this host"
        ) from None
    except (ValueError, TypeError):
        raise AgentError(
            f"{file} cannot be read: it is damaged", remedy="revoke this agent and enroll it again"
        ) from None
