"""What Apprise and its plug-ins may not do, refused by the interpreter of their own process.

Which plug-in runs is chosen by an address, and what it does is its author's matter: it may follow
a redirect, fetch a template, start a program. So the limits lie below it: at the connection, the
file and the process. Only a process that does nothing else may call `guard`: it cannot be undone.
"""

from __future__ import annotations

import mimetypes
import os
import sys
import sysconfig
from collections.abc import Callable
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from reconciler.domain.errors import PermanentError
from reconciler.domain.loopback import is_loopback
from reconciler.notify.forbidden import refuse_literal, refuse_peer

_PROGRAMS: Final = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork",
     "os.forkpty", "pty.spawn", "os.startfile"}
)  # fmt: skip
_CONNECTS: Final = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_CHANGES: Final = frozenset(
    {"os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
     "os.chmod", "os.chown"}
)  # fmt: skip
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_READABLE: Final = ("/dev/null", "/dev/urandom", "/etc/localtime", *mimetypes.knownfiles)
_READABLE_BELOW: Final = ("/usr/share/zoneinfo", "/etc/ssl", "/etc/pki", "/usr/local/etc/openssl")
_TIMEOUT_S: Final = 10.0


class Guard:
    """What the plug-in was refused, and what the service answered last."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self.refusal: PermanentError | None = None
        self.status: int | None = None
        self.retry_after: str | None = None
        below = {*sys.path, sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}
        self._below = tuple(
            os.path.join(os.path.realpath(path), "")  # noqa: PTH118 - no Path within `open`
            for path in (*below, *_READABLE_BELOW)
            if path
        )

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        """Refuse what the interpreter is about to do, where it may not; `sys.addaudithook`."""
        if event in _CONNECTS:
            self._check_peer(args[1])
        elif event == "open":
            self._check_file(args[0], args[2])
        elif event in _CHANGES:
            self.refuse("would change a file", "leave what names a file out of its address")
        elif event in _PROGRAMS:
            self.refuse("would start a program", "use a service that is reached over HTTPS")

    def refuse(self, problem: str, remedy: str) -> NoReturn:
        """Keep the first refusal, as plug-ins make a plain failure of it.

        Raises:
            PermissionError: always.
        """
        if self.refusal is None:
            self.refusal = PermanentError(f"channel {self._channel} {problem}", remedy=remedy)
        raise PermissionError(problem)

    def check_host(self, host: str) -> None:
        """Refuse a host that is written as such an address, as a proxy would connect to it.

        Raises:
            PermissionError: it is.
        """
        self._check_place(refuse_literal, host)

    def _check_place(self, check: Callable[..., None], *place: str) -> None:
        try:
            check(self._channel, *place)
        except PermanentError as error:
            self.refusal = self.refusal or error
            raise PermissionError(str(error)) from None

    def _check_peer(self, address: object) -> None:
        if address is None:  # of a socket that is connected already
            return
        if not isinstance(address, tuple):
            self.refuse("would speak to a program of this host", "use a service that speaks HTTPS")
        host = str(address[0])
        try:
            self._check_place(refuse_peer, host, host)
        except ValueError:
            # A name: where it leads is only seen once it is connected.
            self.refuse("would connect to a name before it is resolved", "use another service")

    def _check_file(self, path: object, flags: object) -> None:
        if isinstance(path, int) or path is None:
            return
        name = os.path.realpath(os.fsdecode(path))  # type: ignore[arg-type]  # `open` takes these
        if name in _READABLE:
            return
        if isinstance(flags, int) and flags & _WRITES:
            self.refuse("would write a file", "leave what names a file out of its address")
        if not name.startswith(self._below):
            self.refuse("would read a file", "leave what names a file out of its address")


def guard(channel: str) -> Guard:
    """Hold this process to HTTPS with receivers that may be one, from now on to its end."""
    keeper = Guard(channel)
    sys.dont_write_bytecode = True  # what is imported from now on would be refused for it
    _watch_requests(keeper)
    sys.addaudithook(keeper)
    return keeper


def _watch_requests(keeper: Guard) -> None:
    send, deliver = requests.Session.send, HTTPAdapter.send

    def send_once(self: requests.Session, request: Any, **options: Any) -> requests.Response:
        return send(self, request, **{**options, "allow_redirects": False})

    def deliver_safely(self: HTTPAdapter, request: Any, **options: Any) -> requests.Response:
        target = urlsplit(request.url)
        keeper.check_host(target.hostname or "")
        if not is_loopback(target.hostname or ""):
            if target.scheme != "https":
                keeper.refuse(
                    "sends what drifted over the network unencrypted",
                    "use the scheme with an s at its end, such as jsons://",
                )
            if options.get("verify") is False:
                keeper.refuse("does not check certificates", "leave `verify` out of its address")
        keeper.status = keeper.retry_after = None
        answer = deliver(self, request, **{**options, "timeout": _TIMEOUT_S})
        keeper.status = answer.status_code
        keeper.retry_after = answer.headers.get("retry-after")
        return answer

    requests.Session.send = send_once  # type: ignore[method-assign]
    HTTPAdapter.send = deliver_safely  # type: ignore[method-assign, assignment]
