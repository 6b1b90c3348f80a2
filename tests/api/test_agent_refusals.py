"""Reports that are refused, each by the name that the documentation gives it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import orjson

from agent.protocol.messages import (
    MOST_BODY_BYTES,
    MOST_INFLATED_BYTES,
    MOST_LEAVES,
    REPORTS_PATH,
    write,
)
from tests.api.desk import V1, Desk
from tests.api.speaking_agent import ONE, TWO, SpeakingAgent, code_of, root_of

DOCUMENTATION = Path(__file__).parents[2] / "docs/agent.md"
DEEP = b'{"v":' + b"[" * 5000 + b"]" * 5000 + b"}"


async def test_what_does_not_give_the_announced_root_is_refused(agent: SpeakingAgent) -> None:
    answer = await agent.send(agent.report(ONE, root=root_of(TWO)))
    assert (answer.status_code, code_of(answer)) == (422, "wrong-hash")
    assert (await agent.standing())["seq"] == 0


NO_MESSAGES = (
    (b"", "not-json"),
    (b"{", "not-json"),
    (b"[]", "not-a-report"),
    (b'{"v":2}', "unknown-version"),
    (b'{"v":1}', "not-a-report"),
    (b"\xff\xfe", "not-json"),
    (DEEP, "too-deep"),
    (b'{"v":1,"v":NaN}', "not-json"),
)


async def test_what_is_no_message_is_refused_by_name(agent: SpeakingAgent) -> None:
    for body, code in NO_MESSAGES:
        for answer in (await agent.post(body), await agent.post_compressed(body)):
            assert (body[:20], answer.status_code, code_of(answer)) == (body[:20], 422, code)


WRONG_FIELDS: tuple[tuple[str, Any], ...] = (
    *(("inc", "x"), ("seq", -1), ("seq", 2**60), ("seq", True), ("at", "now"), ("nonce", None)),
    *(("root", "g" * 64), ("sections", {"files": 1}), ("sections", {"FILES": {}})),
    ("dropped", [1]),
)


async def test_a_field_that_cannot_be_read_is_refused(agent: SpeakingAgent) -> None:
    message = orjson.loads(write(agent.report(ONE)))
    for field, value in WRONG_FIELDS:
        answer = await agent.post(orjson.dumps({**message, field: value}))
        assert (field, code_of(answer)) == (field, "not-a-report")


async def test_a_leaf_without_a_canonical_form_is_refused(agent: SpeakingAgent) -> None:
    message = orjson.loads(write(agent.report(ONE)))
    message["sections"]["files"]["changed"] = [["/etc/motd", {"size": 1.5}]]
    assert code_of(await agent.post(orjson.dumps(message))) == "not-canonical"


async def test_what_is_too_large_is_refused_before_it_is_read(agent: SpeakingAgent) -> None:
    answer = await agent.post(b" " * (MOST_BODY_BYTES + 1))
    assert (answer.status_code, code_of(answer)) == (413, "body-too-large")


async def test_a_report_without_its_length_is_answered_as_one_with_it(agent: SpeakingAgent) -> None:
    said = write(agent.report(ONE))
    for body, signature in ((said, None), (said, "Trueup-Agent x.1.y"), (b"{}", None)):
        plain = await agent.post(body, signature=signature)
        chunked = await agent.post(body, signature=signature, chunked=True)
        assert (chunked.status_code, chunked.content) == (plain.status_code, plain.content)
        assert dict(chunked.headers) == dict(plain.headers)


async def test_a_length_behind_zeros_lets_no_more_in(desk: Desk) -> None:
    body = b" " * (MOST_BODY_BYTES + 1)
    length = {"Content-Length": f"{'0' * 20}{len(body)}"}
    answer = await desk.anonymous.post(REPORTS_PATH, content=body, headers=length)
    assert (answer.status_code, code_of(answer)) == (413, "body-too-large")


async def test_a_bomb_is_not_inflated(agent: SpeakingAgent) -> None:
    answer = await agent.post_compressed(b" " * (MOST_INFLATED_BYTES + 1))
    assert (answer.status_code, code_of(answer)) == (413, "too-large")


async def test_data_that_is_cut_short_or_of_another_kind_is_refused(agent: SpeakingAgent) -> None:
    cut = zlib.compress(write(agent.report(ONE)))[:-3]
    assert code_of(await agent.post(cut, media_type="application/zlib")) == "not-json"
    assert code_of(await agent.post(b"x", media_type="application/zlib")) == "not-json"
    answer = await agent.post(b"x", media_type="text/plain")
    assert (answer.status_code, code_of(answer)) == (415, "unsupported-media-type")


async def _with_leaf(agent: SpeakingAgent, value: Any) -> httpx.Response:
    message = orjson.loads(write(agent.report(ONE)))
    message["sections"]["files"]["changed"] = value
    return await agent.post_compressed(orjson.dumps(message))


async def _replayed(agent: SpeakingAgent) -> httpx.Response:
    first = write(agent.report(ONE))
    await agent.post(first)
    await agent.send(agent.report(ONE))
    return await agent.post(first)


async def _cloned(agent: SpeakingAgent) -> httpx.Response:
    await agent.tell(ONE)
    agent.incarnation, agent.seq = "b" * 32, 0
    await agent.tell(TWO)
    agent.incarnation = "a" * 32
    return await agent.tell(TWO)


async def _revoked(agent: SpeakingAgent) -> httpx.Response:
    await agent.desk.admin.delete(f"{V1}/agents/{agent.agent_id}")
    return await agent.tell(ONE)


LATE = {"sent_at": 10**9}
Refused = Callable[[SpeakingAgent], Awaitable[httpx.Response]]
REFUSED: dict[str, tuple[int, Refused]] = {
    "unauthorized": (401, lambda agent: agent.post(b"{}", signature="Bearer x")),
    "revoked": (401, _revoked),
    "replayed": (409, _replayed),
    "cloned": (409, _cloned),
    "wrong-hash": (422, lambda agent: agent.send(agent.report(ONE, root=root_of(TWO)))),
    "too-large": (413, lambda agent: agent.post_compressed(b" " * (MOST_INFLATED_BYTES + 1))),
    "body-too-large": (413, lambda agent: agent.post(b" " * (MOST_BODY_BYTES + 1))),
    "unsupported-media-type": (415, lambda agent: agent.post(b"{}", media_type="text/plain")),
    "not-json": (422, lambda agent: agent.post(b"{")),
    "too-deep": (422, lambda agent: agent.post(DEEP)),
    "not-canonical": (422, lambda agent: _with_leaf(agent, [["/etc/motd", 1.5]])),
    "not-a-report": (422, lambda agent: agent.post(b"[]")),
    "too-many-leaves": (422, lambda agent: _with_leaf(agent, [["a", 1]] * (MOST_LEAVES + 1))),
    "unknown-version": (422, lambda agent: agent.post(b'{"v":2}')),
    "clock-off": (422, lambda agent: agent.send(agent.report({}, **LATE))),
}


async def test_every_refusal_that_is_documented_has_its_name_and_leaves_nothing(
    desk: Desk,
) -> None:
    for number, (code, (status, refused)) in enumerate(REFUSED.items()):
        agent = await SpeakingAgent.enrolled(desk, f"host-{number}")
        answer = await refused(agent)
        assert (code, answer.status_code, code_of(answer)) == (code, status, code)
        if code not in {"replayed", "cloned", "revoked"}:
            standing = await agent.standing()
            assert (code, standing["seq"], standing["root"]) == (code, 0, root_of({}))
    table = DOCUMENTATION.read_text().partition("| refused as |")[2].partition("\n\n")[0]
    named = {code for row in table.splitlines()[2:] for code in re.findall("`([a-z-]+)`",
             row.split("|")[1])}  # fmt: skip
    assert named == REFUSED.keys()
