"""Mail, handed in at a server by SMTP."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Final

import structlog

from reconciler.domain.alerts import NOT_REACHED
from reconciler.domain.errors import PermanentError, ReconcilerError, RetryableError
from reconciler.domain.notices import Notice
from reconciler.notify.forbidden import refuse_literal
from reconciler.notify.mail_line import Line, MailServer, connected, log_in, where_is
from reconciler.notify.mail_message import mail_of, thread_of
from reconciler.notify.mail_recipients import PERMANENT, Refused, reached, still_to_reach
from reconciler.notify.reasons import NO_TLS, reason_of
from reconciler.ports import PartlyShownError

_WHOLE_S: Final = 60.0
"""A server that sends a byte now and then never meets the limit of a single step."""
_CLOSED: Final = 421
_UNKNOWN_AUTHORITY: Final = frozenset({18, 19, 20})
"""Codes of OpenSSL, X509_V_ERR_*: self-signed, by a self-signed one, by one that is not known."""
_log = structlog.get_logger()


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
        # Where those left are no recipients any more, all others have it.
        refused = await self._handed_in(message, wanted) if wanted else {}
        found = reached(
            receipt,
            notice.revision,
            server.recipients,
            refused,
            may_retry=notice.is_tried_again,
        )
        thread = thread_of(message, receipt)
        if found is None:
            return thread
        if found.left is not None:
            said = f"{where_is(self._name, server)}: {found.said}"
            raise PartlyShownError(said, receipt={**thread, **found.left}, tries=found.tries)
        _log.warning("mail_not_for_everybody", channel=self._name, outcome=found.said)
        return {**thread, NOT_REACHED: found.said}

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _handed_in(self, message: EmailMessage, wanted: Sequence[str]) -> Refused:
        """Return which of the recipients that are `wanted` were refused; somebody has the mail."""
        line = Line()
        try:
            async with asyncio.timeout(_WHOLE_S):
                return await asyncio.to_thread(self._send, message, wanted, line)
        except TimeoutError:
            if line.refused is not None:
                return line.refused  # only the farewell takes as long
            where = where_is(self._name, self._server)
            raise RetryableError(f"{where} took no mail within {_WHOLE_S:.0f} s") from None
        finally:
            # Else its thread would hold up the end of the daemon.
            line.hang_up()

    def _send(self, message: EmailMessage, wanted: Sequence[str], line: Line) -> Refused:
        server = self._server
        where = where_is(self._name, server)
        refuse_literal(self._name, server.host)
        try:
            with connected(self._name, server, line) as smtp:
                log_in(smtp, server, where)
                line.refused = smtp.send_message(message, to_addrs=list(wanted))
                return line.refused
        except smtplib.SMTPNotSupportedError:
            raise PermanentError(
                f"{where} takes no address with letters beyond ASCII (SMTPUTF8)",
                remedy="write ASCII addresses as `from` and `to`, or use another server",
            ) from None
        except smtplib.SMTPResponseException as error:
            if self._is_for_all(wanted) or _is_away(error):
                raise self._refused(where, error.smtp_code) from None
            # Given up, the mail would take the next ones from the others, who have it.
            return dict.fromkeys(wanted, (error.smtp_code, _bytes(error.smtp_error)))
        except smtplib.SMTPRecipientsRefused as error:
            if self._is_for_all(wanted):
                raise self._refused(
                    where, min(code for code, _ in error.recipients.values())
                ) from None
            # The others have it by an earlier try. After 421 the server was asked no further.
            return {each: error.recipients.get(each, (_CLOSED, b"")) for each in wanted}
        except (OSError, smtplib.SMTPException) as error:
            raise RetryableError(
                f"{where} took no mail: {reason_of(error)}", remedy=_remedy(error)
            ) from None

    def _is_for_all(self, wanted: Sequence[str]) -> bool:
        """Whether nobody has the mail by an earlier try."""
        return len(wanted) == len(self._server.recipients)

    @staticmethod
    def _refused(where: str, code: int) -> ReconcilerError:
        if code < PERMANENT:
            return RetryableError(f"{where} answered {code}")
        return PermanentError(
            f"{where} refuses the mail with {code}", remedy="check `from` and `to` of the channel"
        )


def _is_away(error: smtplib.SMTPResponseException) -> bool:
    """Whether the server talks to nobody for now, whomever the mail is for."""
    at_first = isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError)
    return at_first and error.smtp_code < PERMANENT


def _remedy(error: Exception) -> str | None:
    """Return what to change in the `url`; None where the server may be well later."""
    match error:
        case ssl.SSLCertVerificationError(verify_code=code) if code in _UNKNOWN_AUTHORITY:
            return "name the authority of its certificate as `ca_file` in the `url`"
        case ssl.SSLError(reason=reason) if reason == NO_TLS:
            return "where it takes STARTTLS, write smtp:// and leave out `tls`"
        case _:
            return None


def _bytes(words: bytes | str) -> bytes:
    """Return what a server said; smtplib gives some of it as text."""
    return words if isinstance(words, bytes) else words.encode()
