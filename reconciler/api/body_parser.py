"""Bodies become trees without anybody else having to wait.

A small body is parsed where it is. A large one goes to a process of its own: a parser in a
thread would share the interpreter's lock with the event loop.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

import orjson

from reconciler.api.body_worker import HEAD, JSON, REFUSED, YAML
from reconciler.api.refusal import Refusal
from reconciler.api.strict_json import parse_json
from reconciler.api.strict_yaml import parse_yaml
from reconciler.own_processes import AnsweringProcess

_SMALL_JSON_BYTES: Final = 16 * 2**10
_SMALL_YAML_BYTES: Final = 2 * 2**10
_WITHIN_S: Final = 30.0
_PROGRAM: Final = "from reconciler.api.body_worker import main; main()"


class BodyParser:
    """Parses one large body at a time."""

    def __init__(self, *, within_s: float = _WITHIN_S) -> None:
        self._within_s = within_s
        self._turn = asyncio.Lock()
        self._process = AnsweringProcess(_PROGRAM)

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
            await self._process.end()

    async def _apart(self, kind: bytes, body: bytes) -> Any:
        async with self._turn:
            try:
                async with asyncio.timeout(self._within_s):
                    outcome, content = await self._asked(kind, body)
            except TimeoutError as error:
                await self._process.end()
                raise Refusal(422, "too-large", "the body takes too long to read") from error
            except (OSError, asyncio.IncompleteReadError) as error:
                await self._process.end()
                raise Refusal(
                    503, "try-again", "the body could not be read", headers={"Retry-After": "5"}
                ) from error
            except asyncio.CancelledError:
                await self._process.end()  # its answer would be taken for the next one's
                raise
            self._process.rest()
        read = orjson.loads(content)
        if outcome == REFUSED:
            raise Refusal(read["status"], read["code"], read["detail"], remedy=read["remedy"])
        return read

    async def _asked(self, kind: bytes, body: bytes) -> tuple[bytes, bytes]:
        questions, answers = await self._process.started()
        questions.write(HEAD.pack(kind, len(body)) + body)
        await questions.drain()
        outcome, length = HEAD.unpack(await answers.readexactly(HEAD.size))
        return outcome, await answers.readexactly(length)
