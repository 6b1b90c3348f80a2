"""Signatures are HMAC-SHA256 as Python's own module has it; who signed once is only a shortcut."""

from __future__ import annotations

import hmac

import pytest

from agent.protocol.messages import REPORTS_PATH
from agent.protocol.signing import authorization, is_signed, signature, signer
from reconciler.domain.agents import agent_key
from reconciler.engine.agent_refusals import AgentRefusedError
from reconciler.engine.agent_senders import AgentSenders

INSTANCE = b"i" * 32
BODY = b'{"v":1}'


def header(agent_id: str = "a", body: bytes = BODY, key: bytes | None = None) -> str:
    key = key or agent_key(INSTANCE, agent_id=agent_id, serial=1)
    return authorization(key, agent_id=agent_id, serial=1, path=REPORTS_PATH, body=body)


@pytest.mark.parametrize("length", [0, 1, 32, 63, 64, 65, 200])
def test_a_signature_is_the_hmac_of_path_and_body(length: int) -> None:
    key = bytes(range(length))
    for body in (b"", BODY, b"x" * 5000):
        wanted = hmac.new(key, b"trueup-agent\n/p\n" + body, "sha256").hexdigest()
        assert signature(key, path="/p", body=body) == wanted
        assert is_signed(signer(key, path="/p"), wanted, body)
        assert not is_signed(signer(key, path="/q"), wanted, body)


def test_who_signed_before_is_believed_for_what_it_signs_alone() -> None:
    senders = AgentSenders(INSTANCE)
    first = senders.sender(header(), BODY)
    assert (first.agent_id, first.key_serial) == ("a", 1)
    assert senders.sender(header(body=b"{}"), b"{}") is first
    good = header()
    for bad, body in (
        (good, b"{}"),
        (header(key=b"k" * 32), BODY),
        (good[:-64] + good[-64:].upper(), BODY),
        (good[:-1], BODY),
        (good[:-65] + ":" + good[-64:], BODY),
        (good[:-64] + "\N{DIGIT ZERO}" * 63 + "\N{SUPERSCRIPT TWO}", BODY),
        (good.replace("a.1.", "a.2."), BODY),
        (good.replace("a.1.", "b.1."), BODY),
        (good[-64:], BODY),
        ("", BODY),
    ):
        with pytest.raises(AgentRefusedError) as refused:
            senders.sender(bad, body)
        assert refused.value.code == "unauthorized"
    assert senders.sender(good, BODY) is first


def test_who_signed_nothing_is_not_remembered() -> None:
    senders = AgentSenders(INSTANCE)
    for number in range(10):
        with pytest.raises(AgentRefusedError):
            senders.sender(header(f"a{number}", key=b"k" * 32), BODY)
    assert not senders._known
