"""The secrets of an error are gathered where nobody waits for it."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from iac_adapters.redaction.edge import redacting_apart
from iac_adapters.redaction.redactor import Redactor
from reconciler.domain.errors import PermanentError

LONG_S = 60


async def test_the_loop_goes_on_while_the_secrets_of_an_error_are_gathered(tmp_path: Path) -> None:
    went_on = threading.Event()
    seen = []

    def gather() -> Redactor:
        seen.append(went_on.wait(LONG_S))
        return Redactor(frozenset({"hush-hush-4711"}))

    async def fail() -> None:
        async with redacting_apart(gather, place=tmp_path):
            raise PermanentError("refused: hush-hush-4711")

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    went_on.set()
    with pytest.raises(PermanentError, match=r"^refused: \*\*\*$"):
        await task
    assert seen == [True]
