"""What could not be asked is unknown: nothing heals by it, and nothing is taken as right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from iac_adapters.children.memory import child_memory
from iac_adapters.plugin_host.provider_errors import ProviderError
from iac_adapters.terraform.children.reads import TerraformReads
from reconciler.domain.model import Added, InSync, Unreadable, Unseen
from tests.unit.children.bridge import KEY, POLICY, USER, Bridge, scanned, user

ABSENT = "reading IAM User Policy: couldn't find resource"


class Reader:
    """Asks one provider, whose start or whose every call may fail."""

    def __init__(self, *, start: str = "", call: str = "") -> None:
        self.start = start
        self.call = call

    async def ask(self, key: object, question: Callable[[Any], Awaitable[Any]]) -> Any:
        del key
        if self.start:
            raise ProviderError(self.start)
        return await question(SimpleNamespace(import_state=self._fail, read_data=self._fail))

    async def _fail(self, *_: object, **__: object) -> None:
        raise ProviderError(self.call)


def reads(reader: Reader) -> TerraformReads:
    schema = SimpleNamespace(resource=lambda _: object())
    return TerraformReads(cast("Any", reader), cast("Any", None), cast("Any", schema))


def test_a_provider_that_does_not_start_says_nothing_of_a_child() -> None:
    asked = reads(Reader(start=ABSENT)).imported("aws_iam_user_policy", "ana:admin", timeout_s=5)
    with pytest.raises(ProviderError, match="couldn't find"):
        asyncio.run(asked)


def test_a_call_that_finds_nothing_says_that_there_is_no_child() -> None:
    asked = reads(Reader(call=ABSENT)).imported("aws_iam_user_policy", "ana:admin", timeout_s=5)
    assert asyncio.run(asked) is None


def test_a_child_that_was_named_heals_by_an_answer_alone(tmp_path: Path) -> None:
    bridge = Bridge()
    assert isinstance(scanned(tmp_path, bridge)[POLICY], Added)
    bridge.failure = "throttled"
    assert isinstance(scanned(tmp_path, bridge, wanted=[POLICY])[POLICY], Unseen)
    bridge.failure, bridge.policies = "", ()
    assert scanned(tmp_path, bridge, wanted=[POLICY]) == {POLICY: InSync()}


def test_without_a_memory_a_child_without_an_answer_is_unknown_as_well(tmp_path: Path) -> None:
    seen = scanned(tmp_path, Bridge(failure="throttled"), wanted=[POLICY])
    assert isinstance(seen[POLICY], Unseen)


def test_of_a_parent_that_cannot_be_read_the_last_answer_stays(tmp_path: Path) -> None:
    bridge = Bridge()
    scanned(tmp_path, bridge)
    asked = len(bridge.asked)
    bridge.policies = ()
    seen = scanned(tmp_path, bridge, found={USER: Unreadable("no credentials")})
    assert isinstance(seen[POLICY], Unseen)
    assert len(bridge.asked) == asked
    named = scanned(tmp_path, bridge, found={USER: Unreadable("none")}, wanted=[POLICY])
    assert isinstance(named[POLICY], Unseen)


def test_what_was_found_at_a_parent_that_nobody_can_ask_about_stays(tmp_path: Path) -> None:
    bridge = Bridge()
    unasked = replace(user(bridge), provider=None)
    scanned(tmp_path, bridge)
    (before,) = kept(tmp_path)
    seen = scanned(tmp_path, bridge, unasked, silent={USER: "its plugin did not start"})
    verdict = seen[POLICY]
    assert isinstance(verdict, Unseen)
    assert (verdict.parent, verdict.type) == (USER, "aws:iam/userPolicy:UserPolicy")
    named = scanned(
        tmp_path, bridge, unasked, silent={USER: "its plugin did not start"}, wanted=[POLICY]
    )
    assert isinstance(named[POLICY], Unseen)
    assert kept(tmp_path) == [before]


def kept(folder: Path) -> list[object]:
    """Return what is remembered of the policies of the user."""
    answers = child_memory(folder, key=KEY).load("stack").answers
    return [answer for key, answer in answers.items() if key in POLICY]
