"""Each tracker with a receiver as strict as the service, and its address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.ports import Notifier
from tests.receivers.http import Fickle, receiving
from tests.receivers.trackers import Desk, GitHubDesk, GitLabDesk, JiraDesk, ServiceNowDesk


@dataclass
class Place:
    """A tracker with its address, and how often it fails."""

    desk: Desk
    fickle: Fickle
    url: str
    wrong_url: str

    def channel(self, *, most_open: int = 20, url: str | None = None) -> Notifier:
        return open_channel(ChannelAddress("desk", url or self.url, most_open=most_open))

    def lose_answer(self, *, of_call: int) -> None:
        """Let the call after `of_call` others be done and its answer be lost."""
        left = of_call
        take = self.desk.take

        def first_then_lost(path: str, headers: object, body: bytes) -> object:
            nonlocal left
            answer = take(path, headers, body)  # type: ignore[arg-type]
            left -= 1
            return (504, {}, b"") if left == -1 else answer

        self.fickle.service = type("Lost", (), {"take": staticmethod(first_then_lost)})()


@contextmanager
def at(desk: Desk, url: str, wrong: str = "") -> Iterator[Place]:
    fickle = Fickle(desk)
    with receiving(fickle) as address:
        head = url.format(key=desk.key, at=address)
        yield Place(desk, fickle, head, f"{head.partition(address)[0]}{address}/{wrong}")


JIRA = "jira+http://ana%40example.com:{key}@{at}/OPS"
TRACKERS: list[tuple[str, Callable[..., Desk], str, str]] = [
    ("github", GitHubDesk, "github+http://{key}@{at}/acme/infra", "acme/nothing"),
    ("gitlab", GitLabDesk, "gitlab+http://{key}@{at}/acme/infra", "acme/nothing"),
    ("jira", JiraDesk, JIRA, "NONE"),
    ("servicenow", ServiceNowDesk, "servicenow+http://trueup:{key}@{at}/incident", "task"),
]
