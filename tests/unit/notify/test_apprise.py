"""Which addresses Apprise may have, and what its process cannot do whatever a plug-in tries."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import Any

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.notify import apprise
from reconciler.notify.addresses import ChannelAddress, open_channel
from tests.receivers.http import Fickle, JsonReceiver, receiving
from tests.unit.notify.notices import notice

_CHECK = """
import json, sys
from reconciler.notify import apprise_worker
keeper = apprise_worker.guard("ops")
apprise_worker.guard = lambda channel: keeper
urls = json.load(sys.stdin)
print(json.dumps([apprise_worker.answer_to({"channel": "ops", "url": url}) for url in urls]))
"""
_TRY = """
import json, os, smtplib, socket, subprocess, sys, urllib.request
import requests
from reconciler.notify.apprise_guard import guard
keeper = guard("ops")
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
proxy = {"https": "http://127.0.0.1:1"}
away = ("169.254.169.254", 80)
tries = {
    "a file": lambda: open("/etc/passwd"),
    "a link of /dev": lambda: os.open("/dev/fd/../self/environ", os.O_RDONLY),
    "a new file": lambda: open(sys.prefix + "/trueup-test", "w"),
    "a removal": lambda: os.remove(sys.prefix + "/trueup-test"),
    "a program": lambda: subprocess.run(["true"]),
    "a shell": lambda: os.system("true"),
    "a fork": os.fork,
    "a local socket": lambda: socket.socket(socket.AF_UNIX).connect("/dev/log"),
    "a name": lambda: socket.socket().connect(("localhost", 1)),
    "metadata": lambda: socket.create_connection(away, 1),
    "metadata as a number": lambda: socket.create_connection(("2852039166", 80), 1),
    "metadata by datagram": lambda: datagrams.sendto(b"x", away),
    "metadata by message": lambda: datagrams.sendmsg([b"x"], [], 0, away),
    "link-local": lambda: socket.socket(socket.AF_INET6).connect(("fe80::1%lo", 80, 0, 1)),
    "metadata by TLS": lambda: requests.get("https://169.254.169.254/"),
    "metadata by urllib": lambda: urllib.request.urlopen("http://169.254.169.254/"),
    "metadata by a proxy": lambda: requests.get("https://2852039166/", proxies=proxy),
    "unencrypted": lambda: requests.get("http://example.com/"),
    "unverified": lambda: requests.get("https://example.com/", verify=False),
}
went = []
for name, attempt in tries.items():
    keeper.refusal = None
    try:
        attempt()
    except OSError:
        pass
    if keeper.refusal is None:
        went.append(name)
print(json.dumps([len(tries), went]))
"""


def apart(program: str, asked: Any = None) -> Any:
    ended = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(asked).encode(), check=True,
        capture_output=True, env={"NETRC": "/dev/null"},
    )  # fmt: skip
    return json.loads(ended.stdout)


def test_what_a_plug_in_may_not_do_is_refused_below_it() -> None:
    assert apart(_TRY) == [19, []]


_REFUSED = {
    "pagerduty://CANARY@B": "pagerduty://ROUTING_KEY",
    "mailto://u:CANARY@gmail.com": "smtp://USER:PASSWORD@HOST",
    "syslog://": "something else than HTTP",
    "dbus://": "something else than HTTP",
    "gnome://": "something else than HTTP",
    "macosx://": "something else than HTTP",
    "windows://": "something else than HTTP",
    "rsyslog://CANARY": "something else than HTTP",
    "mqtts://u:CANARY@h/t": "something else than HTTP",
    "exec://CANARY": "knows no exec://",
    "file:///CANARY": "knows no file://",
    "slack://CANARY": "cannot read as slack://",
    "json://u:CANARY@example.com": "write jsons://",
    "jsons://u:CANARY@example.com/?verify=no": "check certificates",
    "jsons://u:CANARY@169.254.169.254/": "no receiver's address",
    "jsons://u:CANARY@2852039166/": "no receiver's address",
    "jsons://u:CANARY@[::ffff:169.254.169.254]/": "no receiver's address",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=/CANARY": "names a file",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?%74emplate=/CANARY": "names a file",
    "fcm://project/CANARY?KeyFile=/etc/passwd": "names a file",
}
_TAKEN = (
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "jsons://u:p@example.com/hook",
    "json://127.0.0.1:1/hook",
    "ntfys://topic",
    "matrixs://u:p@example.com/#room",
    "tgram://123456789:abcdefg_hijklmnop/12315544/",
)


def test_an_address_is_taken_where_its_service_is_reached_over_https_alone() -> None:
    answers = apart(_CHECK, [*_REFUSED, *_TAKEN])
    for (url, problem), answer in zip(_REFUSED.items(), answers, strict=False):
        said = f"{answer.get('refused')}; {answer.get('remedy')}"
        assert problem in said, url
        assert "channel ops" in said
        assert "CANARY" not in said
        assert answer["remedy"]
    assert answers[len(_REFUSED) :] == [{}] * len(_TAKEN)


def test_without_apprise_the_command_that_installs_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", {}.get)
    with pytest.raises(PermanentError, match="not installed") as refused:
        open_channel(ChannelAddress("ops", "discord://a/CANARY", by_apprise=True))
    assert "trueup[apprise]" in str(refused.value.remedy)


async def test_a_redirect_is_not_followed_and_a_service_that_is_silent_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = JsonReceiver()
    away = ((307, {"location": "/hook"}, b""), False)
    with receiving(Fickle(service, [away])) as at:
        url = f"json://trueup:{service.password}@{at}/moved?redirect=yes"
        channel = open_channel(ChannelAddress("ops", url, by_apprise=True))
        with pytest.raises(PermanentError, match="redirects are not followed"):
            await channel.show(notice(), {})
        # The process is ended before it has loaded what it needs.
        monkeypatch.setattr(apprise, "_WITHIN_S", 0.01)
        with pytest.raises(RetryableError, match="took too long"):
            await channel.show(notice(), {})
    assert service.messages == []
