"""What a request to the daemon holds, and what an answer means: the same however it is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

import orjson

from reconciler.client.daemon import Daemon
from reconciler.client.errors import refusal, stranger
from reconciler.domain.errors import PermanentError
from reconciler.version import __version__
from reconciler.wire.route import HEARTBEAT_HEADER, Route

CONNECT_S: Final = 5.0
USUAL_WAIT_S: Final = 30.0
_FIRST_GOOD: Final = 200
_FIRST_REDIRECT: Final = 300
_FIRST_ERROR: Final = 400
_NO_CONTENT: Final = 204
_SIGNS: Final = 2.4
"""So many spans between two signs of life: one may be lost, or late under load."""

Query = Mapping[str, str | int | None]
Document = tuple[bytes, str]
"""A body as it is sent, and its media type."""


def refuse_unencrypted(daemon: Daemon) -> None:
    """Return when the token may be sent to `daemon`.

    Raises:
        PermanentError: it would travel unencrypted to another host.
    """
    if not (daemon.local or daemon.encrypted):
        raise PermanentError(
            f"the token is not sent unencrypted to {daemon.url}",
            remedy="use https, or a tunnel that ends on 127.0.0.1",
        )


def common_headers(daemon: Daemon) -> dict[str, str]:
    """Return the headers of every request."""
    return {
        "Authorization": f"Bearer {daemon.token}",
        "User-Agent": f"trueup/{__version__}",
        "Accept": "application/json",
    }


def present(query: Query) -> dict[str, str | int]:
    """Return what of `query` is asked."""
    return {name: value for name, value in query.items() if value is not None}


def written(
    body: Any, document: Document | None, key: str | None
) -> tuple[bytes | None, dict[str, str]]:
    """Return the bytes of `body`, or else of `document`, and the headers that go with them."""
    headers = {"Idempotency-Key": key} if key else {}
    if body is not None:
        document = orjson.dumps(body), "application/json"
    if document is None:
        return None, headers
    return document[0], headers | {"Content-Type": document[1]}


def new_key() -> str:
    """Return what tells the daemon that two requests are one."""
    return os.urandom(16).hex()


def key_of(route: Route[Any], key: str | None) -> str | None:
    """Return the key that a request of `route` carries; None where it is not a POST."""
    return key or new_key() if route.method == "POST" else key


def is_repeated(route: Route[Any]) -> bool:
    """Whether a lost answer of `route` is asked for again: only a key makes two requests one."""
    return route.method == "POST" and route.repeats


def is_refused(status: int) -> bool:
    """Whether an answer says no."""
    return status >= _FIRST_ERROR


def silent_s(headers: Mapping[str, str], otherwise_s: float) -> float:
    """Return after how many seconds of silence an open stream is taken for dead.

    A daemon that does not say how often it gives a sign of life is waited for `otherwise_s`.
    """
    try:
        told_s = float(headers.get(HEARTBEAT_HEADER, ""))
    except ValueError:
        return otherwise_s
    return min(_SIGNS * told_s, otherwise_s) if told_s > 0 else otherwise_s


def understood(daemon: Daemon, status: int, content: bytes, *, retry_after: str | None) -> Any:
    """Return the object that was answered.

    Raises:
        RefusedError: the daemon said no, and why.
        ReconcilerError: something else than trueup answered.
    """
    if is_refused(status):
        raise refusal(daemon.url, status, _object(content), retry_after=retry_after)
    if status == _NO_CONTENT:
        return {}
    answer = _object(content)
    if answer is None or not _FIRST_GOOD <= status < _FIRST_REDIRECT:
        raise stranger(daemon.url, status)
    return answer


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        body = orjson.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None
