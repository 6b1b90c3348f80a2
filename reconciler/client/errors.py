"""What a call may end with: nobody answered, or the daemon refused it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.client.daemon import Daemon
from reconciler.domain.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PermanentError,
    ReconcilerError,
    RetryableError,
)
from reconciler.proxies import Proxy
from reconciler.wire.decoding import NotOfModelError, decode
from reconciler.wire.problems import PROBLEM, Problem

__all__ = [
    "ConflictError",
    "DeniedError",
    "InvalidError",
    "NotFoundError",
    "PermanentError",
    "ReconcilerError",
    "RefusedError",
    "RetryableError",
    "SilentError",
    "UnreachableError",
]
_OF_PROXIES: Final = frozenset({502, 503, 504})
_BAD_REQUEST: Final = 400
"""What nginx and Go answer where a request should have been encrypted."""
_HttpStatus = int


class UnreachableError(RetryableError):
    """Nobody answered; `never_sent` says that the call did not even reach the daemon."""

    def __init__(
        self, message: str, *, remedy: str | None = None, never_sent: bool = False
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.never_sent = never_sent


class SilentError(UnreachableError):
    """A stream that is open told nothing for too long."""


def no_daemon(url: str, origin: str) -> UnreachableError:
    """Return the error that no daemon of this machine runs; `origin` says where `url` is from."""
    return UnreachableError(
        f"no daemon runs at {url.removeprefix('http://')} ({origin})",
        remedy="start one: trueup serve",
        never_sent=True,
    )


_CHECK: Final = "check the URL, the network and that the daemon runs there"
_NO_TLS: Final = "WRONG_VERSION_NUMBER"


def not_connected(daemon: Daemon, error: BaseException, *, proxy: Proxy | None) -> UnreachableError:
    """Return the error that no connection to `daemon` came about; `error` is the library's."""
    url = daemon.url
    refused = _refused_by_tls(error)
    if refused is None and daemon.local and not daemon.encrypted:
        return no_daemon(url, daemon.origin)
    if refused is not None and refused.reason == _NO_TLS:
        message = f"the server at {url} does not speak TLS"
        remedy = "write http:// for this machine's daemon; a TLS proxy serves others"
    elif doubt := getattr(refused, "verify_message", None):
        message = f"the certificate of {url} is not accepted: {doubt}"
        remedy = "name the file of its CA in SSL_CERT_FILE, or use the name it was issued for"
    elif proxy is not None:
        message = f"no daemon answers at {url} through the proxy {proxy.place} ({error})"
        remedy = "check HTTPS_PROXY and NO_PROXY, and that the proxy reaches the daemon"
    else:
        message, remedy = f"no daemon answers at {url} ({error})", _CHECK
    return UnreachableError(message, remedy=remedy, never_sent=True)


def _refused_by_tls(error: BaseException | None) -> Any:
    """Return the `ssl.SSLError` that `error` came from; not by its class, which takes an import."""
    while error is not None and getattr(error, "library", None) != "SSL":
        error = error.__cause__ or error.__context__
    return error


def not_connected_in_time(url: str) -> UnreachableError:
    """Return the error that `url` takes no connection."""
    return UnreachableError(
        f"nothing at {url} takes a connection in time", remedy=_CHECK, never_sent=True
    )


def not_answered_in_time(url: str) -> UnreachableError:
    """Return the error that a connected daemon takes too long."""
    return UnreachableError(
        f"the daemon at {url} does not answer in time",
        remedy="try again; what was asked for may still be under way",
    )


def broken_off(url: str) -> UnreachableError:
    """Return the error that a connection ended before its answer."""
    # A server that speaks TLS closes the connection over a request that does not.
    remedy = "try again; write https:// if it speaks TLS" if _is_plain(url) else "try again"
    return UnreachableError(f"the daemon at {url} closed the connection", remedy=remedy)


def _is_plain(url: str) -> bool:
    return url.startswith("http://")


def fallen_silent(url: str) -> SilentError:
    """Return the error that an open stream tells nothing."""
    return SilentError(f"the daemon at {url} fell silent")


def stranger(url: str, status: _HttpStatus) -> ReconcilerError:
    """Return what to say of an answer that no trueup gives."""
    if status in _OF_PROXIES:
        return UnreachableError(
            f"the proxy at {url} does not reach the daemon (HTTP {status})",
            remedy="check that the daemon runs behind it",
        )
    remedy = "see `listen` in trueup.toml, or name the daemon with --server"
    if status == _BAD_REQUEST and _is_plain(url):
        remedy = f"write https:// if it speaks TLS; else {remedy}"
    return PermanentError(f"the server at {url} is not trueup (HTTP {status})", remedy=remedy)


class RefusedError(ReconcilerError):
    """The daemon refused the call; `problem` says why, and `code` in one stable word.

    What is raised is also the domain's error of its kind: `NotFoundError`, `ConflictError`,
    `InvalidError`, `RetryableError`, or `DeniedError` for a token that does not suffice.
    """

    problem: Problem
    body: Mapping[str, Any]
    """The problem document as it came."""
    retry_after_s: float | None = None

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.problem.status


class DeniedError(PermanentError):
    """The token is not accepted, or does not suffice."""


class _NotFoundError(RefusedError, NotFoundError):
    pass


class _ConflictError(RefusedError, ConflictError):
    pass


class _InvalidError(RefusedError, InvalidError):
    pass


class _DeniedError(RefusedError, DeniedError):
    pass


class _LaterError(RefusedError, RetryableError):
    pass


class _RefusedError(RefusedError, PermanentError):
    pass


_KINDS: Final[Mapping[_HttpStatus, type[RefusedError]]] = {
    400: _InvalidError,
    401: _DeniedError,
    403: _DeniedError,
    404: _NotFoundError,
    422: _InvalidError,
    429: _LaterError,
    500: _LaterError,
    503: _LaterError,
}
_CONFLICT: Final = 409


def refusal(
    url: str, status: _HttpStatus, body: Any, *, retry_after: str | None = None
) -> ReconcilerError:
    """Return the error of an answer that is none; `body` is what came with it from `url`."""
    problem = _problem(status, body)
    if problem is None:
        return stranger(url, status)
    message = problem.detail or problem.title
    if status == _CONFLICT:
        code = problem.type.removeprefix(PROBLEM)
        error: RefusedError = _ConflictError(message, code=code, remedy=problem.remedy)
    else:
        error = _KINDS.get(status, _RefusedError)(message, remedy=problem.remedy)
    error.problem = problem
    error.body = body
    error.retry_after_s = _seconds(retry_after)
    return error


def _problem(status: _HttpStatus, body: Any) -> Problem | None:
    # A proxy in between, or another program, answers with a page of its own.
    kind = body.get("type") if isinstance(body, Mapping) else None
    if not isinstance(kind, str) or not kind.startswith(PROBLEM):
        return None
    try:
        return decode(Problem, {"title": "", "status": status, "detail": "", **body})
    except NotOfModelError:
        return Problem(type=kind, title="", status=status, detail="")


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdecimal() else None
