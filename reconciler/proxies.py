"""The proxy on the way to another host, as the environment names it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from reconciler.domain.errors import PermanentError
from reconciler.domain.loopback import is_loopback

_PORT = 80


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that opens tunnels; `login` is a user and a password, if it asks for them."""

    host: str
    port: int
    login: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Where it is, as people may read it."""
        return f"{self.host}:{self.port}"


def proxy_to(url: str) -> Proxy | None:
    """Return the proxy that HTTPS_PROXY or ALL_PROXY names for `url`, unless NO_PROXY does.

    There is none for this machine itself: a proxy would read what is not encrypted.

    Raises:
        PermanentError: it is no HTTP proxy, or its address cannot be read.
    """
    far = urlsplit(url)
    if is_loopback(far.hostname or ""):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - only for far hosts

    named = getproxies()
    text = named.get(far.scheme) or named.get("all")
    if not text or proxy_bypass(far.netloc):
        return None
    return _read(text if "://" in text else f"http://{text}")


def _read(text: str) -> Proxy:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port or _PORT
    except ValueError:
        host, port, parts = None, _PORT, urlsplit("")
    if parts.scheme != "http" or not host:
        # The address is not repeated: it may hold a password.
        raise PermanentError(
            "the proxy that HTTPS_PROXY or ALL_PROXY names is not http://HOST:PORT",
            remedy="name an HTTP proxy, or the host to be reached in NO_PROXY",
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Proxy(host, port, (user, password) if user else None)
