"""The listening socket and the server on it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import ipaddress
import resource
import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
import uvicorn

from reconciler.api.app import Api
from reconciler.api.connections import ConnectionLimits
from reconciler.api.report_connections import report_protocol
from reconciler.domain.errors import PermanentError

_BACKLOG: Final = 1024
_GRACE_S: Final = 5
_IDLE_S: Final = 30
_AT_ONE_GO: Final = 64
_OBJECTS_UNTIL_SEARCH: Final = 10_000
_MANY_FILES: Final = 2**20
_NO_MORE_FILES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_TELL_EVERY_S: Final = 60.0
_log = structlog.get_logger()


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
            f"{listen}: tokens would be sent unencrypted",
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


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate with those that sign it, and its key, both PEM."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Return when a server can be started with them.

        Raises:
            PermanentError: one cannot be read, or they do not belong together.
        """
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise PermanentError(
                f"{self.certificate} with {self.key}: {error.strerror or error}",
                remedy="set `tls_certificate` and `tls_key` in [daemon] to a pair of PEM files",
            ) from error

    def renew(self, server: WebServer) -> None:
        """Let new connections to `server` see the files as they are now.

        Raises:
            PermanentError: see `check`; the certificate before stays.
        """
        self.check()
        if server.config.ssl is not None:
            server.config.ssl.load_cert_chain(self.certificate, self.key)


def address_of(opened: socket.socket) -> str:
    """Return the base address of the API behind `opened`."""
    host, port = opened.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class WebServer(uvicorn.Server):
    """uvicorn, with the signals left to the daemon: one order of ending, not two."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve; what was made so far is never looked through for garbage again."""
        asyncio.get_running_loop().set_exception_handler(_AcceptErrors())
        await super().startup(sockets)
        for opened in sockets or ():
            # asyncio takes as many at one go as may wait, which is too many for both.
            opened.listen(_BACKLOG)
        # Looking through every module takes 80 ms, in which no request is answered.
        gc.collect()
        gc.freeze()
        # Each of 700 objects, as Python has it, begins a search: a sixth of the time of a report,
        # which leaves no cycle behind.
        gc.set_threshold(_OBJECTS_UNTIL_SEARCH, 10, 10)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's handlers as they are."""
        yield


class _AcceptErrors:
    """Tells seldom that no file is left for a connection: asyncio says so for each attempt."""

    def __init__(self) -> None:
        self._told_at: float | None = None

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handle what asyncio could give to nobody else."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _NO_MORE_FILES:
            loop.default_exception_handler(context)
            return
        if self._told_at is None or loop.time() - self._told_at > _TELL_EVERY_S:
            self._told_at = loop.time()
            _log.error(
                "no_connection_taken",
                reason=error.strerror,
                remedy="raise the limit of open files (`ulimit -n`, LimitNOFILE= of systemd)",
            )


def web_server(
    app: Api, *, trusted_proxies: Iterable[str] = (), tls: TlsFiles | None = None
) -> WebServer:
    """Return a server for `app`, to be run on a socket that is bound already.

    Who asks is who connects, unless one of `trusted_proxies` says for whom it asks. One with
    `tls` is a second server for the same app, which another one begins and ends.
    """
    proxies = list(trusted_proxies)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = ConnectionLimits.within(_MANY_FILES if files == resource.RLIM_INFINITY else files)
    return WebServer(
        uvicorn.Config(
            app,
            http=report_protocol(limits, app.lane),
            backlog=_AT_ONE_GO,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            ws="none",
            lifespan="on" if tls is None else "off",
            ssl_certfile=None if tls is None else tls.certificate,
            ssl_keyfile=None if tls is None else tls.key,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_IDLE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
