"""A machine that was suspended: what fell due meanwhile is found by the next sweep."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.daemon import Daemon, serving
from tests.ports import free_port


def stack_of(daemon: Daemon) -> dict[str, Any]:
    return next(iter(daemon.ask("/stacks")["items"]))


def last_scan(daemon: Daemon) -> datetime | None:
    last = stack_of(daemon)["last_scan_at"]
    return datetime.fromisoformat(last) if last else None


def test_a_stack_that_fell_due_while_the_daemon_was_stopped_is_scanned_soon_after(
    tmp_path: Path,
) -> None:
    # It has no code any more, so that a scan costs nothing: it is an error, told anew each time.
    settings = tmp_path / "trueup.toml"
    settings.write_text(
        f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n'
        '[[stack]]\nname = "gone"\ndirectory = "gone"\ninterval = "10s"\n'
    )
    (tmp_path / "gone").mkdir()
    with serving(
        settings, data_dir=tmp_path / "data", environment=os.environ, directory=tmp_path
    ) as daemon:
        daemon.until("the first scan", lambda: last_scan(daemon))
        daemon.process.send_signal(signal.SIGSTOP)
        time.sleep(12)
        resumed = time.time()
        daemon.process.send_signal(signal.SIGCONT)

        def is_scanned_since() -> bool:
            last = last_scan(daemon)
            return last is not None and last.timestamp() >= resumed

        daemon.until("a scan after it", is_scanned_since)
