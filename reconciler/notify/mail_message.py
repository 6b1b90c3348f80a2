"""One mail of an alert: text and HTML, in a thread with the others of its cause. Pure."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import format_datetime

from reconciler.domain.notices import Link, Notice
from reconciler.notify.text import headline, lines, link_lines


def mail_of(
    notice: Notice, receipt: Mapping[str, str], *, sender: str, recipients: Sequence[str]
) -> EmailMessage:
    """Return the mail of one revision; `receipt` is what `thread_of` gave for the last.

    Its id is made of alert and revision: sent twice, a mail reader shows it once.
    """
    domain = sender.rpartition("@")[2] or "trueup.invalid"
    own, root = f"<{notice.alert_id}.{notice.revision}@{domain}>", receipt.get("root")
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    # Mail readers thread by the subject as well, and the title grows with the alert.
    subject = receipt.get("subject") or f"trueup: {_untagged(notice)}"
    message["Subject"] = f"{'Re: ' if root else ''}{subject}"
    message["Date"] = format_datetime(notice.changed_at)
    message["Message-ID"] = own
    message["Auto-Submitted"] = "auto-generated"
    earlier = [root] if root and root != own else []
    if earlier:
        message["In-Reply-To"] = root
    thread = receipt.get("thread") or _thread(notice, domain)
    if references := [each for each in (thread, *earlier) if each]:
        message["References"] = " ".join(references)
    body = [headline(notice), "", *lines(notice)]
    links = link_lines(notice)
    message.set_content("\n".join([*body, *([""] if links else []), *links]) + "\n")
    message.add_alternative(_html(body, () if notice.is_over else notice.links), subtype="html")
    return message


def thread_of(message: EmailMessage, receipt: Mapping[str, str]) -> dict[str, str]:
    """Return what later mails of the alert need: the first's id and subject, and the cause's id."""
    references = str(message["References"] or "").split()
    return {
        "root": receipt.get("root") or str(message["Message-ID"]),
        "subject": receipt.get("subject") or str(message["Subject"]).removeprefix("Re: "),
        "thread": receipt.get("thread") or (references[0] if references else ""),
    }


def _thread(notice: Notice, domain: str) -> str:
    """Return the id that all mails of a cause refer to, so that one that returns goes on there.

    No mail has it. Digests and heartbeats have no cause, and each stands for itself.
    """
    if not notice.cause:
        return ""
    digest = hashlib.sha256(notice.cause.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return f"<cause.{digest}@{domain}>"


def _untagged(notice: Notice) -> str:
    """Return the headline without the mark that changes from mail to mail."""
    return headline(notice).partition("] ")[2]


def _html(body: Sequence[str], links: Sequence[Link]) -> str:
    first, *rest = body
    offered = " · ".join(
        f'<a href="{html.escape(link.href)}">{html.escape(link.text)}</a>' for link in links
    )
    shown = html.escape("\n".join(rest))
    return (
        '<!doctype html><html><body style="font-family:sans-serif">'
        f"<h3>{html.escape(first)}</h3>"
        f'<pre style="font-family:monospace;white-space:pre-wrap">{shown}</pre>'
        f"{f'<p>{offered}</p>' if offered else ''}"
        "</body></html>"
    )
