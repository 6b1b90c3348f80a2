"""Bodies become trees without anybody else having to wait.

A small body is parsed where it is. A large one goes to a process of its own: a parser in a
thread would share the interpreter's lock with the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

import orjson

from reconciler.api.body_worker import HEAD, JSON, REFUSED, YAML
from reconciler.api.refusal import Refusal
from reconciler.api.strict_json import parse_json
from reconciler.api.strict_yaml import parse_yaml
from reconciler.own_processes import argv_of, bare_environment

_SMALL_JSON_BYTES: Final = 16 * 2**10
_SMALL_YAML_BYTES: Final = 2 * 2**10
_WITHIN_S: Final = 30.0
_IDLE_S: Final = 60.0
_PROGRAM: Final = "from reconciler.api.body_worker import main; main()"


class BodyParser:
    """Parses one large body at a time; its process ends when there was none for a minute."""

    def __init__(self, *, within_s: float = _WITHIN_S) -> None:
        self._within_s = within_s
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def json(self, body: bytes) -> Any:
        """Return what `body` says.

        Raises:
            Refusal: see `parse_json`; also 422 when it takes too long.
        """
        if len(body) <= _SMALL_JSON_BYTES:
            return parse_json(body)
        return await self._apart(JSON, body)

    async def yaml(self, body: bytes) -> Any:
        """Return what `body` says.

        Raises:
            Refusal: see `parse_yaml`; also 422 when it takes too long.
        """
        if len(body) <= _SMALL_YAML_BYTES:
            return parse_yaml(body)
        return await self._apart(YAML, body)

    async def close(self) -> None:
        """End the process; a later body starts another."""
        async with self._turn:
            await self._end()

    async def _apart(self, kind: bytes, body: bytes) -> Any:
        async with self._turn:
            try:
                async with asyncio.timeout(self._within_s):
                    outcome, content = await self._asked(kind, body)
            except TimeoutError as error:
                await self._end()
                raise Refusal(422, "too-large", "the body takes too long to read") from error
            except (OSError, asyncio.IncompleteReadError) as error:
                await self._end()
                raise Refusal(
                    503, "try-again", "the body could not be read", headers={"Retry-After": "5"}
                ) from error
            except asyncio.CancelledError:
                await self._end()  # its answer would be taken for the next one's
                raise
            self._rest()
        read = orjson.loads(content)
        if outcome == REFUSED:
            raise Refusal(read["status"], read["code"], read["detail"], remedy=read["remedy"])
        return read

    async def _asked(self, kind: bytes, body: bytes) -> tuple[bytes, bytes]:
        process = await self._running()
        assert process.stdin is not None  # noqa: S101 - piped
        assert process.stdout is not None  # noqa: S101 - piped
        process.stdin.write(HEAD.pack(kind, len(body)) + body)
        await process.stdin.drain()
        outcome, length = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
        return outcome, await process.stdout.readexactly(length)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *argv_of(_PROGRAM),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, cwd="/", env=bare_environment(),
            )  # fmt: skip
        return self._process

    def _rest(self) -> None:
        def end() -> None:
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()

        self._idle = asyncio.get_running_loop().call_later(_IDLE_S, end)

    async def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
