"""Large bodies: nobody else waits for them, and what costs everybody is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import psutil
import pytest

from reconciler.api.body_parser import BodyParser
from reconciler.api.refusal import Refusal
from reconciler.api.strict_json import MOST_VALUES
from tests.api.desk import V1, Desk

JSON = "application/json"
YAML = "application/yaml"
TEXT = b"x y " * 200_000
# As many values as are taken: YAML of them takes a second to parse.
VALUES = b",".join([b"1"] * (MOST_VALUES - 100))


@pytest.fixture
async def parser() -> AsyncIterator[BodyParser]:
    made = BodyParser()
    yield made
    await made.close()


def _parsers() -> list[psutil.Process]:
    found = psutil.Process().children()
    return [one for one in found if "body_worker" in " ".join(one.cmdline())]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b'{"resource_type":"x","template_definition":{"a":[' + VALUES + b"]}}"),
        (YAML, b"resource_type: x\ntemplate_definition:\n  a: [" + VALUES + b"]\n"),
    ],
    ids=["json", "yaml"],
)
async def test_others_are_answered_while_a_large_body_is_read(
    desk: Desk, kind: str, body: bytes
) -> None:
    assert await desk.app.state.bodies.json(b"[1]" + b" " * 100_000) == [1]
    (process,) = _parsers()
    process.suspend()  # so it is read for as long as others are answered, on any machine
    headers = {"Content-Type": kind}
    post = asyncio.create_task(desk.admin.post(f"{V1}/templates", content=body, headers=headers))
    try:
        for _ in range(20):
            assert (await desk.anonymous.get("/healthz")).status_code == 200
            await asyncio.sleep(0.001)
        assert not post.done()
    finally:
        process.resume()
    assert (await post).status_code == 201


MANY = MOST_VALUES + 1


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        (JSON, b'{"a":[' + b",".join([b"1"] * MANY) + b"]}"),
        (JSON, b"{" + b",".join(b'"%d":1' % number for number in range(MANY)) + b"}"),
        (JSON, b'{"a":[' + b",".join([b"[]"] * MANY) + b"]}"),
        (YAML, b"{a: [" + b",".join([b"1"] * 180_000) + b"]}"),
        (YAML, b"{a: [" + b",".join([b"[]"] * MANY) + b"]}"),
    ],
    ids=["numbers", "keys", "lists", "180,000 numbers in YAML", "lists in YAML"],
)
async def test_a_body_of_too_many_values_is_refused(
    desk: Desk, kind: str, definition: bytes
) -> None:
    name, value = (b'"resource_type"', b'"x"') if kind == JSON else (b"resource_type", b"x")
    body = b'{%b: %b, "template_definition": %b}' % (name, value, definition)
    answer = await desk.admin.post(f"{V1}/templates", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert answer.json()["type"].endswith(":too-large")


async def test_a_small_and_a_large_body_say_the_same(parser: BodyParser) -> None:
    tree = {"text": "é\u2028", "number": 2**62, "float": 1e-7, "none": None, "list": [True, {}]}
    small = b'{"text":"\xc3\xa9\xe2\x80\xa8","number":4611686018427387904,"float":1e-7,'
    small += b'"none":null,"list":[true,{}]'
    assert await parser.json(small + b"}") == tree
    assert await parser.json(small + b"}" + b" " * 100_000) == tree
    large = await parser.yaml(small + b', "more": "' + TEXT + b'"}')
    assert large == {**tree, "more": TEXT.decode()}


async def test_a_large_body_is_refused_as_a_small_one_is(parser: BodyParser) -> None:
    for padding in (b"", b" " * 100_000):
        with pytest.raises(Refusal) as refused:
            await parser.json(b'{"a":1,"a":2}' + padding)
        assert (refused.value.status, refused.value.code) == (422, "duplicate-key")
        with pytest.raises(Refusal) as refused:
            await parser.yaml(b"a: &x 1\nb: *x\n" + padding + b"\n")
        assert (refused.value.status, refused.value.code) == (422, "yaml-alias")


async def test_the_parser_may_be_killed_and_the_next_body_is_read(parser: BodyParser) -> None:
    assert await parser.json(b"[1]" + b" " * 100_000) == [1]
    (process,) = _parsers()
    process.kill()
    process.wait()
    with suppress(Refusal):  # 503, unless its end was seen before
        await parser.json(b"[2]" + b" " * 100_000)
    assert await parser.json(b"[3]" + b" " * 100_000) == [3]
    await parser.close()
    assert _parsers() == []


async def test_a_body_that_takes_too_long_is_refused_and_the_next_is_read() -> None:
    parser = BodyParser(within_s=0.0)
    with pytest.raises(Refusal, match="takes too long"):
        await parser.json(b"[1]" + b" " * 100_000)
    assert _parsers() == []
    await parser.close()
