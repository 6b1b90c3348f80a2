"""A key of `[[channel]]` without an effect is refused, with the channel's name and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from reconciler.bootstrap.channel_places import with_variables
from reconciler.bootstrap.channels import open_channels
from reconciler.domain.errors import PermanentError
from reconciler.section_reading import validated
from reconciler.settings import Settings

HOOK, ROOM, PAGER = "https://h.example.com/x", "slack://xoxb-CANARY/%23ops", "pagerduty://CANARY"
DESK = "github://CANARY@github.com/acme/infra"
MAIL = "smtp://u:CANARY@mail.example.com?from=a@b.c&to=d@e.f"
SECRET = "whsec_CANARYCANARYCANARYCANARYCANARYCA"
ALL_WEEK = ["Mon-Fri 00:00-24:00 UTC", "Sat,Sun 00:00-24:00 UTC"]


def opened(**section: Any) -> None:
    settings = validated(Settings, {"channel": [{"name": "ops", **section}]})
    open_channels(with_variables(settings, os.environ))


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ({"url": PAGER, "digest": "1d"}, "takes no `digest`"),
        ({"url": DESK, "heartbeat": "1d"}, "takes no `digest` and no `heartbeat`"),
        ({"url": ROOM, "secret": "CANARY"}, "no messages that it could sign"),
        ({"url": HOOK, "secret": ""}, "the `secret` of channel ops is not `whsec_`"),
        ({"url": HOOK, "secret": SECRET, "former_secret": SECRET}, "has one secret as `secret`"),
        ({"url": HOOK, "former_secret": SECRET}, "no `secret` that follows it"),
        ({"url": ROOM, "former_secret": SECRET}, "no `secret` that follows it"),
        ({"url": HOOK, "most_open": 3}, "opens no tickets"),
        ({"url": HOOK, "quiet": ALL_WEEK}, "quiet all week"),
        ({"url": HOOK, "min_severity": "critical", "digest": "1d"}, "has `digest`, and shows only"),
        ({"url": ROOM, "min_severity": "critical", "quiet": ALL_WEEK[:1]}, "has `quiet`, and"),
        (
            {"url": HOOK, "min_severity": "critical", "events": ["stack.error", "stack.stale"]},
            "which are high, and only for",
        ),
        ({"url": f"{MAIL}&tsl=none"}, "another key, 'tsl'"),
        ({"url": f"{MAIL}&ca_file=/not/there"}, "`ca_file` that is not there"),
        ({"url": "smtp://u@mail.example.com?from=a@b.c&to=d@e.f"}, "no password"),
        ({"url": f"{DESK}?lables=a"}, "another key, 'lables'"),
        ({"url": HOOK, "approvers": {"U1": "ana"}}, "no buttons"),
        ({"url": "https://169.254.169.254/CANARY"}, "169.254.169.254 is no receiver's address"),
        ({"url": "github://CANARY@[fd00:ec2::254]/acme/infra"}, "no receiver's address"),
        ({"url": f"{MAIL.replace('mail.example.com', '168.63.129.16')}"}, "no receiver's address"),
    ],
)
def test_what_could_never_have_an_effect_is_refused(section: dict[str, Any], problem: str) -> None:
    with pytest.raises(PermanentError) as refused:
        opened(**section)
    said = f"{refused.value} {refused.value.remedy}"
    assert problem in said
    assert "channel ops" in said
    assert refused.value.remedy
    assert "CANARY" not in said


@pytest.mark.parametrize(
    ("url", "key", "problem"),
    [
        (HOOK, "digest", "a template for its digest, and sends none"),
        (HOOK, "heartbeat", "a template for its heartbeat, and sends none"),
        (PAGER, "resolved", "PagerDuty shows no text"),
    ],
)
def test_a_template_of_a_message_that_is_not_sent_is_refused(
    tmp_path: Path, url: str, key: str, problem: str
) -> None:
    file = tmp_path / "words.j2"
    file.write_text("{{ title }}")
    with pytest.raises(PermanentError, match=problem):
        opened(url=url, templates={key: file})


def test_what_has_an_effect_is_taken() -> None:
    opened(url=DESK, most_open=3)
    opened(url=HOOK, secret=SECRET, digest="1d", quiet=ALL_WEEK[:1])
    opened(url=MAIL, heartbeat="1d")
    opened(url=MAIL, heartbeat="1d", quiet=ALL_WEEK[:1], min_severity="critical")
    opened(url=HOOK, min_severity="critical", events=["stack.error", "channel.failed"])
    opened(url="smtp://mail.example.com?from=a@b.c&to=d@e.f")


def test_an_address_comes_from_a_private_file_or_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hook.url"
    file.write_text(f"{ROOM}\n")
    file.chmod(0o600)
    opened(url_file=file)
    monkeypatch.setenv("CHAT_URL", HOOK)
    opened(url_env="CHAT_URL", secret=SECRET)


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        (ROOM.encode(), 0o640, "others may read"),
        (b"CANARY", 0o600, "holds no address"),
        (f"{ROOM}\n{ROOM}".encode(), 0o600, "holds no address"),
        (b"", 0o600, "holds no address"),
        (b"\xff://CANARY", 0o600, "no UTF-8"),
        (b"CANARY" * 4096, 0o600, "larger than"),
        (None, 0, "No such file"),
    ],
)
def test_a_file_that_holds_no_private_address_is_refused(
    content: bytes | None, mode: int, problem: str, tmp_path: Path
) -> None:
    file = tmp_path / "hook.url"
    if content is not None:
        file.write_bytes(content)
        file.chmod(mode)
    with pytest.raises(PermanentError, match=problem) as refused:
        opened(url_file=file)
    said = f"{refused.value} {refused.value.remedy}"
    assert "channel ops" in said
    assert "CANARY" not in said


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("CHAT_URL", None, "is not set"),
        ("CHAT_URL", "CANARY", "holds no address"),
        ("GITHUB_CHAT", f"{HOOK}/CANARY", "the tools of stacks can read"),
        ("TRUEUP_CHAT", f"{HOOK}/CANARY", "the tools of stacks can read"),
    ],
)
def test_a_variable_that_holds_no_private_address_is_refused(
    name: str, value: str | None, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name, raising=False)
    if value is not None:
        monkeypatch.setenv(name, value)
    with pytest.raises(PermanentError, match=problem) as refused:
        opened(url_env=name)
    said = f"{refused.value} {refused.value.remedy}"
    assert "channel ops" in said
    assert "CANARY" not in said
