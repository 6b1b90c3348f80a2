"""A conversation with a mail server: connected, encrypted, logged in, and ended in order."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.notify.forbidden import refuse_peer
from reconciler.notify.mail_recipients import PERMANENT, Refused

_TIMEOUT_S: Final = 20.0
_FAREWELL_S: Final = 2.0
"""The mail is taken by then, and others wait for this channel."""
_PASSWORD_LOGINS: Final = frozenset({"CRAM-MD5", "PLAIN", "LOGIN"})
"""Those that smtplib speaks."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `tls` is `starttls`, `tls` from the first byte on, or `none`."""

    host: str
    port: int
    sender: str
    recipients: Sequence[str]
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: str = "starttls"
    ca_file: str | None = None


class Line:
    """A conversation with a mail server, to be ended from another thread.

    `refused` is what came of the mail, from the moment on in which the server took it.
    """

    def __init__(self) -> None:
        self.refused: Refused | None = None
        self._smtp: smtplib.SMTP | None = None

    def taken_by(self, smtp: smtplib.SMTP) -> None:
        """Note who talks; its socket comes later."""
        self._smtp = smtp

    def hang_up(self) -> None:
        """End the conversation; what waits for an answer meets its end."""
        sock = self._smtp.sock if self._smtp is not None else None
        if sock is not None:
            with contextlib.suppress(OSError):
                # Of the plain socket: that of TLS drops what the other thread reads by.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Smtp(smtplib.SMTP):
    def __init__(self, line: Line, *where: Any, **how: Any) -> None:
        line.taken_by(self)
        super().__init__(*where, **how)


class _SmtpTls(smtplib.SMTP_SSL):
    def __init__(self, line: Line, *where: Any, **how: Any) -> None:
        line.taken_by(self)
        super().__init__(*where, **how)


def where_is(channel: str, server: MailServer) -> str:
    """Return how errors name the server."""
    return f"channel {channel}: {server.host}:{server.port}"


@contextlib.contextmanager
def connected(channel: str, server: MailServer, line: Line) -> Iterator[smtplib.SMTP]:
    """Give a conversation that may go on, and take leave of the server.

    What it answers to that says nothing of the mail, which smtplib's own context would raise.
    """
    context = ssl.create_default_context(cafile=server.ca_file)
    if server.tls == "tls":
        smtp: smtplib.SMTP = _SmtpTls(
            line, server.host, server.port, timeout=_TIMEOUT_S, context=context
        )
    else:
        smtp = _Smtp(line, server.host, server.port, timeout=_TIMEOUT_S)
    try:
        if smtp.sock is not None:
            refuse_peer(channel, server.host, str(smtp.sock.getpeername()[0]))
        if server.tls == "starttls":
            _encrypt(smtp, context, where_is(channel, server))
        yield smtp
        if smtp.sock is not None:
            smtp.sock.settimeout(_FAREWELL_S)
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.docmd("QUIT")
    finally:
        smtp.close()


def _encrypt(smtp: smtplib.SMTP, context: ssl.SSLContext, where: str) -> None:
    try:
        smtp.starttls(context=context)
    except smtplib.SMTPNotSupportedError:
        raise PermanentError(
            f"{where} offers no STARTTLS, so mail would go over the network unencrypted",
            remedy="use a server with TLS; `?tls=none` is for a server on this host",
        ) from None


def log_in(smtp: smtplib.SMTP, server: MailServer, where: str) -> None:
    """Log in where the channel has a user.

    Raises:
        RetryableError: the server cannot tell for now, such as with 454.
        PermanentError: it refuses the user, or knows no way that a password can go.
        OSError, SMTPException: the conversation ended.
    """
    if server.user is None:
        return
    smtp.ehlo_or_helo_if_needed()
    if _PASSWORD_LOGINS.isdisjoint(smtp.esmtp_features.get("auth", "").split()):
        raise PermanentError(
            f"{where} offers no login with a password",
            remedy="remove the user and the password from the channel's `url`, or name the port"
            " at which it does, such as 587",
        )
    try:
        smtp.login(server.user, server.password or "")
    except smtplib.SMTPAuthenticationError as error:
        code = error.smtp_code
        # smtplib raises this for any answer to AUTH, so also where a directory is away.
        if code < PERMANENT:
            raise RetryableError(f"{where} answered {code} to the login") from None
        raise PermanentError(
            f"{where} refuses the user name or the password with {code}",
            remedy="check them in the channel's `url`",
        ) from None
