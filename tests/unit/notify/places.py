"""Each channel with a receiver as strict as the service, and what is open and over there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.notify.addresses import ChannelAddress
from tests.receivers.http import (
    ChatRoom,
    Fickle,
    JsonReceiver,
    Pager,
    SignedReceiver,
    TeamsWorkflow,
    receiving,
)
from tests.receivers.smtp import MailSink, taking_mail

OTHER_SECRET: Final = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


@dataclass
class Place:
    """A channel's address, how many alerts are open there, and how many are shown as over."""

    url: str
    wrong_url: str
    open: Callable[[], int]
    ended: Callable[[], int]
    text: Callable[[], str]
    secret: str | None = None
    fickle: Fickle | None = None
    mail: MailSink | None = None
    by_apprise: bool = False

    def address(self, url: str | None = None) -> ChannelAddress:
        return ChannelAddress("ops", url or self.url, self.secret, by_apprise=self.by_apprise)


@contextmanager
def pager(_folder: Path) -> Iterator[Place]:
    service = Pager()
    fickle = Fickle(service)
    with receiving(fickle) as at:
        yield Place(
            f"pagerduty+http://{service.routing_key}@{at}",
            f"pagerduty+http://other@{at}",
            open=lambda: len(service.open),
            ended=lambda: len(service.resolved),
            text=lambda: str(service.open or service.resolved),
            fickle=fickle,
        )


@contextmanager
def room(_folder: Path) -> Iterator[Place]:
    service = ChatRoom()
    fickle = Fickle(service)

    def marked(mark: str) -> int:
        return sum(mark in str(message["blocks"]) for message in service.messages.values())

    with receiving(fickle) as at:
        yield Place(
            f"slack+http://{service.token}@{at}/%23ops",
            f"slack+http://xoxb-2@{at}/%23ops",
            open=lambda: marked(":warning:"),
            ended=lambda: marked(":white_check_mark:"),
            text=lambda: str(service.messages),
            fickle=fickle,
        )


@contextmanager
def webhook(_folder: Path) -> Iterator[Place]:
    service = SignedReceiver()
    fickle = Fickle(service)

    def last_of(state: str) -> int:
        newest = {event["subject"]: event for event in service.events.values()}
        return sum(event["type"].endswith(state) for event in newest.values())

    with receiving(fickle) as at:
        yield Place(
            f"http://{at}/hook",
            f"http://{at}/hook",
            open=lambda: last_of("open"),
            ended=lambda: last_of("resolved"),
            text=lambda: str(service.events),
            secret=service.secret,
            fickle=fickle,
        )


@contextmanager
def teams(_folder: Path) -> Iterator[Place]:
    service = TeamsWorkflow()
    fickle = Fickle(service)

    def newest(mark: str) -> int:
        return int(bool(service.cards) and service.cards[-1][0].startswith(mark))

    with receiving(fickle) as at:
        head = f"msteams+http://{at}/workflows/1/invoke?sig="
        yield Place(
            f"{head}{service.key}",
            f"{head}other",
            open=lambda: newest("[critical]"),
            ended=lambda: newest("[resolved]"),
            text=lambda: str(service.cards),
            fickle=fickle,
        )


@contextmanager
def mail(folder: Path) -> Iterator[Place]:
    with taking_mail(MailSink(folder)) as sink:

        def threads(mark: str) -> int:
            newest = [one.get_body(("plain",)) for one in sink.threads().values()]
            return sum(body is not None and body.get_content().startswith(mark) for body in newest)

        tail = f"127.0.0.1:{sink.port}?from=trueup@example.com&to=ops@example.com"
        ca = f"&ca_file={sink.ca_file}"
        yield Place(
            f"smtp://{sink.user}:{sink.password}@{tail}{ca}",
            f"smtp://{sink.user}:wrong@{tail}{ca}",
            open=lambda: threads("[critical]"),
            ended=lambda: threads("[resolved]"),
            text=lambda: "".join(map(str, sink.mails)),
            mail=sink,
        )


@contextmanager
def apprise(_folder: Path) -> Iterator[Place]:
    service = JsonReceiver()
    fickle = Fickle(service)

    def newest(kind: str) -> int:
        return int(bool(service.messages) and service.messages[-1]["type"] == kind)

    with receiving(fickle) as at:
        yield Place(
            f"json://trueup:{service.password}@{at}/hook",
            f"json://trueup:other@{at}/hook",
            open=lambda: newest("failure"),
            ended=lambda: newest("success"),
            text=lambda: str(service.messages),
            fickle=fickle,
            by_apprise=True,
        )


PLACES = [pager, room, webhook, teams, mail, apprise]
