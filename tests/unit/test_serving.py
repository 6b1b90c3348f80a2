"""A daemon of a test: its port is its own, and what it said is whole once it has ended."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.bootstrap.web import bind
from tests.daemon import Daemon, free_port

IS_OUTLIVED = """
import os, signal, sys, time
def end(*_):
    if os.fork() == 0:
        time.sleep(0.3)
        sys.stderr.write("last words\\n")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("trueup serves http://127.0.0.1:1", file=sys.stderr, flush=True)
signal.pause()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody can listen on a kept port")
def test_a_free_port_is_given_to_nobody_else_and_a_daemon_can_listen_on_it_twice() -> None:
    port = free_port()
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    for _ in range(2):
        with bind(f"127.0.0.1:{port}"), socket.create_connection(("127.0.0.1", port)):
            pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_what_it_said_is_whole_once_it_has_ended(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", IS_OUTLIVED], stderr=subprocess.PIPE, text=True
    )
    daemon = Daemon(process, tmp_path / "admin.token")
    daemon.until("its address", lambda: daemon.address)
    assert daemon.end() == 0
    assert daemon.lines[-1] == "last words"
