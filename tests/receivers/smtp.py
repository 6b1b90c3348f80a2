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
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.patience import PATIENCE_S

_CLOSES: Final = 421
"""With this answer a server ends the connection (RFC 5321, 3.8)."""


@dataclass
class MailSink:
    """What came, in order, and to whom: `mails` and `envelopes`.

    `refuse` answers the next mails with a code each, `refuse_sender` the next senders,
    `refuse_login` the next logins, and `refuse_for` the next mails to an address. `logins` is
    what AUTH offers, `farewell` the answer to QUIT; with 0 it never comes. `takes_leave` says
    that a client said QUIT.
    """

    folder: Path
    user: str = "trueup"
    password: str = "s3cret"
    offers_tls: bool = True
    logins: str = "PLAIN"
    refuse: list[int] = field(default_factory=list)
    refuse_sender: list[int] = field(default_factory=list)
    refuse_login: list[int] = field(default_factory=list)
    refuse_for: dict[str, list[int]] = field(default_factory=dict)
    farewell: int = 221
    takes_leave: threading.Event = field(default_factory=threading.Event)
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, ...]] = field(default_factory=list)
    port: int = 0

    @property
    def ca_file(self) -> Path:
        return self.folder / "mail.crt"

    def threads(self) -> dict[str, EmailMessage]:
        """Return the newest mail of each thread, by the id of its first."""
        return {str(mail["In-Reply-To"] or mail["Message-ID"]): mail for mail in self.mails}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak SMTP with one client until it leaves, or the server ends."""
        try:
            await _Conversation(self, reader, writer).speak()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, self.folder / "mail.key")
        return context


@dataclass
class _Conversation:
    """One client, and what it said so far."""

    sink: MailSink
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    secure: bool = False
    known: bool = False
    recipients: list[str] = field(default_factory=list)

    async def speak(self) -> None:
        self.writer.write(b"220 sink ESMTP\r\n")
        while line := await self.reader.readline():
            word = line.split()[0].upper() if line.split() else b""
            code = await self._answer(word, line)
            await self.writer.drain()
            if word == b"QUIT" or code == _CLOSES:
                break

    async def _answer(self, word: bytes, line: bytes) -> int:
        sink = self.sink
        if word in (b"EHLO", b"HELO"):
            return self._offer()
        if word == b"QUIT":
            return await self._take_leave()
        if word == b"STARTTLS" and sink.offers_tls:
            self._say(220, "go")
            await self.writer.drain()
            await self.writer.start_tls(sink.context())
            self.secure = True
            return 220
        if sink.offers_tls and not self.secure and word != b"RSET":
            return self._say(530, "STARTTLS first")
        if word == b"AUTH":
            return self._log_in(line)
        if word in (b"MAIL", b"RSET"):
            self.recipients.clear()
        if word == b"MAIL" and self.sink.refuse_sender:
            return self._say(self.sink.refuse_sender.pop(0), "not from you")
        if word == b"RCPT":
            return self._recipient(line)
        if word == b"DATA":
            return await self._mail()
        return self._say(250, "ok")

    async def _take_leave(self) -> int:
        self.sink.takes_leave.set()
        if not self.sink.farewell:
            await self.reader.read()  # until the client has left
        return self._say(self.sink.farewell, "bye")

    def _offer(self) -> int:
        offers = []
        if self.sink.offers_tls and not self.secure:
            offers.append("STARTTLS")
        elif self.sink.logins:
            offers.append(f"AUTH {self.sink.logins}")
        lines = ["sink", *offers]
        for line in lines[:-1]:
            self.writer.write(f"250-{line}\r\n".encode())
        return self._say(250, lines[-1])

    def _log_in(self, line: bytes) -> int:
        if not self.sink.logins:
            return self._say(502, "no such command")
        if self.sink.refuse_login:
            return self._say(self.sink.refuse_login.pop(0), "no login now")
        given = base64.b64decode(line.split()[2]).split(b"\0")[1:]
        self.known = given == [self.sink.user.encode(), self.sink.password.encode()]
        return self._say(235, "ok") if self.known else self._say(535, "no")

    def _recipient(self, line: bytes) -> int:
        address = line.partition(b"<")[2].partition(b">")[0].decode()
        if codes := self.sink.refuse_for.get(address):
            return self._say(codes.pop(0), f"no mail for {address}")
        self.recipients.append(address)
        return self._say(250, "ok")

    async def _mail(self) -> int:
        if not self.known and self.sink.logins:
            return self._say(530, "who are you")
        if not self.recipients:
            return self._say(554, "to nobody")
        self._say(354, "go on")
        raw = await self.reader.readuntil(b"\r\n.\r\n")
        if self.sink.refuse:
            return self._say(self.sink.refuse.pop(0), "not now")
        parsed = message_from_bytes(raw[:-3].replace(b"\r\n..", b"\r\n."), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.sink.mails.append(parsed)
        self.sink.envelopes.append(tuple(self.recipients))
        return self._say(250, "taken")

    def _say(self, code: int, words: str) -> int:
        self.writer.write(f"{code} {words}\r\n".encode())
        return code


def first_line(mail: EmailMessage) -> str:
    """Return the headline, which tells how an alert is now; the subject is that of its thread."""
    body = mail.get_body(("plain",))
    return "" if body is None else body.get_content().partition("\n")[0]


@contextmanager
def taking_mail(sink: MailSink) -> Iterator[MailSink]:
    """Let `sink` listen at its `port`."""
    _make_certificate(sink.folder)
    loop = asyncio.new_event_loop()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(sink.serve, "127.0.0.1", 0, limit=2**20)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(start(), loop).result(PATIENCE_S)
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result(PATIENCE_S)
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
