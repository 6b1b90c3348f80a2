"""Who this agent is: made at enrolment, kept in a file that only its owner reads."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from agent.errors import AgentError
from agent.private_files import write_private

_FILE = "identity.json"
_NEXT_FILE = "next-key.json"


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
    cloud: bool = False
    """Whether the cloud's metadata service is asked what this machine is."""
    next_key: str | None = None
    next_serial: int | None = None
    """The key that the server has offered, until it has taken a message that it signs."""


_NAMES = frozenset(each.name for each in fields(Identity))


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
    said = asdict(identity)
    # Apart: an agent of an older version reads only the names that it knows.
    offered = {name: said.pop(name) for name in ("next_key", "next_serial")}
    if identity.next_key is not None:
        write_private(folder / _NEXT_FILE, json.dumps(offered).encode(), durable=True)
    write_private(folder / _FILE, json.dumps(said, indent=1).encode(), durable=True)
    if identity.next_key is None:
        (folder / _NEXT_FILE).unlink(missing_ok=True)


def read_identity(folder: Path) -> Identity:
    """Return the identity that was kept.

    Raises:
        AgentError: there is none, or it cannot be read.
    """
    file = folder / _FILE
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        identity = Identity(**{name: said[name] for name in _NAMES & said.keys()})
        return _with_next_key(folder, identity)
    except FileNotFoundError:
        raise AgentError(
            f"this host is not enrolled: {file} does not exist",
            remedy="get a token with `trueup agent enroll-token`, then run `trueup-agent enroll`",
        ) from None
    except OSError as error:
        raise AgentError(
            f"{file}: {error.strerror}", remedy="run it as the user who enrolled this host"
        ) from None
    except (ValueError, TypeError, AttributeError):
        raise AgentError(
            f"{file} cannot be read: it is damaged", remedy="revoke this agent and enroll it again"
        ) from None


def _with_next_key(folder: Path, identity: Identity) -> Identity:
    """Return `identity` with the key that it was offered, if it has not taken it meanwhile."""
    try:
        offered = json.loads((folder / _NEXT_FILE).read_text(encoding="utf-8"))
        key, serial = str(offered["next_key"]), int(offered["next_serial"])
        bytes.fromhex(key)
    except (OSError, ValueError, TypeError, KeyError):
        return identity  # the server offers it again
    if serial <= identity.serial:
        return identity
    return replace(identity, next_key=key, next_serial=serial)
