"""Recording despite a condition that fails: no provider is left behind, no data asked twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import AsyncMock

import pytest

from iac_adapters.terraform.command import ToolRun
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.protocol import Rpc
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder import attempt as attempting
from iac_adapters.terraform.recorder import record as recording
from iac_adapters.terraform.recorder.attempt import attempt
from iac_adapters.terraform.recorder.capture import ConnectionCapture, DataRead
from iac_adapters.terraform.recorder.conditions import as_recorded
from iac_adapters.terraform.recorder.order import RecordingOrder
from iac_adapters.terraform.recorder.record import MISSING_TYPE, record
from iac_adapters.terraform.recorder.recorded import Recorded
from reconciler.domain.errors import RetryableError

ORDER = RecordingOrder(Path(), Path("terraform"), (), frozenset({"a"}))


class Running:
    closed = False

    async def close(self) -> None:
        self.closed = True


class Lingering(Running):
    """One that ends when it is let go."""

    def __init__(self) -> None:
        self.asked, self.let_go = asyncio.Event(), asyncio.Event()

    async def close(self) -> None:
        self.asked.set()
        await self.let_go.wait()
        self.closed = True


class Attempts:
    """Plans that end as they are told, in turn."""

    def __init__(self, *ends: Recorded | bytes | Exception) -> None:
        self._ends = list(ends)
        self.types: list[frozenset[str] | None] = []

    async def __call__(self, order: RecordingOrder, **_how: Any) -> tuple[Recorded | None, ToolRun]:
        self.types.append(order.types)
        match self._ends.pop(0):
            case Exception() as error:
                raise error
            case bytes() as words:
                return None, ToolRun(1, words, "")
            case Recorded() as made:
                return made, ToolRun(0, b"", "")
        raise AssertionError


def made(provider: Running, *, conditions: tuple[str, ...] = ()) -> Recorded:
    return Recorded([], (), {0: cast("Provider", provider)}, conditions=conditions)


async def recorded(monkeypatch: pytest.MonkeyPatch, attempts: Attempts) -> Recorded:
    monkeypatch.setattr(recording, "attempt", attempts)
    return await record(ORDER, schemas=cast("Any", None), start=cast("Any", None))


async def test_providers_end_where_the_second_evaluation_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = Running()
    attempts = Attempts(made(provider, conditions=("it fails",)), RetryableError("it died"))
    with pytest.raises(RetryableError):
        await recorded(monkeypatch, attempts)
    assert provider.closed


async def test_those_of_the_second_evaluation_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Running(), Running()
    attempts = Attempts(made(first, conditions=("it fails",)), made(second))
    whole = await recorded(monkeypatch, attempts)
    assert list(map(id, whole.warm.values())) == [id(second)]
    assert (first.closed, second.closed) == (True, False)


async def test_those_of_both_evaluations_end_where_a_scan_is_cancelled_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = Lingering(), Running()
    attempts = Attempts(made(first, conditions=("it fails",)), made(second))
    scan = asyncio.create_task(recorded(monkeypatch, attempts))
    await first.asked.wait()
    scan.cancel()
    first.let_go.set()
    with pytest.raises(asyncio.CancelledError):
        await scan
    assert (first.closed, second.closed) == (True, True)


class Tunnelling:
    """A tunnel by which a provider was configured."""

    def __init__(self, provider: Running, source: str, closing: Lingering | None = None) -> None:
        capture = ConnectionCapture(source, 0, configure=b"told", configured=True)
        self.connections = [SimpleNamespace(capture=capture, provider=provider, lent=False)]
        self._closing = closing

    async def close(self) -> None:
        if self._closing is not None:
            await self._closing.close()


async def attempted(monkeypatch: pytest.MonkeyPatch, tunnel: Tunnelling) -> None:
    """Plan with `tunnel` in the place of the provider `known`."""

    async def open_tunnel(*_: Any, **__: Any) -> Tunnelling:
        return tunnel

    async def run_tool(*_: Any, **__: Any) -> ToolRun:
        return ToolRun(0, b'{"type":"change_summary"}\n', "")

    async def reattach(*_: Any) -> str:
        return ""

    monkeypatch.setattr(attempting, "open_tunnel", open_tunnel)
    monkeypatch.setattr(attempting, "run_tool", run_tool)
    monkeypatch.setattr(attempting, "reattach", reattach)
    monkeypatch.setattr(attempting, "filter_schema", lambda *_, **__: b"")
    monkeypatch.setattr(attempting, "HeadStart", lambda _start: None)
    installed, schemas = SimpleNamespace(source="known"), AsyncMock()
    order = replace(ORDER, providers=cast("Any", (installed,)))
    await attempt(order, schemas=schemas, start=AsyncMock())


async def test_a_provider_ends_where_what_it_was_told_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody knows its schema."""
    provider = Running()
    with pytest.raises(KeyError, match="unknown"):
        await attempted(monkeypatch, Tunnelling(provider, "unknown"))
    assert provider.closed


async def test_a_provider_ends_where_a_scan_is_cancelled_while_its_tunnel_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider, closing = Running(), Lingering()
    tunnel = Tunnelling(provider, "known", closing)
    scan = asyncio.create_task(attempted(monkeypatch, tunnel))
    await closing.asked.wait()
    assert not provider.closed
    scan.cancel()
    closing.let_go.set()
    with pytest.raises(asyncio.CancelledError):
        await scan
    assert provider.closed


async def test_both_evaluations_know_the_same_types(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = Attempts(MISSING_TYPE, made(Running(), conditions=("it fails",)), made(Running()))
    await recorded(monkeypatch, attempts)
    assert attempts.types == [frozenset({"a"}), None, None]


def test_a_data_source_answers_as_it_has_where_that_is_one_answer() -> None:
    def capture(*reads: DataRead, source: str = "world") -> ConnectionCapture:
        captured = ConnectionCapture(source, 0, configure=b"one region")
        captured.data_reads.extend(reads)
        return captured

    east = capture(DataRead(b"count", b"1"), DataRead(b"region", b"east"))
    west = capture(DataRead(b"count", b"1"), DataRead(b"region", b"west"))
    answers = as_recorded([east, west, capture(DataRead(b"x", b"1"), source="other")], "world")

    answer = answers.known(Rpc.READ_DATA, b"count")
    assert answer is not None
    assert message("ReadDataResponse").FromString(answer).state.msgpack == b"1"
    assert answers.known(Rpc.READ_DATA, b"region") is None
    assert answers.known(Rpc.READ_DATA, b"x") is None


def test_a_data_source_answers_for_no_other_region() -> None:
    east = ConnectionCapture("world", 0, configure=b"east")
    east.data_reads.append(DataRead(b"region", b"east"))
    west = ConnectionCapture("world", 1, configure=b"west")
    assert as_recorded([east, west], "world").known(Rpc.READ_DATA, b"region") is None

    answers = as_recorded([east], "world")
    answers.tolerated(Rpc.CONFIGURE, b"east", b"")
    assert answers.known(Rpc.READ_DATA, b"region") is not None
    # The first plan came to no resource of that region.
    answers.tolerated(Rpc.CONFIGURE, b"west", b"")
    assert answers.known(Rpc.READ_DATA, b"region") is None
