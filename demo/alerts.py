"""What people see of one drift: a mail, a message, an incident and a ticket, each until its end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from demo.narration import Narrator, expect
from tests.daemon import Daemon
from tests.receivers.http import ChatRoom, Pager, receiving
from tests.receivers.smtp import MailSink, first_line, taking_mail
from tests.receivers.trackers import GitHubDesk

WITHIN_S: Final = 120.0
_SECTION: Final = """
[[channel]]
name = "{name}"
url = "{url}"
events = ["{event}"]
stacks = ["{stacks}"]
group_wait = "{wait}"
update_every = "{pause}"
"""


@dataclass(slots=True)
class Receivers:
    """A mail server, a chat room, a pager and a tracker on this host, as strict as the real ones.

    `settings` are the channels that name them.
    """

    mail: MailSink
    room: ChatRoom
    pager: Pager
    tracker: GitHubDesk
    settings: str

    def open(self) -> tuple[int, int, int, int]:
        """Return how many alerts each of the four shows as open."""
        return (
            sum("[resolved]" not in mail.as_string() for mail in self.mail.threads().values()),
            sum(":warning:" in str(said["blocks"]) for said in self.room.messages.values()),
            len(self.pager.open),
            sum(issue.is_open for issue in self.tracker.issues),
        )

    def shown(self) -> tuple[int, int, int, int]:
        """Return how many alerts each of the four was shown at all."""
        return (
            len(self.mail.threads()),
            len(self.room.messages),
            len({*self.pager.open, *self.pager.resolved}),
            len(self.tracker.issues),
        )

    def newest(self) -> tuple[str, str, str, str]:
        """Return what each says of the alert that it shows as open; all four show one."""
        (incident,) = self.pager.open.values()
        (message,) = self.room.messages.values()
        (issue,) = self.tracker.issues
        return first_line(self.mail.mails[-1]), message["text"], incident["summary"], issue.title

    def everything(self) -> str:
        """Return all that was ever sent to them."""
        mails = "".join(mail.as_string() for mail in self.mail.mails)
        return (
            f"{mails}{self.room.messages}{self.pager.open}{self.pager.changes}{self.tracker.issues}"
        )


@contextlib.contextmanager
def receiving_alerts(
    folder: Path, *, event: str, stacks: str, wait: str = "1s", pause: str = "1s"
) -> Iterator[Receivers]:
    """Let the four of them listen on this host, for alerts of `stacks` that `event` opens.

    The first message waits `wait` for others of its cause; between two is a `pause`.
    """
    folder.mkdir(parents=True)
    room, pager, tracker = ChatRoom(), Pager(), GitHubDesk()
    with contextlib.ExitStack() as opened:
        at = [opened.enter_context(receiving(service)) for service in (room, pager, tracker)]
        mail = opened.enter_context(taking_mail(MailSink(folder)))
        people = f"from=trueup@example.com&to=ops@example.com&ca_file={mail.ca_file}"
        urls = {
            "mail": f"smtp://{mail.user}:{mail.password}@127.0.0.1:{mail.port}?{people}",
            "chat": f"slack+http://{room.token}@{at[0]}/%23ops",
            "pager": f"pagerduty+http://{pager.routing_key}@{at[1]}",
            "tickets": f"github+http://{tracker.key}@{at[2]}/acme/infra",
        }
        sections = [
            _SECTION.format(name=name, url=url, event=event, stacks=stacks, wait=wait, pause=pause)
            for name, url in urls.items()
        ]
        yield Receivers(mail, room, pager, tracker, "".join(sections))


def see_shown(receivers: Receivers, daemon: Daemon, narrator: Narrator) -> None:
    """One drift that waits for a person is one mail, one message, one incident and one ticket."""
    with narrator.step("Who is told that the secret waits for a person?"):
        daemon.until("one alert on each of four channels",
                     lambda: receivers.open() == (1, 1, 1, 1), within_s=WITHIN_S)  # fmt: skip
        print_shown(receivers, narrator)


def see_ended(receivers: Receivers, daemon: Daemon, narrator: Narrator) -> None:
    """The same four are updated and closed, and there is no fifth."""
    with narrator.step("The same four, now that it is put back"):
        daemon.until("the end of the alert on each of four channels",
                     lambda: receivers.open() == (0, 0, 0, 0), within_s=WITHIN_S)  # fmt: skip
        expect(expected=(1, 1, 1, 1), seen=receivers.shown(), what="alerts on each channel")
        print_shown(receivers, narrator)


def print_shown(receivers: Receivers, narrator: Narrator) -> None:
    """Print what each of the four shows now of one alert."""
    first = first_line(receivers.mail.mails[-1])
    narrator.item(f"mail {len(receivers.mail.mails)} of one thread: {first}")
    (message,) = receivers.room.messages.values()
    edits = f", edited {receivers.room.edits} times" if receivers.room.edits else ""
    narrator.item(f"Slack, one message{edits}: {message['text']}")
    for key, incident in receivers.pager.open.items():
        narrator.item(f"PagerDuty, triggered: incident {key}: {incident['summary']}")
    for key in receivers.pager.resolved:
        narrator.item(f"PagerDuty, resolved: incident {key}")
    for change in receivers.pager.changes:
        narrator.item(f"PagerDuty, a change that pages nobody: {change['summary']}")
    (issue,) = receivers.tracker.issues
    state = "open" if issue.is_open else f"closed after {len(issue.comments)} comments"
    narrator.item(f"GitHub issue #{issue.number}, {state}: {issue.title}")
