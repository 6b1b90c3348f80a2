"""From the `url` of a channel for mail to the server that it names.

`smtp://USER:PASSWORD@HOST:PORT?from=A&to=B&tls=starttls|tls|none&ca_file=F`; `mailto://` is the
same, and `smtps://` speaks TLS from the first byte on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote

from reconciler.domain.errors import PermanentError
from reconciler.domain.loopback import is_loopback
from reconciler.notify.mail_line import MailServer
from reconciler.notify.query_keys import problem_of_keys

_TLS: Final = ("starttls", "tls", "none")
_OF_MAIL: Final = frozenset({"from", "to", "tls", "ca_file"})
_SUBMISSION, _SMTPS = 587, 465


def server_of(name: str, parts: SplitResult) -> MailServer:
    """Return the server, and who writes to whom. Nothing is connected.

    Raises:
        PermanentError: the address says too little, or would send mail unencrypted.
    """
    asked = parse_qs(parts.query)
    problem = problem_of_keys(parts, _OF_MAIL)
    if problem is not None:
        raise _refused(name, problem, f"write {', '.join(sorted(_OF_MAIL))} alone")
    sender, recipients = _addresses(asked, "from"), _addresses(asked, "to")
    if not parts.hostname or len(sender) != 1 or not recipients:
        raise _refused(
            name,
            "names no server, no sender or nobody to write to",
            "write smtp://USER:PASSWORD@HOST:587?from=trueup@example.com&to=ops@example.com",
        )
    of_scheme = "tls" if parts.scheme in ("smtps", "mailtos") else "starttls"
    tls = asked.get("tls", [of_scheme])[-1]
    if tls not in _TLS:
        raise _refused(name, "has another `tls`", f"write one of {', '.join(_TLS)}")
    if tls == "none" and not is_loopback(parts.hostname):
        raise _refused(
            name, "sends mail over the network unencrypted", "leave `tls` away, or write tls"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and not password:
        raise _refused(name, "names a user and no password", "write smtp://USER:PASSWORD@HOST")
    ca_file = asked.get("ca_file", [None])[-1]
    if ca_file is not None and not Path(ca_file).is_file():
        raise _refused(name, "names a `ca_file` that is not there", "correct its path")
    if not (user + password).isascii():
        # smtplib raises UnicodeEncodeError at each login instead.
        raise _refused(
            name,
            "has a user or a password with letters beyond ASCII",
            "give trueup a user of its own, with an ASCII password",
        )
    return MailServer(
        host=parts.hostname,
        port=parts.port or (_SMTPS if tls == "tls" else _SUBMISSION),
        sender=sender[0],
        recipients=recipients,
        user=user or None,
        password=password or None,
        tls=tls,
        ca_file=ca_file,
    )


def _addresses(asked: Mapping[str, list[str]], key: str) -> list[str]:
    named = [address.strip() for value in asked.get(key, ()) for address in value.split(",")]
    return [address for address in named if "@" in address and not set(address) & set("\r\n<>")]


def _refused(name: str, problem: str, remedy: str) -> PermanentError:
    # Not the address itself: it may hold a password.
    return PermanentError(f"the `url` of channel {name} {problem}", remedy=remedy)
