"""The daemon as a process: how it starts, refuses to, ends, and what it leaves."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon import serving
from tests.e2e.command import Ended, Trueup
from tests.e2e.shop import AUTO, Shop, only_remediation, until_verified


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
    port = shop.deployed.simulator_endpoint.rsplit(":", 1)[1]
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


def _serve_to_the_end(shop: Shop, settings: Path) -> Ended:
    command = Trueup(shop.environment)
    process = command.start("--config", settings, "serve")
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it did not end:\n{out}{err}")
    return Ended(process.returncode, out, err)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (lambda shop: shop.settings(daemon="confirm_after = 3"), "trueup.toml"),
        (_taken, "Address already in use"),
        (_beyond_loopback, "tokens would cross the network in clear"),
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
