"""One request to the server and its answer."""

from __future__ import annotations

import http.client
import ipaddress
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from agent.errors import AgentError, AwayError, RefusedError

_TIMEOUT_S = 60.0
_LARGEST_ANSWER_BYTES = 16 * 2**20
_BUSY = frozenset({429, 502, 503, 504})
_GOOD = range(200, 300)
_NOTHING_TO_SAY = 204


@dataclass(frozen=True)
class Server:
    """Where the server listens. `ca_file` holds the certificates that it may be signed by."""

    url: str
    ca_file: str | None = None

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the answer to `body`; None where there is nothing to say.

        Raises:
            RefusedError: the server answered no.
            AwayError: nobody answered, or it asks to be asked later.
        """
        connection = self._connection()
        try:
            connection.request("POST", path, body=body, headers=dict(headers))
            response = connection.getresponse()
            content = response.read(_LARGEST_ANSWER_BYTES + 1)
            retry_after = response.headers.get("Retry-After", "")
        except ssl.SSLError as error:
            raise AwayError(f"{self.url}: {error.reason or error}") from error
        except (OSError, UnicodeError, http.client.HTTPException) as error:
            raise AwayError(
                f"{self.url} does not answer: {getattr(error, 'strerror', None) or error}",
                remedy="check the address, and that `trueup serve` runs there",
            ) from error
        finally:
            connection.close()
        if response.status in _BUSY:
            raise AwayError(
                f"{self.url} is busy ({response.status})", retry_after_s=_wait_s(retry_after)
            )
        answer = _decoded(content)
        if response.status not in _GOOD:
            raise _refusal(response.status, answer)
        if answer is None and response.status != _NOTHING_TO_SAY:
            # Such as a proxy's page: the server has not seen the message.
            raise AwayError(f"{self.url} gives an answer that is not the server's")
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        place = urlsplit(self.url)
        if place.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca_file)
            return http.client.HTTPSConnection(
                str(place.hostname), place.port, timeout=_TIMEOUT_S, context=context
            )
        return http.client.HTTPConnection(str(place.hostname), place.port, timeout=_TIMEOUT_S)


def check_url(url: str) -> str:
    """Return the address of a server without a slash at its end.

    Raises:
        AgentError: it is none, or what is sent there could be read on the way.
    """
    place = urlsplit(url)
    try:
        port = place.port or 0
    except ValueError:
        port = -1
    if place.scheme not in {"http", "https"} or not place.hostname or port < 0:
        raise AgentError(
            f"{url!r} is no address of a server", remedy="write it as https://HOST:PORT"
        )
    if place.scheme == "http" and not _is_loopback(place.hostname):
        raise AgentError(
            f"{url}: without TLS the key of this host could be read on the way",
            remedy="write https://; `trueup serve` takes a certificate, or put a proxy before it",
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _wait_s(retry_after: str) -> float | None:
    """Return the seconds of a `Retry-After`, which may be a number or a date."""
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        at = parsedate_to_datetime(retry_after).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, at - time.time())


def _decoded(content: bytes) -> dict[str, Any] | None:
    if not content:
        return None
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _refusal(status: int, answer: Mapping[str, Any] | None) -> RefusedError:
    problem = answer or {}
    code = str(problem.get("type", "")).rpartition(":")[2]
    detail = str(problem.get("detail") or f"the server answered {status}")
    remedy = problem.get("remedy")
    return RefusedError(detail, code=code, status=status, remedy=str(remedy) if remedy else None)
