"""A host becomes an agent: a token that is good once is given for a key of its own."""

from __future__ import annotations

import json
import platform
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent import __version__
from agent.errors import AgentError
from agent.identity import Identity, is_enrolled, keep_identity
from agent.private_files import private_folder
from agent.protocol.messages import ENROLL_PATH
from agent.transport import Server, check_url


@dataclass(frozen=True)
class EnrolmentOrder:
    """Where to enroll with which token, and what of the host is to be looked at."""

    url: str
    token: str
    host: str | None = None
    root: str = "/"
    trees: Sequence[str] = ("/etc",)
    ca_file: str | None = None
    cloud: bool = False


def enroll(order: EnrolmentOrder, *, state: Path) -> Identity:
    """Return the identity of this host, which is on the disk.

    Raises:
        RefusedError: the server does not take the token, or knows the host already.
        AwayError: the server cannot be reached.
        AgentError: this host is enrolled already.
    """
    url = check_url(order.url)
    if is_enrolled(state):
        raise AgentError(
            f"this host is enrolled already: {state} has its identity",
            remedy="remove that folder first; the server then needs `enroll-token --replace`",
        )
    private_folder(state)
    incarnation = secrets.token_hex(16)
    asked = {
        "token": order.token,
        "host": order.host or socket.gethostname().lower(),
        "incarnation": incarnation,
        "version": __version__,
        "system": f"{platform.system()} {platform.release()}"[:200],
    }
    body = json.dumps(asked).encode()
    headers = {"Content-Type": "application/json"}
    answer = Server(url, order.ca_file).post(ENROLL_PATH, body, headers)
    if answer is None:
        raise AgentError(f"{url} gave no identity", remedy="check that it is a trueup daemon")
    identity = Identity(
        server=url,
        agent_id=str(answer["agent_id"]),
        host=str(answer["host"]),
        key=str(answer["key"]),
        serial=int(answer["key_serial"]),
        incarnation=incarnation,
        digest_key=secrets.token_hex(32),
        root=order.root,
        trees=tuple(order.trees),
        ca_file=order.ca_file,
        cloud=order.cloud,
    )
    keep_identity(state, identity)
    return identity
