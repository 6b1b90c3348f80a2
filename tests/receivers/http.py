"""HTTP receivers: a pager, a chat room, and somebody who checks signatures."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

Answer = tuple[int, Mapping[str, str], bytes]


class Service(Protocol):
    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


@dataclass
class Fickle:
    """A service that fails first: each of `failures` answers once, with the service behind or not.

    `taken` means that the service did what was asked and its answer was lost.
    """

    service: Service
    failures: list[tuple[Answer, bool]] = field(default_factory=list)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if not self.failures:
            return self.service.take(path, headers, body)
        answer, taken = self.failures.pop(0)
        if taken:
            self.service.take(path, headers, body)
        return answer


@dataclass
class Stalled:
    """A service that answers nobody until `go`; `came` says that somebody waits."""

    service: Service
    came: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        self.came.set()
        self.go.wait(120)
        return self.service.take(path, headers, body)


@dataclass
class Pager:
    """PagerDuty's Events API v2: what incidents there are, by key, and what each says.

    `paged` has a key each time somebody's phone rang, `changes` the change events.
    """

    routing_key: str = "R" * 32
    open: dict[str, dict[str, Any]] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    paged: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        del headers
        event = json.loads(body)
        problem = self._problem(path, event, len(body))
        if problem is not None:
            return 400, {}, json.dumps({"status": "invalid event", "errors": [problem]}).encode()
        if path == "/v2/change/enqueue":
            self.changes.append(event["payload"])
            return 202, {}, json.dumps({"status": "success"}).encode()
        key = event["dedup_key"]
        if event["event_action"] == "resolve":
            self.acknowledged.discard(key)
            if key in self.open:
                # Before it leaves `open`: who waits for that in another thread then looks here.
                self.resolved.append(key)
                del self.open[key]
        elif event["event_action"] == "acknowledge":
            self.acknowledged |= {key} & self.open.keys()
        else:
            if key not in self.open:
                self.paged.append(key)
            self.open[key] = {**event["payload"], "links": event.get("links")}
        return 202, {}, json.dumps({"status": "success", "dedup_key": key}).encode()

    def _problem(self, path: str, event: dict[str, Any], size: int) -> str | None:
        if path not in ("/v2/enqueue", "/v2/change/enqueue") or size > 512 * 1024:
            return "no such place, or too large"
        if event.get("routing_key") != self.routing_key:
            return "Routing key not valid"
        if path == "/v2/change/enqueue":
            if event.keys() & {"event_action", "dedup_key"}:
                return "event_action"
            return _problem_of_payload(event["payload"])
        if not 0 < len(event.get("dedup_key", "")) <= 255:
            return "dedup_key"
        if event["event_action"] in ("resolve", "acknowledge"):
            return None
        if not all(set(link) == {"href", "text"} for link in event.get("links", ())):
            return "links"
        if event["payload"]["severity"] not in ("critical", "error", "warning", "info"):
            return "severity"
        is_trigger = event["event_action"] == "trigger"
        return _problem_of_payload(event["payload"]) if is_trigger else "event_action"


def _problem_of_payload(payload: dict[str, Any]) -> str | None:
    if not 0 < len(payload["summary"]) <= 1024 or not payload["source"]:
        return "summary or source"
    return None if datetime.fromisoformat(payload["timestamp"]).tzinfo else "timestamp"


@dataclass
class ChatRoom:
    """Slack's `chat.postMessage` and `chat.update`: the messages of one room, by their `ts`."""

    token: str = "xoxb-1"
    room: str = "C0OPS"
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    edits: int = 0

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        return 200, {}, json.dumps(self._answer(path, headers, json.loads(body))).encode()

    def _answer(
        self, path: str, headers: Mapping[str, str], message: dict[str, Any]
    ) -> dict[str, Any]:
        if headers.get("authorization") != f"Bearer {self.token}":
            return {"ok": False, "error": "invalid_auth"}
        if message.get("channel") not in (self.room, "#ops"):
            return {"ok": False, "error": "channel_not_found"}
        if not all(map(_is_block, message["blocks"])):
            return {"ok": False, "error": "invalid_blocks"}
        if path == "/api/chat.update":
            if message["ts"] not in self.messages:
                return {"ok": False, "error": "message_not_found"}
            self.edits += 1
            ts = message["ts"]
        elif path == "/api/chat.postMessage":
            ts = f"{len(self.messages) + 1}.0001"
        else:
            return {"ok": False, "error": "unknown_method"}
        self.messages[ts] = message
        return {"ok": True, "channel": self.room, "ts": ts}


def _is_block(block: dict[str, Any]) -> bool:
    if block["type"] == "section":
        return len(block["text"]["text"]) <= 3000
    return block["type"] == "actions" and all(
        button["text"]["type"] == "plain_text"
        and len(button["text"]["text"]) <= 75
        and len(button["value"]) <= 2000
        and button["style"] in ("primary", "danger")
        for button in block["elements"]
    )


@dataclass
class TeamsWorkflow:
    """A workflow of Microsoft Teams: the cards it posted, each with its texts."""

    key: str = "sig-1"
    cards: list[list[str]] = field(default_factory=list)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        del headers
        if path != f"/workflows/1/invoke?sig={self.key}":
            return 401, {}, b""
        message = json.loads(body)
        (attachment,) = message["attachments"]
        card = attachment["content"]
        is_card = attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
        blocks = card["body"]
        if not is_card or card["type"] != "AdaptiveCard" or message["type"] != "message":
            return 400, {}, b""
        if len(body) > 28 * 1024 or any(
            len(run["text"]) == 0 for one in blocks for run in one["inlines"]
        ):
            return 413, {}, b""
        texts = [run["text"] for one in blocks for run in one["inlines"]]
        self.cards.append([*texts, *map(str, card.get("actions", ()))])
        return 202, {}, b""


@dataclass
class JsonReceiver:
    """What Apprise's `json://` speaks to: each message with its title, its text and its kind."""

    password: str = "json-1"
    messages: list[dict[str, str]] = field(default_factory=list)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        wanted = base64.b64encode(f"trueup:{self.password}".encode()).decode()
        if headers.get("authorization") != f"Basic {wanted}":
            return 401, {}, b""
        message = json.loads(body)
        is_right = message["version"] == "1.0" and message["attachments"] == []
        if path != "/hook" or headers[":method"] != "POST" or not is_right:
            return 400, {}, b""
        self.messages.append({key: message[key] for key in ("title", "message", "type")})
        return 200, {}, b""


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of the signatures is that of `secret`.

    Source: github.com/standard-webhooks/standard-webhooks, spec: the key is what follows
    `whsec_`, in base64; `webhook-signature` is a list with spaces, each `v1,` and base64.
    """
    prefix, key = secret[:6], base64.b64decode(secret[6:], validate=True)
    assert prefix == "whsec_"
    content = b".".join(
        (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body)
    )
    wanted = hmac.digest(key, content, "sha256")
    given = [each.split(",", 1) for each in headers["webhook-signature"].split(" ")]
    return any(
        version == "v1" and hmac.compare_digest(base64.b64decode(value), wanted)
        for version, value in given
    )


@dataclass
class SignedReceiver:
    """Takes CloudEvents with a right signature; `events` holds them by id, each once.

    As the libraries of Standard Webhooks do, it refuses what was signed five minutes ago.
    """

    secret: str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    came: int = 0

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        del path
        if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
            return 401, {}, b""
        if not is_signed(self.secret, headers, body):
            return 401, {}, b""
        event = json.loads(body)
        if event["specversion"] != "1.0" or event["id"] != headers["webhook-id"]:
            return 400, {}, b""
        self.came += 1
        self.events[event["id"]] = event
        return 204, {}, b""


@contextmanager
def receiving(service: Service) -> Iterator[str]:
    """Give the address `127.0.0.1:PORT` at which `service` answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(service.take))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(
    take: Callable[[str, Mapping[str, str], bytes], Answer],
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        """One packet an answer: two would wait for each other's acknowledgement, 40 ms each."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            given = {name.lower(): value for name, value in self.headers.items()}
            given[":method"] = self.command
            status, headers, answer = take(self.path, given, body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_PATCH = do_POST  # noqa: N815 - the names of the base class

        def log_message(self, *_: object) -> None:
            """Say nothing: the address may hold a key."""

    return Handler
