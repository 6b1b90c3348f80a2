"""Rendering in a process of its own: what a template does costs at most time, never the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.domain.errors import RetryableError
from reconciler.own_processes import AnsweringProcess, argv_of, bare_environment

_PROGRAM: Final = "from reconciler.notify.template_worker import main; main()"
_LONGEST_ANSWER: Final = 4 * 2**20
_WITHIN_S: Final = 30.0
"""For a machine under load; the process itself ends after half a second of its work."""
_TOO_LONG: Final = "it takes too long"


@dataclass(frozen=True, slots=True)
class Rendered:
    """What came of a template: a text, and a title where it sets one; or a problem on a line."""

    text: str = ""
    title: str | None = None
    problem: str | None = None
    line: int = 1


def render_all(asked: Sequence[Mapping[str, Any]]) -> list[Rendered]:
    """Return what came of each, in order; nothing comes after one that ended the process.

    Raises:
        RetryableError: no process could be started.
    """
    if not asked:
        return []
    content = b"".join(_line(item) for item in asked)
    try:
        ended = subprocess.run(
            argv_of(_PROGRAM), input=content, capture_output=True, check=False, cwd="/",
            env=bare_environment(), timeout=_WITHIN_S + len(asked),
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        return [*_read_all(error.stdout or b""), Rendered(problem=_TOO_LONG)]
    except OSError as error:
        raise RetryableError(f"no template can be tried: {error.strerror}") from None
    answers = _read_all(ended.stdout)
    if len(answers) < len(asked):
        answers.append(Rendered(problem=_ended(ended.returncode)))
    return answers


class Renderer:
    """Renders one template at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._closed = False
        self._process = AnsweringProcess(_PROGRAM, longest_line=_LONGEST_ANSWER)

    async def render(self, source: str, values: Mapping[str, Any]) -> Rendered:
        """Return what came of a template; a problem where nothing did.

        Raises:
            RetryableError: it was closed.
        """
        async with self._turn:
            if self._closed:
                raise RetryableError("the channel was closed by a reload or a stop")
            try:
                async with asyncio.timeout(_WITHIN_S):
                    answer = await self._asked(_line({"source": source, "values": values}))
            except TimeoutError:
                await self._process.end()
                return Rendered(problem=_TOO_LONG)
            except (OSError, ValueError) as error:
                await self._process.end()
                return Rendered(problem=f"it could not be rendered ({type(error).__name__})")
            except asyncio.CancelledError:
                await self._process.end()  # its answer would be taken for the next one's
                raise
            if not answer:
                return Rendered(problem=_ended(await self._process.end()))
            self._process.rest()
        return _read(answer)

    async def close(self) -> None:
        """End the process; a later template raises RetryableError."""
        async with self._turn:
            self._closed = True
            await self._process.end()

    async def _asked(self, line: bytes) -> bytes:
        questions, answers = await self._process.started()
        questions.write(line)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await questions.drain()
        return await answers.readline()


def _line(asked: Mapping[str, Any]) -> bytes:
    return json.dumps(asked).encode() + b"\n"


def _read_all(answers: bytes) -> list[Rendered]:
    return [_read(line) for line in answers.splitlines(keepends=True) if line.endswith(b"\n")]


def _read(line: bytes) -> Rendered:
    answer = json.loads(line)
    if "error" in answer:
        return Rendered(problem=answer["error"], line=answer["line"])
    return Rendered(answer["text"], answer["title"])


def _ended(code: int) -> str:
    if code == -signal.SIGPROF:
        return _TOO_LONG
    return f"rendering it ended the process ({code})"
