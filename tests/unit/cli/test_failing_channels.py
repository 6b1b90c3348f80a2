"""Channels that take no messages, as `status`, `channel list` and `doctor` say it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli import objects as api
from tests.unit.cli.conftest import Ask
from tests.unit.cli.fake_daemon import FakeDaemon
from tests.unit.cli.scenes import fleet

COMMANDS = (("status",), ("channel", "list"), ("doctor",))


def channel(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "events": ["drift.detected"],
        "min_severity": "low",
        "stacks": [],
        "shown": 3,
        "waiting": 0,
        "given_up": 0,
        "error": None,
        "lost": 0,
        "lost_since": None,
        "failing": 0,
        "failing_since": None,
        "tried_again_at": None,
        **more,
    }


@pytest.fixture
def channels(daemon: FakeDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel that is well, and three that are not, in the settings and at the daemon."""
    fleet(daemon, api.stack())
    found = [
        channel("dead", lost=2, lost_since=api.before(minutes=30.5), waiting=1,
                error="channel dead: h answered 403"),
        channel("failing", waiting=2, failing=2, failing_since=api.before(hours=3.5),
                tried_again_at=api.before(minutes=-5.5), error="channel failing: no answer"),
        channel("paused", tried_again_at=api.before(minutes=-9.5)),
        channel("well"),
    ]  # fmt: skip
    daemon.lists("/channels", found, key="name")
    sections = (f'[[channel]]\nname = "{each["name"]}"\nurl = "https://h/x"\n' for each in found)
    (tmp_path / "trueup.toml").write_text("".join(sections))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("channels")
@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_says_why_a_channel_fails_what_happens_by_itself_and_what_to_type(
    ask: Ask, command: tuple[str, ...]
) -> None:
    said = " ".join(ask(*command).out.split())
    assert (
        "CHANNEL dead SHOWS NO ALERTS: 2 messages given up, the first 30 min ago,"
        " 1 alert not shown yet: channel dead: h answered 403"
        " once that is corrected: trueup channel test dead" in said
    )
    assert (
        "channel failing fails: 2 messages not taken, the first 3 h ago; tried again in 5 min:"
        " channel failing: no answer to try it now: trueup channel test failing" in said
    )
    assert "channel paused is paused after a failure; tried again in 9 min" in said
    assert "trueup channel test paused" in said
    assert "trueup channel test well" not in said


@pytest.mark.usefixtures("channels")
def test_doctor_gives_programs_the_channels_as_the_api_has_them(ask: Ask) -> None:
    assert [each["name"] for each in ask("doctor", "--json").json["channels"]] == [
        "dead", "failing", "paused", "well",
    ]  # fmt: skip


@pytest.mark.usefixtures("channels")
def test_doctor_says_that_it_could_not_ask_where_no_daemon_runs(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUEUP_SERVER", "http://127.0.0.1:1")
    said = ask("doctor")
    assert said.code == 0
    assert "dead, failing, paused, well: how they stand is not known:" in said.out
    assert "start one: trueup serve" in said.out
    assert ask("doctor", "--json").json["channels"] is None


def test_doctor_asks_no_daemon_where_no_channel_is_configured(
    daemon: FakeDaemon, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "trueup.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert ask("doctor", "--json").json["channels"] == []
    assert daemon.asked == []


@pytest.mark.parametrize("command", [("channel", "list"), ("doctor",)])
def test_a_channel_that_matches_no_stack_is_named(
    daemon: FakeDaemon,
    ask: Ask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    found = [channel("night", stacks=["prdo-*", "p?"], matches_no_stack=True), channel("well")]
    daemon.lists("/channels", found, key="name")
    (tmp_path / "trueup.toml").write_text('[[channel]]\nname = "night"\nurl = "https://h/x"\n')
    monkeypatch.chdir(tmp_path)
    said = " ".join(ask(*command).out.split())
    assert (
        "channel night matches no stack, so it shows no alerts of any: prdo-*, p?"
        " correct `stacks` in its section of trueup.toml, then: trueup reload" in said
    )
    assert "channel well matches" not in said


@pytest.mark.parametrize("command", [("channel", "list"), ("doctor",)])
def test_a_channel_whose_last_test_failed_is_named(
    daemon: FakeDaemon,
    ask: Ask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    found = [channel("wrong", failed_test="h answered 401"), channel("well")]
    daemon.lists("/channels", found, key="name")
    (tmp_path / "trueup.toml").write_text('[[channel]]\nname = "wrong"\nurl = "https://h/x"\n')
    monkeypatch.chdir(tmp_path)
    said = " ".join(ask(*command).out.split())
    assert (
        "the last test of channel wrong failed: h answered 401"
        " once that is corrected: trueup channel test wrong" in said
    )
    assert command != ("doctor",) or "no failures well" in said


@pytest.mark.parametrize(
    ("error", "not_reached", "said"),
    [
        (
            None,
            "delivered to a",
            "mail took a test alert and its end, but not for everybody: delivered to a\n",
        ),
        ("h answered 451", None, "mail took no test alert: h answered 451\n"),
    ],
)
def test_a_test_that_did_not_reach_everybody_says_so_and_ends_with_1(
    daemon: FakeDaemon,
    ask: Ask,
    capsys: pytest.CaptureFixture[str],
    *,
    error: str | None,
    not_reached: str | None,
    said: str,
) -> None:
    tried = {"channel": "mail", "alert_id": "a1", "error": error, "not_reached": not_reached}
    daemon.has("POST /channels/mail/test", tried)
    with pytest.raises(SystemExit) as ended:
        ask("channel", "test", "mail")
    assert (ended.value.code, capsys.readouterr().out) == (1, said)


def test_a_test_whose_end_failed_says_that_it_may_be_open_there(
    daemon: FakeDaemon, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = {"channel": "pager", "alert_id": "a1", "error": "h answered 500", "left_open": True}
    daemon.has("POST /channels/pager/test", tried)
    with pytest.raises(SystemExit) as ended:
        ask("channel", "test", "pager")
    assert ended.value.code == 1
    assert capsys.readouterr().out == (
        "pager took the test alert, and not its end: h answered 500\n"
        "it may be open there until a test succeeds\n"
    )


def test_a_test_that_reached_everybody_says_so(daemon: FakeDaemon, ask: Ask) -> None:
    tried = {"channel": "mail", "alert_id": "a1", "error": None, "not_reached": None}
    daemon.has("POST /channels/mail/test", tried)
    ended = ask("channel", "test", "mail")
    assert (ended.code, ended.out) == (0, "mail took a test alert and its end\n")
