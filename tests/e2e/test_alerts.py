"""One drift, one message on each channel, updated and ended: a real daemon and strict receivers."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.daemon import Daemon
from tests.e2e.lone_daemon import look_at
from tests.e2e.test_guardrails import NAMES, Fleet
from tests.patience import until
from tests.receivers.http import (
    ChatRoom,
    Fickle,
    JsonReceiver,
    Pager,
    SignedReceiver,
    Stalled,
    receiving,
)
from tests.receivers.smtp import MailSink, first_line, taking_mail
from tests.strangers.worlds import DECLARED, DRIFT

pytestmark = pytest.mark.slow

HOOK_SECRET: Final = "whsec_CANARYCANARYCANARYCANARYCANARYCA"
SECRETS: Final = ("xoxb-CANARY", "RCANARYKEY", HOOK_SECRET, "mail-CANARY")


@dataclass
class Receivers:
    """The four of them, and the settings that name them.

    They take messages in threads of their own: what is looked through is a copy.
    """

    room: ChatRoom
    pager: Pager
    pager_line: Fickle
    hook: SignedReceiver
    mail: MailSink
    settings: str

    def open(self) -> tuple[int, int, int, int]:
        """Return how many alerts each shows as open."""
        newest = {event["subject"]: event["type"] for event in [*self.hook.events.values()]}
        return (
            sum(":warning:" in str(one["blocks"]) for one in [*self.room.messages.values()]),
            len(self.pager.open),
            sum(type_.endswith("open") for type_ in newest.values()),
            sum("[resolved]" not in one.as_string() for one in self.mail.threads().values()),
        )

    def members(self) -> tuple[int, ...]:
        """Return how many open members the newest message on each says; 0 where there is none."""
        newest = [
            *(message["text"] for message in [*self.room.messages.values()][-1:]),
            *(incident["summary"] for incident in [*self.pager.open.values()][-1:]),
            *(event["data"]["headline"] for event in [*self.hook.events.values()][-1:]),
            *map(first_line, self.mail.mails[-1:]),
        ]
        found = [re.search(r"(\d+) stacks: (\d+) thing drifted", each) for each in newest]
        return tuple(int(each[2]) if each else 0 for each in found)

    def alerts(self) -> tuple[int, int, int, int]:
        """Return how many alerts each has shown at all."""
        return (
            len(self.room.messages),
            len({*self.pager.open, *self.pager.resolved}),
            len({event["subject"] for event in [*self.hook.events.values()]}),
            len(self.mail.threads()),
        )


@pytest.fixture
def receivers(tmp_path: Path) -> Iterator[Receivers]:
    chat, pager, hook, key, mail = ChatRoom(SECRETS[0]), Pager(SECRETS[1]), *_rest()
    line = Fickle(pager)
    folder = tmp_path / "mail"
    folder.mkdir()
    with ExitStack() as stack:
        at = [stack.enter_context(receiving(one)) for one in (chat, line, hook)]
        sink = stack.enter_context(taking_mail(MailSink(folder, password=mail)))
        people = f"from=trueup@example.com&to=ops@example.com&ca_file={sink.ca_file}"
        urls = (
            f'url = "slack+http://{chat.token}@{at[0]}/%23ops"',
            f'url = "pagerduty+http://{pager.routing_key}@{at[1]}"',
            f'url = "http://{at[2]}/hook"\nsecret = "{key}"',
            f'url = "smtp://{sink.user}:{mail}@127.0.0.1:{sink.port}?{people}"',
        )
        sections = [
            f'[[channel]]\nname = "{name}"\n{url}\ngroup_wait = "3s"\nupdate_every = "1s"\n'
            for name, url in zip(("chat", "pager", "bus", "mail"), urls, strict=True)
        ]
        words = tmp_path / "words.j2"
        words.write_text(
            "{{ still_open }} of {{ stacks | join(' and ') }}:"
            "{% for link in links %} {{ link.href }}{% endfor %}"
        )
        sections[2] += (
            f'link = "https://h.example/{{type}}"\n[channel.templates]\nopened = "{words}"\n'
        )
        yield Receivers(chat, pager, line, hook, sink, "\n".join(sections))


def _rest() -> tuple[SignedReceiver, str, str]:
    return SignedReceiver(SECRETS[2]), SECRETS[2], SECRETS[3]


def drifts(fleet: Fleet, daemon: Daemon) -> None:
    changed(fleet, daemon, DRIFT)


def changed(fleet: Fleet, daemon: Daemon, things: dict[str, Any]) -> None:
    for name in fleet.names:
        fleet.worlds[name].put(things)
    for name in fleet.names:
        daemon.ask(f"/stacks/{name}/scan", {})


def settled(fleet: Fleet, daemon: Daemon, *, channel: str = "bus") -> None:
    """Wait until both stacks were scanned, and the alerts know where the stream is."""
    daemon.until(
        "the first scans",
        lambda: all(look_at(daemon, name)["health"] == "in_sync" for name in fleet.names),
    )
    assert fleet.run("channel", "test", channel).code == 0


def standing(daemon: Daemon) -> dict[str, str]:
    """Return by channel what the daemon says of the only open alert.

    A receiver has a message before the daemon has noted that.
    """
    (alert,) = daemon.ask("/alerts?state=open")["items"]
    return {on["channel"]: on["error"] or on["state"] for on in alert["shown_on"]}


def test_one_drift_in_two_stacks_is_one_message_on_each_channel_until_it_is_gone(
    tmp_path: Path, receivers: Receivers
) -> None:
    fleet = Fleet(tmp_path)
    # Each scan is asked for: at short intervals a stack that waits its turn would be an alert.
    fleet.settings(receivers.settings, interval="1d")
    with fleet.lone.serving() as daemon:
        settled(fleet, daemon)
        assert receivers.alerts() == (0, 0, 1, 0)
        # The pager is away until the daemon dies.
        receivers.pager_line.failures = [((503, {}, b""), False)] * 99
        drifts(fleet, daemon)
        daemon.until("three of four", lambda: receivers.members() == (2, 2, 2))
        daemon.until("its noting three", lambda: _is_shown_on_three_of_four(standing(daemon)))
        assert receivers.open() == (1, 0, 1, 1)
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
    receivers.pager_line.failures.clear()
    with fleet.lone.serving() as daemon:
        daemon.until("the pager", lambda: receivers.members() == (2, 2, 2, 2))
        assert receivers.open() == (1, 1, 1, 1)
        (incident,) = receivers.pager.open.values()
        assert incident["custom_details"]["drifted"] == 2
        newest = list(receivers.hook.events.values())[-1]
        kind = incident["component"]
        said = f"2 of {' and '.join(sorted(NAMES))}: https://h.example/{kind}"
        assert newest["data"]["text"] == said
        finding = newest["data"]["members"][0]["finding_id"]
        assert fleet.run("ack", finding[:8]).code == 0
        daemon.until(
            "the acknowledgement",
            lambda: receivers.pager.acknowledged == set(receivers.pager.open),
        )
        everywhere = dict.fromkeys(("bus", "chat", "mail", "pager"), "shown")
        daemon.until("its noting all four", lambda: standing(daemon) == everywhere)
        shown = fleet.run("alert", "list")
        assert "2 of 2" in shown.out
        assert "bus, chat, mail, pager" in shown.out
        (alert,) = fleet.run("alert", "list", "--json").json["items"]
        whole = fleet.run("alert", "show", alert["id"][:8]).out
        assert "2 of 2 open" in whole
        assert all(f"{finding_id[:8]}  " in whole for finding_id in alert["finding_ids"])
        assert "pager: shown" in whole
        muted = fleet.run("alert", "mute", alert["id"][:8], "--reason", "known")
        assert "muted: 2 stacks" in muted.out
        assert "known" in fleet.run("alert", "list", "-o", "wide").out
        assert "shown again" in fleet.run("alert", "unmute", alert["id"]).out
        changed(fleet, daemon, DECLARED)
        daemon.until("the end", lambda: receivers.open() == (0, 0, 0, 0))
        assert receivers.alerts() == (1, 1, 2, 1)
        daemon.until("its noting the end", lambda: not _waiting(daemon))
        listed = fleet.run("channel", "list", "--json")
        assert {item["waiting"] for item in listed.json["items"]} == {0}
        _report(fleet, tmp_path / "drift.html")
        logs = "".join(daemon.lines)
    kept = b"".join(
        file.read_bytes()
        for file in fleet.lone.data_dir.rglob("*")
        if file.is_file() and not file.is_socket()
    )
    for secret in SECRETS:
        assert secret not in logs + listed.everything
        assert secret.encode() not in kept


def _report(fleet: Fleet, page: Path) -> None:
    report = fleet.run("report", "--since", "1d", "--html", str(page))
    assert (report.code, page.read_text().count("<svg")) == (0, 4), report.everything
    assert "FOUND" in report.out
    assert fleet.run("report", "--json").json["healed"] == 2
    assert fleet.run("report", "--since", "soon").code == 1


def _is_shown_on_three_of_four(on: dict[str, str]) -> bool:
    pager = on.pop("pager")
    return "503" in pager and on == dict.fromkeys(("bus", "chat", "mail"), "shown")


def _waiting(daemon: Daemon) -> int:
    return sum(one["waiting"] for one in daemon.ask("/channels")["items"])


def test_the_same_drift_in_forty_stacks_is_one_alert_on_each_channel(
    tmp_path: Path, receivers: Receivers
) -> None:
    fleet = Fleet(tmp_path, [f"s{number:02}" for number in range(40)])
    # Each scan is asked for: at short intervals a stack that waits its turn would be an alert.
    fleet.settings(receivers.settings, interval="1d")
    with fleet.lone.serving() as daemon:
        settled(fleet, daemon)
        tested = receivers.alerts()
        drifts(fleet, daemon)
        daemon.until("all forty on each channel", lambda: receivers.members() == (40,) * 4)
        assert receivers.open() == (1, 1, 1, 1)
        (alert,) = fleet.run("alert", "list", "--json").json["items"]
        assert (alert["total"], alert["still_open"], len(alert["stacks"])) == (40, 40, 40)
        changed(fleet, daemon, DECLARED)
        daemon.until("the end", lambda: receivers.open() == (0, 0, 0, 0))
        one_each = tuple(number + 1 for number in tested)
        assert (receivers.alerts(), len(receivers.pager.paged)) == (one_each, 1)


def test_a_dead_channel_is_an_incident_at_another_until_it_takes_messages_again(
    tmp_path: Path,
) -> None:
    fleet = Fleet(tmp_path)
    hook, pager = SignedReceiver(SECRETS[2]), Pager(SECRETS[1])
    line = Fickle(hook, [((403, {}, b""), False)] * 99)

    def silent() -> list[str]:
        return [key for key, each in [*pager.open.items()] if each["component"] == "channel"]

    with receiving(line) as bus, receiving(pager) as at:
        channels = (
            f'name = "bus"\nurl = "http://{bus}/hook"\nsecret = "{hook.secret}"',
            f'name = "pager"\nurl = "pagerduty+http://{pager.routing_key}@{at}"',
        )
        sections = "".join(f'[[channel]]\n{each}\ngroup_wait = "1s"\n' for each in channels)
        fleet.settings(sections, interval="1d")
        with fleet.lone.serving() as daemon:
            settled(fleet, daemon, channel="pager")
            drifts(fleet, daemon)
            daemon.until("the incident of the channel", silent)
            (incident,) = silent()
            said = fleet.run("status"), fleet.run("channel", "list")
            assert all("CHANNEL bus SHOWS NO ALERTS" in each.out for each in said), said
            daemon.until(
                "its log",
                lambda: any("channel.failed" in each and "bus" in each for each in daemon.lines),
            )
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
        with fleet.lone.serving() as daemon:
            daemon.until(
                "the second try of what was given up",
                lambda: daemon.ask("/channels")["items"][0]["lost"] == 2,
            )
            assert silent() == [incident]
            line.failures.clear()
            assert fleet.run("channel", "test", "bus").code == 0
            daemon.until("the end of the incident", lambda: incident in pager.resolved)
            daemon.until("the drift", lambda: any(map(_drifts, [*hook.events.values()])))
            assert pager.paged.count(incident) == 1
            assert "SHOWS NO ALERTS" not in fleet.run("status").out
            logs = "".join(daemon.lines)
        assert not any(secret in logs for secret in SECRETS)


def _drifts(event: dict[str, Any]) -> bool:
    is_open: bool = event["type"].endswith("open")
    return is_open and event["data"]["members"][0]["type"] != "channel"


def test_a_message_that_is_being_sent_when_the_daemon_is_stopped_comes_once(
    tmp_path: Path,
) -> None:
    # One stack: the drift of another could be found when that of this one has ended.
    fleet = Fleet(tmp_path, ["shop"])
    room = ChatRoom(SECRETS[0])
    door = Stalled(room)
    door.go.set()
    with receiving(door) as at:
        url = f"slack+http://{room.token}@{at}/%23ops"
        section = f'[[channel]]\nname = "chat"\nurl = "{url}"\ngroup_wait = "0s"\n'
        fleet.settings(section, interval="1d")
        with fleet.lone.serving() as daemon:
            settled(fleet, daemon, channel="chat")
            door.go.clear()
            door.came.clear()
            drifts(fleet, daemon)
            daemon.until("the message", door.came.is_set)
            daemon.process.send_signal(signal.SIGTERM)
            asyncio.run(until(lambda: not _is_served(fleet.lone.port)))
            door.go.set()
            assert daemon.end() == 0
        assert len(room.messages) == 2, "that of the test, and the drift's"
        with fleet.lone.serving() as daemon:
            changed(fleet, daemon, DECLARED)
            daemon.until("the end", lambda: all(map(_is_over, [*room.messages.values()])))
        assert len(room.messages) == 2


def _is_over(message: dict[str, Any]) -> bool:
    return ":white_check_mark:" in str(message["blocks"])


def _is_served(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def test_a_channel_test_says_what_came_back(tmp_path: Path, receivers: Receivers) -> None:
    fleet = Fleet(tmp_path)
    any_service = JsonReceiver("json-CANARY")
    address = tmp_path / "any.url"
    with ExitStack() as stack:
        at = stack.enter_context(receiving(any_service))
        address.write_text(f"json://trueup:{any_service.password}@{at}/hook")
        address.chmod(0o600)
        extra = {**fleet.lone.extra, "CHAT_URL": address.read_text()}
        fleet.lone = replace(fleet.lone, extra=extra)
        of_apprise = '[[channel]]\nname = "{}"\nkind = "apprise"\n{}\n'
        by_file = of_apprise.format("any", f'url_file = "{address.name}"')
        by_variable = of_apprise.format("var", 'url_env = "CHAT_URL"')
        fleet.settings(f"{receivers.settings}\n{by_file}\n{by_variable}", interval="1d")
        daemon = stack.enter_context(fleet.lone.serving())
        for name in ("chat", "pager", "bus", "mail", "any", "var"):
            said = fleet.run("channel", "test", name)
            assert said.code == 0, said.everything
        assert receivers.alerts() == (1, 1, 1, 1)
        assert receivers.open() == (0, 0, 0, 0)
        assert [message["type"] for message in any_service.messages] == ["info", "success"] * 2
        receivers.pager.routing_key = "another"
        said = fleet.run("channel", "test", "pager")
        assert said.code == 1
        assert "400" in said.everything
        assert "check the channel's `url`" in said.everything
        unknown = fleet.run("channel", "test", "nobody")
        assert unknown.code == 1
        assert "configured are: any, bus, chat, mail, pager, var" in unknown.everything
        fleet.settings("", interval="1d")
        assert daemon.ask("/reload", {})["taken"] == ["channels"]
        assert "no channels" in fleet.run("channel", "list").out
        assert "json-CANARY" not in "".join(daemon.lines)


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ('url = "pagerduty://"', "names no routing key"),
        ('url = "slack://xoxb-CANARY"', "no room"),
        ('url = "https://h/x"\nevents = ["run.started"]', "opens no alert"),
        ('url = "https://h/x"\nevents = ["drift.detectd"]', "did you mean 'drift.detected'"),
        ('url = "https://h/x"\nmin_severity = "grave"', "unknown value 'grave'"),
    ],
)
def test_a_channel_that_could_never_show_anything_is_refused(
    tmp_path: Path, section: str, problem: str
) -> None:
    fleet = Fleet(tmp_path)
    fleet.settings(f'[[channel]]\nname = "ops"\n{section}\n')
    said = fleet.run("serve")
    assert said.code == 1
    assert problem in said.everything
    assert "CANARY" not in said.everything
    assert "Traceback" not in said.everything
