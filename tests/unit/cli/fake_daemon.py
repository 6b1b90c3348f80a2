"""A daemon of a few lines that says what a test tells it, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from reconciler.domain.remediation_states import TERMINAL

TOKEN: Final = "tu_test.hush-hush-4711-hush-hush-4711-hu"
PREFIX: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say; `lines` make an event stream of it, `broken` hangs up instead."""

    body: Any = None
    status: int = 200
    media_type: str = "application/json"
    lines: tuple[str, ...] | None = None
    broken: bool = False


Route = Callable[[Asked], Any]


def _quiet() -> dict[str, Route]:
    """Return what several commands ask beside their own, of a daemon in which nothing is up."""
    nothing: dict[str, Any] = {"items": [], "next": None}
    return {
        "GET /hold": lambda _: {"hold": None, "holds": []},
        "GET /audit": lambda _: nothing,
        "GET /ignores": lambda _: nothing,
    }


@dataclass(slots=True)
class FakeDaemon:
    """Routes by `GET /stacks`; what they return is JSON, or an `Answer`."""

    routes: dict[str, Route] = field(default_factory=_quiet)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    def has(self, route: str, body: Any) -> None:
        """Answer `route` with `body`."""
        self.routes[route] = lambda _: body

    def lists(self, path: str, items: list[dict[str, Any]], *, key: str = "id") -> None:
        """Answer a list, and each of its items below it."""

        def listed(asked: Asked) -> Any:
            kept = [item for item in items if _fits(item, asked.query)]
            start, size = int(asked.query.get("cursor", 0)), int(asked.query["limit"])
            more = str(start + size) if start + size < len(kept) else None
            return {"items": kept[start : start + size], "next": more}

        self.routes[f"GET {path}"] = listed
        for item in items:
            self.has(f"GET {path}/{item[key]}", item)

    def refuses(self, route: str, status: int, code: str, detail: str, **more: Any) -> None:
        """Answer `route` with a problem document."""
        body = {"type": f"urn:trueup:problem:{code}", "title": "No", "status": status}
        document = {**body, "detail": detail, **more}
        self.has(route, Answer(document, status=status, media_type="application/problem+json"))

    def answer(self, asked: Asked) -> Answer:
        """Return what to say to one request."""
        self.asked.append(asked)
        route = self.routes.get(f"{asked.method} {asked.path}")
        if route is None:
            problem = {
                "type": "urn:trueup:problem:not-found",
                "title": "Not Found",
                "status": 404,
                "detail": f"no {asked.path}",
            }
            return Answer(problem, status=404, media_type="application/problem+json")
        made = route(asked)
        return made if isinstance(made, Answer) else Answer(made)

    def sent(self, route: str) -> list[Asked]:
        """Return the requests to one route, in their order."""
        return [one for one in self.asked if f"{one.method} {one.path}" == route]


def _fits(item: dict[str, Any], query: dict[str, str]) -> bool:
    wanted = {name: query[name] for name in ("state", "stack") if name in query}
    if wanted.get("state") == "open":
        return item["state"] not in {state.value for state in TERMINAL} and _fits(
            item, {name: word for name, word in query.items() if name != "state"}
        )
    return all(item.get(name) == value for name, value in wanted.items())


@contextmanager
def running() -> Iterator[FakeDaemon]:
    """Serve on a free port of loopback; ended with the block."""
    daemon = FakeDaemon()

    class Handler(_Handler):
        fake = daemon

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    daemon.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield daemon
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    fake: FakeDaemon

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is its class's
        """Say nothing."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = Asked(
            method=self.command,
            path=unquote(parts.path).removeprefix(PREFIX),
            query={name: values[0] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            content=content,
        )
        answer = self.fake.answer(asked)
        if answer.broken:
            self.close_connection = True
            return
        if answer.lines is not None:
            self._say(200, "text/event-stream", "\n".join([*answer.lines, ""]).encode())
            return
        body = answer.body if isinstance(answer.body, bytes) else _json(answer.body)
        self._say(answer.status, answer.media_type, body)

    def _say(self, status: int, media_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - as the class looks for them


def _json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()
