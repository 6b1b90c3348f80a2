"""Which recorded data source answers a request that holds no address."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import msgpack
import pytest

from iac_adapters.terraform.messages import message
from iac_adapters.terraform.recorder import recalled_reads
from iac_adapters.terraform.recorder.capture import ConnectionCapture, DataRead
from iac_adapters.terraform.recorder.recalled_reads import RecordedReads, failed_requests
from iac_adapters.terraform.schema_answer import HeldAnswer, ProviderSchema
from iac_adapters.terraform.state import ProviderReference, StateInstance
from iac_adapters.terraform.values import decode_json, encode
from tests.providers.world_schema import STRING, attribute, schema

_FILE: Final = (
    attribute("path", STRING, required=True),
    attribute("tags", ["set", STRING]),
    attribute("content", STRING, computed=True),
)
_SCHEMA: Final = ProviderSchema(
    6,
    HeldAnswer(
        message("GetSchemaResponse")(
            data_source_schemas={"file": schema(list(_FILE)).SerializeToString()}
        ).SerializeToString()
    ),
)


def _request(path: str, tags: list[str] | None = None) -> bytes:
    asked = message("ReadDataRequest")(type_name="file")
    asked.config.msgpack = msgpack.packb({"path": path, "tags": tags, "content": None})
    return bytes(asked.SerializeToString())


def _recorded(name: str, path: str, content: str = "one", **more: Any) -> StateInstance:
    attributes = {"path": path, "tags": None, "content": content, **more}
    return StateInstance(
        address=f"data.file.{name}",
        module="",
        mode="data",
        type="file",
        name=name,
        index_key=None,
        provider=ProviderReference("s", None, ""),
        attributes_json=json.dumps(attributes).encode(),
    )


def _told(
    *requests: bytes,
    waiting: tuple[StateInstance, ...],
    failing: tuple[StateInstance, ...] = (),
    new_types: tuple[str, ...] = (),
) -> list[dict[str, Any] | None]:
    answers = RecordedReads(waiting, failing, _SCHEMA, new_types).answers(requests)
    return [_content(answers.get(request)) for request in requests]


def _content(answer: bytes | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    state = message("ReadDataResponse").FromString(answer).state.msgpack
    read: dict[str, Any] = msgpack.unpackb(state)
    return read


def test_the_one_that_was_read_with_the_same_arguments_answers() -> None:
    a, b = _recorded("a", "a.txt", "of a"), _recorded("b", "b.txt", "of b", tags=["x", "y"])
    told = _told(_request("b.txt", ["y", "x"]), _request("a.txt"), waiting=(a, b))
    assert [one and one["content"] for one in told] == ["of b", "of a"]


def test_edited_code_is_answered_where_there_is_one_of_the_type() -> None:
    a, b = _recorded("a", "a.txt"), _recorded("b", "b.txt")
    (told,) = _told(_request("other.txt"), waiting=(a,))
    assert told == {"path": "other.txt", "tags": None, "content": "one"}
    assert _told(_request("other.txt"), waiting=(a, b)) == [None]
    assert _told(_request("other.txt"), _request("x.txt"), waiting=(a,)) == [None, None]


def test_what_may_be_the_question_of_one_that_fails_is_not_answered() -> None:
    a, same = _recorded("a", "a.txt"), _recorded("b", "a.txt")
    assert _told(_request("a.txt"), waiting=(a,), failing=(same,)) == [None]
    assert _told(_request("a.txt"), waiting=(a,), new_types=("file",)) == [None]
    assert _told(_request("a.txt"), waiting=(a, _recorded("b", "a.txt", "other"))) == [None]


def test_nothing_is_known_of_another_type_or_of_a_broken_record() -> None:
    broken = replace(_recorded("a", "a.txt"), attributes_json=b'{"path": 1}')
    unknown = message("ReadDataRequest")(type_name="unknown").SerializeToString()
    assert _told(_request("a.txt"), unknown, waiting=(broken,)) == [None, None]


def test_many_that_fail_are_each_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon does nothing else meanwhile: 400 took 18 s."""
    decoded, encoded = [], []

    def decoding(attributes: bytes, known: Any) -> Any:
        decoded.append(attributes)
        return decode_json(attributes, known)

    def encoding(value: Any, known: Any) -> bytes:
        encoded.append(value)
        return encode(value, known)

    monkeypatch.setattr(recalled_reads, "decode_json", decoding)
    monkeypatch.setattr(recalled_reads, "encode", encoding)
    recorded = [_recorded(f"n{number}", f"{number}.txt", f"of {number}") for number in range(50)]
    requests = [_request(f"{number}.txt") for number in range(50)]
    told = _told(*requests, waiting=tuple(recorded[:25]), failing=tuple(recorded[25:]))
    assert [one and one["content"] for one in told[:25]] == [f"of {n}" for n in range(25)]
    assert told[25:] == [None] * 25
    assert (len(decoded), len(encoded)) <= (50, 150)


def test_a_request_that_another_connection_was_answered_is_not_of_those_that_failed() -> None:
    first, second = (ConnectionCapture("s", number) for number in range(2))
    first.data_reads += [DataRead(b"lost", b""), DataRead(b"there", b"")]
    second.data_reads += [DataRead(b"there", b"state")]
    assert failed_requests([first, second]) == {"s": frozenset({b"lost"})}
