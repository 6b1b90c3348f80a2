"""What the metadata service of a cloud is asked, and what is made of its answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from agent.probes.cloud import cloud_section
from agent.probes.table import probes_of
from agent.protocol.tree import Section

TOKEN = "token-of-a-minute"
# Recorded of an instance of EC2, with other names.
ANSWERS = {
    "/latest/meta-data/instance-id": "i-0123456789abcdef0",
    "/latest/meta-data/security-groups": "web\nbastion access",
    "/latest/meta-data/iam/info": json.dumps(
        {
            "Code": "Success",
            "LastUpdated": "2026-11-02T10:11:12Z",
            "InstanceProfileArn": "arn:aws:iam::123456789012:instance-profile/web",
            "InstanceProfileId": "AIPAEXAMPLE",
        }
    ),
}


@contextmanager
def metadata(answers: Mapping[str, str], patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Serve `answers` to who has a token; give the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            good = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds") == "60"
            self._answer(200 if good else 400, TOKEN)

        def do_GET(self) -> None:
            asked.append(self.path)
            if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
                self._answer(401, "")
            elif self.path in answers:
                self._answer(200, answers[self.path])
            else:
                self._answer(404, "")

        def _answer(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        patch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        try:
            yield asked
        finally:
            server.shutdown()


def test_a_machine_says_which_instance_it_is_and_who_it_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with metadata(ANSWERS, monkeypatch) as asked:
        assert cloud_section() == Section(
            "ok",
            {
                "instance": {"id": "i-0123456789abcdef0"},
                "security_group/web": {},
                "security_group/bastion access": {},
                "iam": {"instance_profile": "arn:aws:iam::123456789012:instance-profile/web"},
            },
        )
    assert not any("credentials" in path for path in asked)


def test_a_machine_without_a_role_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    some = {path: text for path, text in ANSWERS.items() if "iam" not in path}
    with metadata(some, monkeypatch):
        assert "iam" not in cloud_section().leaves


def test_a_machine_outside_a_cloud_has_an_unsupported_section_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # nobody listens there, and nobody else can
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)
        assert cloud_section() == Section("unsupported")
    names = probes_of(tmp_path, b"").keys()
    assert "cloud" not in names
    assert probes_of(tmp_path, b"", cloud=True).keys() - names == {"cloud"}
