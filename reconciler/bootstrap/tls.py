"""A second entrance to the API, with TLS: agents and clients live on other machines."""

from __future__ import annotations

import asyncio
from typing import Final, Self

import structlog

from reconciler.api.app import Api
from reconciler.bootstrap.web import TlsFiles, WebServer, bind, web_server
from reconciler.domain.errors import PermanentError
from reconciler.settings import DaemonSettings

_log: Final = structlog.get_logger()


class TlsEntrance:
    """Serves the same API as the daemon's first address, while that one serves."""

    def __init__(self, listen: str, files: TlsFiles, server: WebServer) -> None:
        self._listen = listen
        self._files = files
        self._server = server
        self._serving: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, daemon: DaemonSettings, app: Api) -> Self | None:
        """Return the entrance that the settings ask for; None where they ask for none.

        Raises:
            PermanentError: the certificate and the key cannot be used.
        """
        if not (daemon.tls_listen and daemon.tls_certificate and daemon.tls_key):
            return None
        files = TlsFiles(daemon.tls_certificate, daemon.tls_key)
        files.check()
        server = web_server(app, trusted_proxies=map(str, daemon.trusted_proxies), tls=files)
        return cls(daemon.tls_listen, files, server)

    async def open(self) -> None:
        """Begin to serve.

        Raises:
            PermanentError: the address is taken or not ours.
        """
        opened = bind(self._listen, insecure=True)
        self._serving = asyncio.create_task(self._server.serve(sockets=[opened]))
        _log.info("tls_listening", listen=self._listen)

    def renew(self) -> None:
        """Show the certificate as it is on the disk now; one that cannot be used changes nothing.

        That is told in the log, since the settings that are read with it may be good.
        """
        try:
            self._files.renew(self._server)
        except PermanentError as error:
            _log.error("tls_certificate_refused", reason=str(error), remedy=error.remedy)
        else:
            _log.info("tls_certificate_read")

    async def close(self) -> None:
        """End every connection; closing twice is closing once."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
