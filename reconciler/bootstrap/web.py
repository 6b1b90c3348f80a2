"""The listening socket and the server on it."""

from __future__ import annotations

import contextlib
import gc
import ipaddress
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn
from fastapi import FastAPI

from reconciler.domain.errors import PermanentError

_BACKLOG: Final = 1024
_GRACE_S: Final = 5
_IDLE_S: Final = 30
_HEADER_BYTES: Final = 16 * 1024


def bind(listen: str, *, insecure: bool = False) -> socket.socket:
    """Return a socket that listens on `listen` (`HOST:PORT`; port 0 takes a free one).

    Raises:
        PermanentError: the address is taken or not ours, or tokens would cross a network in
            clear: only loopback is listened on unless `insecure` says it is known.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM
        )[0]
    except OSError as error:
        raise PermanentError(
            f"{listen}: {host} has no address", remedy="correct `listen` in [daemon]"
        ) from error
    if not insecure and not ipaddress.ip_address(str(address[0])).is_loopback:
        raise PermanentError(
            f"{listen}: tokens would cross the network in clear",
            remedy="listen on 127.0.0.1 behind a proxy that speaks TLS, or add --insecure-listen",
        )
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
        opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        raise PermanentError(
            f"{listen}: {error.strerror or error}",
            remedy="another program listens there; set `listen` in [daemon] or TRUEUP_LISTEN",
        ) from error
    opened.setblocking(False)  # noqa: FBT003 - the library's own signature
    return opened


def address_of(opened: socket.socket) -> str:
    """Return the base address of the API behind `opened`."""
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class WebServer(uvicorn.Server):
    """uvicorn, with the signals left to the daemon: one order of ending, not two."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve; what was made so far is never looked through for garbage again."""
        await super().startup(sockets)
        # Looking through every module takes 80 ms, in which no request is answered.
        gc.collect()
        gc.freeze()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's handlers as they are."""
        yield


def web_server(app: FastAPI) -> WebServer:
    """Return a server for `app`, to be run on a socket that is bound already."""
    return WebServer(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=_GRACE_S,
            h11_max_incomplete_event_size=_HEADER_BYTES,
        )
    )
