"""The daemon as a process: how it starts, refuses to, ends, and what it leaves."""

from __future__ import annotations

import resource
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.daemon import Daemon, RefusedError, serving
from tests.e2e.command import Ended, Trueup, bound_by_permissions
from tests.e2e.shop import AUTO, Shop, only_remediation, until_verified


@pytest.mark.cold
def test_its_settings_are_read_anew_on_sighup_unless_they_are_broken(shop: Shop) -> None:
    settings = shop.settings()
    with shop.serving(settings) as daemon:
        whole = settings.read_text()
        settings.write_text(whole + "\n[[policy]\n")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.until("a refusal", lambda: any("settings_refused" in line for line in daemon.lines))
        assert [one["name"] for one in daemon.ask("/policies")["items"]] == []
        shop.settings(AUTO)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.until("the policy", lambda: daemon.ask("/policies")["items"])
        assert [one["name"] for one in daemon.ask("/policies")["items"]] == ["put back"]
        settings.write_text(whole)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.until("its end", lambda: not daemon.ask("/policies")["items"])


def test_a_second_daemon_on_the_same_data_refuses_to_start(shop: Shop) -> None:
    settings = shop.settings()
    with shop.serving(settings) as daemon:
        second = _serve_to_the_end(shop, settings)
        assert second.code == 1
        assert f"process {daemon.process.pid}" in second.err
        assert "Traceback" not in second.err
        assert daemon.ask("/stacks")["items"]


def test_it_ends_gracefully_and_leaves_no_process_behind(shop: Shop) -> None:
    command = Trueup({})
    environment = {**shop.environment, "TRUEUP_TEST_MARK": command.mark}
    settings = shop.settings()
    with serving(
        settings, data_dir=shop.data_dir, environment=environment, directory=shop.folder
    ) as daemon:
        until_verified(daemon)
        assert command.processes()
        assert daemon.end() == 0
        assert command.wait_until_gone() == []
        assert "Traceback" not in "\n".join(daemon.lines)


def test_the_data_directory_is_ours_alone_and_holds_no_secret(shop: Shop) -> None:
    with shop.serving(shop.settings(AUTO)) as daemon:
        until_verified(daemon)
        shop.open_to_the_world()
        only_remediation(daemon, "converged")
        said = "\n".join(daemon.lines)
    assert "partner-token-1" not in said
    for path in [shop.data_dir, *shop.data_dir.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path
        if path.is_file():
            assert b"partner-token-1" not in path.read_bytes(), path


def _taken(shop: Shop) -> Path:
    port = shop.stack.simulator_endpoint.rsplit(":", 1)[1]
    file = shop.settings()
    file.write_text(file.read_text().replace(str(shop.port), port))
    return file


def _beyond_loopback(shop: Shop) -> Path:
    file = shop.settings()
    file.write_text(file.read_text().replace("127.0.0.1", "0.0.0.0"))
    return file


def _not_a_database(shop: Shop) -> Path:
    shop.data_dir.mkdir(mode=0o700)
    (shop.data_dir / "trueup.db").write_bytes(b"no database at all" * 1000)
    return shop.settings()


def _serve_to_the_end(shop: Shop, settings: Path, *, wrapper: tuple[str, ...] = ()) -> Ended:
    command = Trueup(shop.environment, wrapper=wrapper)
    process = command.start("--config", settings, "serve")
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it did not end:\n{out}{err}")
    return Ended(process.returncode, out, err)


def test_killed_again_and_again_it_keeps_all_that_it_acknowledged(shop: Shop) -> None:
    settings = shop.settings()
    acknowledged = []
    for number in range(5):
        with shop.serving(settings) as daemon:
            for part in range(number + 1):
                body = {
                    "resource_type": "aws_sqs_queue",
                    "template_definition": {"number": number, "part": part},
                    "name": f"template-{number}-{part}",
                }
                acknowledged.append(daemon.ask("/templates", body)["template_id"])
            daemon.process.send_signal(signal.SIGKILL)
            daemon.process.wait()
    with shop.serving(settings) as daemon:
        kept = [daemon.ask(f"/templates/{one}")["template_id"] for one in acknowledged]
    assert kept == acknowledged
    with closing(sqlite3.connect(shop.data_dir / "trueup.db")) as database:
        assert database.execute("pragma quick_check").fetchall() == [("ok",)]


def _write_on_and_on(daemon: Daemon) -> None:
    for number in range(2000):
        daemon.ask("/hold", {"reason": f"{number} " * 100})


@pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="a limit for another process is Linux's"
)
def test_a_full_disk_ends_it_with_a_reason_and_tears_nothing(shop: Shop) -> None:
    settings = shop.settings()
    with shop.serving(settings) as daemon:
        until_verified(daemon)
        kept = daemon.ask("/templates?limit=100")["items"]
        size = max(path.stat().st_size for path in shop.data_dir.glob("trueup.db*"))
        resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (size, size))
        with pytest.raises((RefusedError, OSError)):
            _write_on_and_on(daemon)
        assert daemon.process.wait(60) == 1
    said = "\n".join(daemon.lines)
    assert "error:" in said
    assert "help:" in said
    assert "Traceback" not in said
    with shop.serving(settings) as daemon:
        assert daemon.ask("/templates?limit=100")["items"] == kept
    with closing(sqlite3.connect(shop.data_dir / "trueup.db")) as database:
        assert database.execute("pragma quick_check").fetchall() == [("ok",)]


def test_a_read_only_data_directory_is_named(shop: Shop) -> None:
    shop.data_dir.mkdir(mode=0o500)
    ended = _serve_to_the_end(shop, shop.settings(), wrapper=bound_by_permissions())
    assert ended.code == 1
    assert str(shop.data_dir) in ended.err
    assert "help:" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (lambda shop: shop.settings(daemon="confirm_after = 3"), "trueup.toml"),
        (_taken, "Address already in use"),
        (_beyond_loopback, "tokens would be sent unencrypted"),
        (_not_a_database, "trueup.db"),
    ],
    ids=["settings", "port", "loopback", "database"],
)
def test_it_refuses_to_start_with_a_reason(
    shop: Shop, settings: Callable[[Shop], Path], told: str
) -> None:
    ended = _serve_to_the_end(shop, settings(shop))
    assert ended.code == 1
    assert told in ended.err
    assert "help:" in ended.err
    assert "Traceback" not in ended.err
