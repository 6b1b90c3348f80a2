"""The terminal UI in a real terminal, on a real daemon, terraform and a simulated cloud."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.daemon import Daemon
from tests.e2e.capture import Capture
from tests.e2e.seat import TRUEUP, seated
from tests.e2e.shop import GROUP, REVIEW, Shop, applies, only_remediation
from tests.parts import require
from tests.ports import free_port
from tests.terminal import terminal, tmux_path


@pytest.fixture(autouse=True)
def _tmux() -> None:
    require("tmux", tmux_path())


def test_drift_is_approved_and_followed_and_a_killed_daemon_is_found_again(shop: Shop) -> None:
    settings = shop.settings(REVIEW)
    seen = Capture()
    with shop.serving(settings) as daemon, seated(shop, settings) as screen:
        seen.add("a fleet in sync", screen.until("1 stack in sync: no drift"))
        shop.open_to_the_world()
        seen.add("drift appears by itself", screen.until(GROUP))
        screen.until("needs approval")
        screen.press("Enter")
        seen.add("enter: what differs", screen.until("0.0.0.0/0"))
        screen.press("Tab")
        screen.until("proposes")
        why = screen.until("123456789012, us-east-1")
        seen.add("tab: why it is listed, and what is proposed", why)
        screen.press("d")
        screen.until("0.0.0.0/0")
        screen.press("A", "y")
        seen.add("A: exactly this plan", screen.until("approve exactly this"))
        assert only_remediation(daemon, "awaiting_approval")
        screen.press("y")
        screen.until("awaiting approval > queued")
        seen.add("y: followed to converged", screen.until("verified: no drift"))
        assert 22 not in shop.open_ports
        assert applies(daemon) == 1
        screen.press("l")
        seen.add("l: what terraform wrote", screen.until("following"))
        _kill(daemon)
        seen.add("the daemon is killed", screen.until("reconnecting"))
        shop.open_to_the_world()
        with shop.serving(settings) as again:
            screen.press("1")
            screen.until("live")
            screen.until(GROUP)
            found = screen.until("needs approval")
            seen.add("started again, it has found the next drift, and nothing was lost", found)
            assert applies(again) == 1
            seen.write("tui.txt")
            screen.press("q")
            screen.until("ended with 0")
            assert again.process.poll() is None


def test_without_a_daemon_it_says_how_to_start_one(tmp_path: Path) -> None:
    file = tmp_path / "trueup.toml"
    file.write_text(f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n')
    (tmp_path / "data").mkdir()
    command: list[str | Path] = [TRUEUP, "--config", file, "tui"]
    narrow = {**os.environ, "LC_ALL": "C", "TERM": "xterm-256color"}
    with terminal(command, environment=narrow, directory=tmp_path) as screen:
        screen.until("Start one now, in the background? (trueup serve) [y/N]")
        screen.press("Enter")
        screen.until("ended with 1")
        assert not (tmp_path / "data" / "trueup.db").exists()
        (tmp_path / "data" / "admin.token").write_text("tu_ab12.secret")
    with terminal(command, environment=narrow, directory=tmp_path) as screen:
        screen.until("start one: trueup serve")
        screen.until("goes on trying")
        screen.press("?")
        assert screen.until("drawn in ASCII: the locale's").isascii()
        screen.press("Escape")
        screen.until("goes on trying")
        screen.press("q")
        screen.until("ended with 0")


def _kill(daemon: Daemon) -> None:
    daemon.process.kill()
    daemon.process.wait()
