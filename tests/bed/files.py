"""Makers that need no server: files, archives, answers of a web server, and state alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

from tests.bed.drift import Drift, changed, deleted
from tests.makers import MakersStack

# What the code asks of them once `turn` is another; nothing but the state holds these.
_OF_STATE: Final[Mapping[str, frozenset[str]]] = {
    "archive_file.a": frozenset({"source_content_filename"}),
    "null_resource.a": frozenset({"triggers.turn"}),
    "random_bytes.a": frozenset({"keepers.turn"}),
    "random_id.a": frozenset({"byte_length"}),
    "random_integer.a": frozenset({"max"}),
    "random_password.a": frozenset({"length"}),
    "random_pet.a": frozenset({"prefix"}),
    "random_shuffle.a": frozenset({"input"}),
    "random_string.a": frozenset({"special"}),
    "random_uuid.a": frozenset({"keepers.turn"}),
    "random_uuid4.a": frozenset({"keepers.turn"}),
    "random_uuid7.a": frozenset({"keepers.turn"}),
    "terraform_data.a": frozenset({"input.turn"}),
    "time_offset.a": frozenset({"offset_days"}),
    "time_rotating.a": frozenset({"triggers.turn"}),
    "time_sleep.a": frozenset({"create_duration"}),
    "time_static.a": frozenset({"triggers.turn"}),
    "tls_cert_request.a": frozenset({"dns_names"}),
    "tls_locally_signed_cert.a": frozenset({"validity_period_hours"}),
    "tls_private_key.a": frozenset({"ecdsa_curve"}),
    "tls_self_signed_cert.a": frozenset({"allowed_uses"}),
}


class Answering(ThreadingHTTPServer):
    """A web server that answers everything with `text`, or with what `numbered` makes of it."""

    daemon_threads = True
    text = "one"
    numbered: Callable[[], str] | None = None

    @property
    def endpoint(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self) -> str:
        """Return what is answered now."""
        return self.text if self.numbered is None else self.numbered()

    def say(self, text: str) -> None:
        """Answer with `text` from now on."""
        self.text = text


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        body = self.server.answer().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_web() -> Iterator[Answering]:
    """Start a web server on a free loopback port; stop it at the end."""
    with Answering(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def variables(server: Answering) -> dict[str, str]:
    """Return what the stack is told."""
    return {"TF_VAR_endpoint": server.endpoint}


def rounds(stack: MakersStack, server: Answering) -> Sequence[Sequence[Drift]]:
    """Return what drifts: changed first, deleted then."""
    turn = stack.directory / "turn.auto.tfvars"
    answer = stack.directory / "answer.json"
    moved = [
        changed(address, paths, partial(turn.write_text, 'turn = "two"\n'), None)
        for address, paths in _OF_STATE.items()
    ]
    by_hand = [
        # The provider calls a file of other content gone.
        deleted("local_file.a", partial(_file(stack, "a").write_text, "two"), _text(stack, "a")),
        deleted(
            "local_sensitive_file.a",
            partial(_file(stack, "secret").write_text, "another"),
            _text(stack, "secret"),
        ),
        changed("null_resource.of_http", {"triggers.answer"}, partial(server.say, "two"), None),
        changed(
            "null_resource.of_external",
            {"triggers.answer"},
            partial(answer.write_text, json.dumps({"answer": "two"})),
            None,
        ),
        changed("terraform_data.of_local", {"input"}, lambda: None, None),
    ]
    gone = [
        deleted("local_file.a", _file(stack, "a").unlink, _text(stack, "a")),
        deleted("local_sensitive_file.a", _file(stack, "secret").unlink, _text(stack, "secret")),
    ]
    forgotten = [deleted(address, partial(_forget, stack, address), None) for address in _OF_STATE]
    return ([*moved, *by_hand], [*gone, *forgotten])


def _file(stack: MakersStack, name: str) -> Path:
    return stack.directory / "out" / f"{name}.txt"


def _text(stack: MakersStack, name: str) -> Callable[[], str | None]:
    def look() -> str | None:
        file = _file(stack, name)
        return file.read_text() if file.is_file() else None

    return look


def _forget(stack: MakersStack, address: str) -> None:
    """Take an object out of the state, as `terraform state rm` does, without its start."""
    file = stack.directory / "terraform.tfstate"
    state = json.loads(file.read_text())
    kept = [one for one in state["resources"] if f"{one['type']}.{one['name']}" != address]
    assert len(kept) == len(state["resources"]) - 1
    file.write_text(json.dumps({**state, "resources": kept, "serial": state["serial"] + 1}))
