"""A cloud endpoint on loopback that is well, refuses, or hangs up, as a test says."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

_KEPT: Final = ("content-type", "authorization", "x-amz-target", "x-amz-date")
# With its slashes: the signature behind it is hexadecimal, and one in 70 holds an "ec2".
_TO_EC2: Final = "/ec2/aws4_request"
_WHO_AM_I: Final = b"Action=GetCallerIdentity"


@dataclass(slots=True)
class FickleEndpoint:
    """Passes on to `target` while `error` is None; else answers `(status, code)`.

    A status of 0 hangs up. With `lets_in`, the one call a provider makes to be
    configured is passed on in any case.
    """

    target: str
    endpoint: str = ""
    error: tuple[int, str] | None = None
    lets_in: bool = True
    refused: int = 0


@contextmanager
def fickle_endpoint(target: str) -> Iterator[FickleEndpoint]:
    state = FickleEndpoint(target)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            let_in = state.lets_in and _WHO_AM_I in body
            if state.error is None or let_in:
                self._pass_on(body)
            else:
                state.refused += 1
                self._refuse(*state.error)

        do_GET = do_POST  # noqa: N815 - the names the base class looks for
        do_PUT = do_POST  # noqa: N815

        def _pass_on(self, body: bytes) -> None:
            place = urlsplit(state.target)
            upstream = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
            headers = {name: self.headers[name] for name in _KEPT if name in self.headers}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            self._answer(answer.status, answer.headers["content-type"] or "", answer.read())
            upstream.close()

        def _refuse(self, status: int, code: str) -> None:
            if status == 0:
                self.close_connection = True
                return
            if "x-amz-target" in self.headers:
                text = f'{{"__type": "{code}", "message": "refused on purpose"}}'
                self._answer(status, "application/x-amz-json-1.1", text.encode())
                return
            error = f"<Error><Code>{code}</Code><Message>refused on purpose</Message></Error>"
            if _TO_EC2 in self.headers.get("authorization", ""):
                text = f"<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>"
            else:
                text = f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>"
            self._answer(status, "text/xml", text.encode())

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
