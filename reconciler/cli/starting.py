"""Starting the daemon of this machine in the background, for whoever finds none."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from reconciler.cli.bounded_log import cut
from reconciler.cli.client.endpoint import ADMIN_TOKEN_FILE
from reconciler.domain.errors import PermanentError
from reconciler.own_processes import argv_of
from reconciler.settings_location import find_settings_file

LOG: Final = "serve.log"
_PROGRAM: Final = (
    "from pathlib import Path; from reconciler.cli.bounded_log import keep_bounded;"
    " keep_bounded(Path({log!r})); from reconciler.cli.main import main;"
    " sys.argv[1:] = {arguments!r}; main()"
)
_SAYS_WHERE: Final = b"trueup serves http"
_LIMIT_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.1
_MOST_SAID: Final = 4096


@dataclass(frozen=True, slots=True)
class Start:
    """How `trueup serve` is started where nobody answers; `config` is what the caller named."""

    config: Path | None
    here: Path
    environment: Mapping[str, str]

    def __call__(self) -> str:
        """Start it, and return once it serves: a sentence with its process and its log.

        It is in a session of its own: it goes on when the terminal is closed.

        Raises:
            PermanentError: its settings cannot be read, its folder or log cannot be written, or
                it ended before it served.
        """
        # Few start one, and everybody would wait for these imports.
        from reconciler.settings_file import data_directory, load_settings  # noqa: PLC0415

        file = self.config or find_settings_file(self.here, self.environment)
        data_dir = data_directory(load_settings(file, self.environment), self.environment)
        try:
            return self._started(file, data_dir)
        except OSError as error:
            raise PermanentError(f"{error.filename or data_dir}: {error.strerror}") from error

    def _started(self, file: Path | None, data_dir: Path) -> str:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = data_dir / LOG
        cut(log)
        arguments = [*(("--config", str(file)) if file else ()), "serve"]
        with open(log, "ab", opener=_private) as output:
            begins = output.tell()
            process = self._spawned(arguments, log, output)
        self._wait(process, log, begins, token=data_dir / ADMIN_TOKEN_FILE)
        # One that ends while its starter lives would stay in the process table as a zombie.
        threading.Thread(target=process.wait, daemon=True).start()
        return f"trueup serve runs as process {process.pid}; it writes {log}"

    def _spawned(
        self, arguments: list[str], log: Path, output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            argv_of(_PROGRAM.format(arguments=arguments, log=str(log.absolute()))),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=self.here,
            env=dict(self.environment),
            start_new_session=True,
        )

    def _wait(
        self, process: subprocess.Popen[bytes], log: Path, begins: int, *, token: Path
    ) -> None:
        limit = time.monotonic() + _LIMIT_S
        while time.monotonic() < limit:
            said = _since(log, begins)
            if _SAYS_WHERE in said and token.exists():
                return
            if process.poll() is not None:
                lines = said.decode("utf-8", "replace").strip().splitlines()
                told = "; ".join(lines[-2:]) or "it said nothing"
                raise PermanentError(f"trueup serve ended: {told}", remedy=f"see {log}")
            time.sleep(_LOOK_EVERY_S)
        raise PermanentError("trueup serve did not come up within a minute", remedy=f"see {log}")


def _since(log: Path, begins: int) -> bytes:
    with log.open("rb") as stream:
        stream.seek(begins)
        return stream.read(_MOST_SAID)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, mode=0o600)
