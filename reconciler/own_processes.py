"""Starting an interpreter of our own for work that must not share the daemon's process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from typing import Final

_IDLE_S: Final = 60.0
_LONGEST_LINE: Final = 64 * 2**10
_FOR_THE_INTERPRETER: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LANG", "LC_ALL")


def argv_of(program: str) -> tuple[str, ...]:
    """Return the command that runs `program` with the same places to import from."""
    return (sys.executable, "-I", "-c", f"import sys; sys.path[:] = {sys.path!r}; {program}")


def bare_environment() -> Mapping[str, str]:
    """Return what an interpreter may need to start, and nothing that could be a secret."""
    return {name: os.environ[name] for name in _FOR_THE_INTERPRETER if name in os.environ}


class AnsweringProcess:
    """Runs `program` from the first question on; it ends when there was none for a minute.

    The program reads questions on its standard input until that is closed, and answers each on
    its standard output. Whoever asks takes turns and says when an answer was read.
    """

    def __init__(self, program: str, *, longest_line: int = _LONGEST_LINE) -> None:
        self._program = program
        self._longest_line = longest_line
        self._process: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def started(self) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
        """Return where to ask and where the answer comes. Raises OSError when it cannot start."""
        self._keep()
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await asyncio.create_subprocess_exec(
                *argv_of(self._program),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, cwd="/", env=bare_environment(),
                limit=self._longest_line,
            )  # fmt: skip
        assert process.stdin is not None  # noqa: S101 - piped
        assert process.stdout is not None  # noqa: S101 - piped
        return process.stdin, process.stdout

    def rest(self) -> None:
        """Have it end in a minute, unless it is asked by then."""

        def end() -> None:
            # Forgotten at once: it has not ended yet, and the next question would be lost with it.
            process, self._process = self._process, None
            if process is not None and process.stdin is not None:
                process.stdin.close()

        self._idle = asyncio.get_running_loop().call_later(_IDLE_S, end)

    async def end(self) -> int:
        """End it now, without an answer; return how it ended, 0 where it did not run."""
        self._keep()
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.stdout is not None and not process.stdout.at_eof():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        await process.communicate()
        return process.returncode or 0

    def _keep(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
