"""What data sources answer in a provider's place, by request: the wire has no addresses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from iac_adapters.terraform.messages import message
from iac_adapters.terraform.recorder.capture import DataRead


class DataAnswers:
    """What was answered before; nothing where two regions answered one request in two ways."""

    def __init__(self, data_reads: Iterable[DataRead]) -> None:
        self._states: dict[bytes, set[bytes]] = defaultdict(set)
        for read in data_reads:
            self._states[read.request].add(read.state)

    def to(self, request: bytes) -> bytes | None:
        """Return the answer to `request`; None where there is none that is the only one."""
        states = self._states.get(request, set())
        return read_answer(next(iter(states))) if len(states) == 1 else None

    def forget(self) -> None:
        """Answer nothing from now on."""
        self._states.clear()


def read_answer(state: bytes) -> bytes:
    """Return the raw answer of a data source that was read, whose state is msgpack."""
    answer = message("ReadDataResponse")()
    answer.state.msgpack = state
    return bytes(answer.SerializeToString())
