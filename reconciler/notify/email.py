"""Mail, handed in at a server by SMTP."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Final

import structlog

from reconciler.domain.alerts import NOT_REACHED
from reconciler.domain.errors import PermanentError, ReconcilerError, RetryableError
from reconciler.domain.notices import Notice, NoticeKind
from reconciler.notify.forbidden import refuse_literal, refuse_peer
from reconciler.notify.mail_message import mail_of, thread_of
from reconciler.notify.mail_recipients import PERMANENT, Refused, reached, still_to_reach
from reconciler.notify.reasons import reason_of
from reconciler.ports import PartlyShownError

_TIMEOUT_S: Final = 20.0
_WHOLE_S: Final = 60.0
"""A server that sends a byte now and then never meets the limit of a single step."""
_CLOSED: Final = 421
_PASSWORD_LOGINS: Final = frozenset({"CRAM-MD5", "PLAIN", "LOGIN"})
"""Those that smtplib speaks."""
_log = structlog.get_logger()


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


class Mail:
    """Implements `ports.Notifier`."""

    def __init__(self, name: str, server: MailServer) -> None:
        self._name = name
        self._server = server

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Send the first mail of a thread, or the next. See `Notifier.show`."""
        server = self._server
        message = mail_of(notice, receipt, sender=server.sender, recipients=server.recipients)
        wanted = still_to_reach(receipt, notice.revision, server.recipients)
        refused = await self._handed_in(message, wanted)
        found = reached(
            receipt,
            notice.revision,
            server.recipients,
            refused,
            may_retry=notice.kind is NoticeKind.ALERT,
        )
        thread = thread_of(message, receipt)
        if found is None:
            return thread
        if found.left is not None:
            said = f"{_where(self._name, server)}: {found.said}"
            raise PartlyShownError(said, receipt={**thread, **found.left}, pauses=False)
        _log.warning("mail_not_for_everybody", channel=self._name, outcome=found.said)
        return {**thread, NOT_REACHED: found.said}

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _handed_in(self, message: EmailMessage, wanted: Sequence[str]) -> Refused:
        """Return which of the recipients that are `wanted` were refused; somebody has the mail."""
        line = _Line()
        try:
            async with asyncio.timeout(_WHOLE_S):
                return await asyncio.to_thread(self._send, message, wanted, line)
        except TimeoutError:
            where = _where(self._name, self._server)
            raise RetryableError(f"{where} took no mail within {_WHOLE_S:.0f} s") from None
        finally:
            # Else its thread would hold up the end of the daemon.
            line.hang_up()

    def _send(self, message: EmailMessage, wanted: Sequence[str], line: _Line) -> Refused:
        server = self._server
        where = _where(self._name, server)
        refuse_literal(self._name, server.host)
        try:
            with _connected(self._name, server, line) as smtp:
                _log_in(smtp, server, where)
                return smtp.send_message(message, to_addrs=list(wanted))
        except smtplib.SMTPNotSupportedError:
            raise PermanentError(
                f"{where} takes no address with letters beyond ASCII (SMTPUTF8)",
                remedy="write ASCII addresses as `from` and `to`, or use another server",
            ) from None
        except smtplib.SMTPResponseException as error:
            raise self._refused(where, error.smtp_code) from None
        except smtplib.SMTPRecipientsRefused as error:
            if len(wanted) == len(server.recipients):
                raise self._refused(
                    where, min(code for code, _ in error.recipients.values())
                ) from None
            # The others have it by an earlier try. After 421 the server was asked no further.
            return {each: error.recipients.get(each, (_CLOSED, b"")) for each in wanted}
        except (OSError, smtplib.SMTPException) as error:
            raise RetryableError(f"{where} took no mail: {reason_of(error)}") from None

    @staticmethod
    def _refused(where: str, code: int) -> ReconcilerError:
        if code < PERMANENT:
            return RetryableError(f"{where} answered {code}")
        return PermanentError(
            f"{where} refuses the mail with {code}", remedy="check `from` and `to` of the channel"
        )


class _Line:
    """A conversation with a mail server, to be ended from another thread."""

    def __init__(self) -> None:
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
    def __init__(self, line: _Line, *where: Any, **how: Any) -> None:
        line.taken_by(self)
        super().__init__(*where, **how)


class _SmtpTls(smtplib.SMTP_SSL):
    def __init__(self, line: _Line, *where: Any, **how: Any) -> None:
        line.taken_by(self)
        super().__init__(*where, **how)


def _where(channel: str, server: MailServer) -> str:
    return f"channel {channel}: {server.host}:{server.port}"


@contextlib.contextmanager
def _connected(channel: str, server: MailServer, line: _Line) -> Iterator[smtplib.SMTP]:
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
            _encrypt(smtp, context, _where(channel, server))
        yield smtp
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


def _log_in(smtp: smtplib.SMTP, server: MailServer, where: str) -> None:
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
