"""A mail server on loopback: it takes mail after STARTTLS only, and only from whom it knows."""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class MailSink:
    """What came, in order. `refuse` answers the next mails with a code each."""

    folder: Path
    user: str = "trueup"
    password: str = "s3cret"
    offers_tls: bool = True
    refuse: list[int] = field(default_factory=list)
    mails: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    @property
    def ca_file(self) -> Path:
        return self.folder / "mail.crt"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak SMTP with one client until it leaves, or the server ends."""
        try:
            await self._speak(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure = known = False
        writer.write(b"220 sink ESMTP\r\n")
        while line := await reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            if word in (b"EHLO", b"HELO"):
                offer = b"AUTH PLAIN" if secure or not self.offers_tls else b"STARTTLS"
                writer.write(b"250-sink\r\n250 " + offer + b"\r\n")
            elif word == b"STARTTLS" and self.offers_tls:
                writer.write(b"220 go\r\n")
                await writer.drain()
                await writer.start_tls(self._context())
                secure = True
            elif self.offers_tls and not secure and word not in (b"QUIT", b"RSET"):
                writer.write(b"530 STARTTLS first\r\n")
            elif word == b"AUTH":
                given = base64.b64decode(line.split()[2]).split(b"\0")[1:]
                known = given == [self.user.encode(), self.password.encode()]
                writer.write(b"235 ok\r\n" if known else b"535 no\r\n")
            elif word == b"DATA" and known:
                await self._mail(reader, writer)
            elif word == b"DATA":
                writer.write(b"530 who are you\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
            await writer.drain()

    async def _mail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"354 go on\r\n")
        raw = await reader.readuntil(b"\r\n.\r\n")
        if self.refuse:
            writer.write(f"{self.refuse.pop(0)} not now\r\n".encode())
            return
        parsed = message_from_bytes(raw[:-3].replace(b"\r\n..", b"\r\n."), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        writer.write(b"250 taken\r\n")

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, self.folder / "mail.key")
        return context


@contextmanager
def taking_mail(sink: MailSink) -> Iterator[MailSink]:
    """Let `sink` listen at its `port`."""
    _make_certificate(sink.folder)
    loop = asyncio.new_event_loop()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=2**20)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _make_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "mail.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "mail.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
