"""By which names the API may be asked: a name that somebody else's DNS made up is refused.

A web page can point a name of its own at 127.0.0.1 (DNS rebinding); the browser then sends that
name in `Host`. An address in figures cannot be made up that way.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from reconciler.api.refusal import Refusal


@dataclass(slots=True)
class Hosts:
    """The names that are taken beside addresses in figures; `named` may change at any time."""

    own: frozenset[str] = frozenset({"localhost"})
    named: frozenset[str] = frozenset()

    @classmethod
    def of(cls, listen: str, names: Collection[str]) -> Hosts:
        """Return those of a daemon that listens on `listen` and is known as `names`."""
        made = cls(frozenset({"localhost", listen.rpartition(":")[0].strip("[]").lower()}))
        made.rename(names)
        return made

    def rename(self, names: Collection[str]) -> None:
        """Be known as `names` from now on."""
        self.named = frozenset(name.lower() for name in names)

    def take(self, host: str) -> bool:
        """Whether a request for `host` (`NAME` or `NAME:PORT`) is meant for us."""
        name = _name(host)
        return name in self.own or name in self.named or _is_address(name)


class HostsMiddleware:
    """Refuses a request that names another host than ours."""

    def __init__(self, app: ASGIApp, *, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        named = Headers(scope=scope).getlist("host")
        if not named and scope["http_version"] == "1.0":
            await self._app(scope, receive, send)
        elif len(named) != 1:
            refusal = Refusal(400, "bad-request", "a request names one host, in `Host`")
            await refusal.response()(scope, receive, send)
        elif not self._hosts.take(named[0]):
            await _misdirected(named[0]).response()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _misdirected(host: str) -> Refusal:
    return Refusal(
        421,
        "unknown-host",
        f"the request is for the host {_name(host)[:100]!r}, which is not this daemon",
        remedy="add the name to `hosts` in [daemon]",
    )


def _name(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
