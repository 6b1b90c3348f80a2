"""A host becomes an agent: a token that is good once is given for a key of its own."""

from __future__ import annotations

import json
import platform
import re
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent import __version__
from agent.errors import AgentError
from agent.host_root import check_root
from agent.identity import Identity, is_enrolled, keep_identity
from agent.private_files import private_folder, write_private
from agent.protocol.messages import ENROLL_PATH
from agent.transport import Server, check_url

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_LONGEST_HOST = 253
_ROOM = ".room"
_ROOM_BYTES = 8192
"""More than an identity takes."""


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
        AgentError: this host is enrolled already, `order.root` is no file system of a host, or a
            name or a tree of `order` cannot be one.
        OSError: the identity could not be kept in `state`; the token was not used.
    """
    url = check_url(order.url)
    _check_names(order)
    check_root(Path(order.root))
    if is_enrolled(state):
        raise AgentError(
            f"this host is enrolled already: {state} has its identity",
            remedy="remove that folder first; the server then needs `enroll-token --replace`",
        )
    private_folder(state)
    _make_room(state)
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
    try:
        answer = Server(url, order.ca_file).post(ENROLL_PATH, body, headers)
    finally:
        (state / _ROOM).unlink(missing_ok=True)
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


def _check_names(order: EnrolmentOrder) -> None:
    if order.host is not None and not (
        _HOST.fullmatch(order.host) and len(order.host) <= _LONGEST_HOST
    ):
        raise AgentError(
            f"--host {order.host!r} is no name of a host",
            remedy="write letters, digits, dots and dashes, as in the baseline, such as web-1",
        )
    for tree in order.trees:
        if not tree.startswith("/"):
            raise AgentError(
                f"--tree {tree!r} does not say where it begins",
                remedy=f"write it as the host has it, such as /{tree}",
            )


def _make_room(state: Path) -> None:
    """Let the disk have room for an identity: the token is used up before there is one to keep.

    Raises:
        OSError: there is none, or nothing can be written there.
    """
    try:
        write_private(state / _ROOM, bytes(_ROOM_BYTES), durable=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(state)) from error
