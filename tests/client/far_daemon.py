"""A daemon that a client reaches by TLS and through a proxy, both real and on loopback."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST: Final = "daemon.invalid"
"""A name that no resolver knows: whoever gets an answer from it went through the proxy."""
_ANSWER: Final = b'{"hold": null}'
_CHUNK: Final = 65_536


@dataclass(slots=True)
class Server:
    """One that listens, and what it saw: request lines or tunnels asked for, and headers."""

    port: int
    lines: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def daemon(certificate: Path | None = None) -> Iterator[Server]:
    """Serve `{"hold": null}`, by TLS with the certificate and key in `certificate`."""

    class Handler(_Handler):
        def do_GET(self) -> None:
            self.note()
            self.send_response(200)
            self.send_header("Content-Length", str(len(_ANSWER)))
            self.end_headers()
            self.wfile.write(_ANSWER)

    with _serving(Handler, certificate) as server:
        yield server


@contextmanager
def proxy(to: Server, *, login: str | None = None) -> Iterator[Server]:
    """Tunnel whatever is asked for to `to`; with `login`, only who sends that header."""

    class Handler(_Handler):
        def do_CONNECT(self) -> None:
            self.note()
            if login is not None and self.headers.get("Proxy-Authorization") != login:
                self.send_error(407)
                return
            with socket.create_connection(("127.0.0.1", to.port)) as far:
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_pump, args=(far, self.connection))
                back.start()
                _pump(self.connection, far)
                back.join()

    with _serving(Handler, None) as server:
        yield server


def make_certificate(folder: Path) -> Path:
    """Write a certificate for HOST and 127.0.0.1 that signs itself, and its key, into one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    names: list[x509.GeneralName] = [
        x509.DNSName(HOST),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "daemon.pem"
    file.write_bytes(made.public_bytes(pem) + private)
    return file


class _Handler(BaseHTTPRequestHandler):
    seen: Server

    def note(self) -> None:
        self.seen.lines.append(f"{self.command} {self.path}")
        self.seen.headers.append({name.lower(): text for name, text in self.headers.items()})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is its class's
        """Say nothing."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a connection that its client gave up."""


@contextmanager
def _serving(handler: type[_Handler], certificate: Path | None) -> Iterator[Server]:
    server = _Quiet(("127.0.0.1", 0), handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    handler.seen = Server(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield handler.seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
