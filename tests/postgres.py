"""A real PostgreSQL of one's own, on a free loopback port, gone after use."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from tests.ports import free_port

_START_LIMIT_S: Final = 60.0
_ATTEMPTS: Final = 3
_STOP_LIMIT_S: Final = 20.0


class PostgresError(Exception):
    """The server did not come up; the message ends with its log."""


def find_postgres() -> Path | None:
    """Return the newest folder that holds `initdb` and `postgres`; None without one."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    usable = (f for f in folders if (f / "initdb").is_file() and (f / "postgres").is_file())
    return next(usable, None)


@contextmanager
def running_postgres(programs: Path, *, settings: Sequence[str] = ()) -> Iterator[str]:
    """Start a server; yield the address of its empty database, `postgresql://...`.

    Raises:
        PostgresError: it did not come up.
    """
    owner = _owner()
    with tempfile.TemporaryDirectory(prefix="trueup-pg-") as name:
        folder = Path(name)
        if owner is not None:
            shutil.chown(folder, user=owner)
        data, log = folder / "data", folder / "log"
        argv = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "trueup", "-N"]
        made = subprocess.run(
            argv, user=owner, cwd=folder, capture_output=True, check=False, text=True, timeout=60
        )
        if made.returncode != 0:
            raise PostgresError(made.stderr)
        options = ["-D", str(data), "-h", "127.0.0.1", "-k", str(folder), "-F"]
        options += [word for setting in settings for word in ("-c", setting)]
        process, address = _start([str(programs / "postgres"), *options], data, log, owner)
        try:
            yield address
        finally:
            _stop(process)


def _start(
    argv: Sequence[str], data: Path, log: Path, owner: str | None
) -> tuple[subprocess.Popen[bytes], str]:
    """Start it on a free port; another program may take that port first, so try again."""
    for _ in range(_ATTEMPTS):
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*argv, "-p", str(port)],
                user=owner,
                cwd=data.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        address = f"postgresql://trueup@127.0.0.1:{port}/postgres"
        if _answers(process, address, data):
            return process, address
        _stop(process)
    raise PostgresError(log.read_text(errors="replace")[-2000:])


def _owner() -> str | None:
    """Return whom to run it as: PostgreSQL refuses to be root. None: as ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


def _answers(process: subprocess.Popen[bytes], address: str, data: Path) -> bool:
    """Wait until it answers; False when it ended or the time is over.

    What answers may be another's server that took the port first, while ours still starts.
    """
    limit = time.monotonic() + _START_LIMIT_S
    while process.poll() is None and time.monotonic() < limit:
        try:
            with psycopg.connect(address, connect_timeout=30) as connection:
                told = connection.execute("show data_directory").fetchone()
        except psycopg.OperationalError:
            told = None
        if told == (str(data),):
            return True
        time.sleep(0.1)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
