"""What a program is said to wait for while it runs."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from iac_adapters.pulumi import waiting
from iac_adapters.pulumi.waiting import Waiting, told
from tests.patience import until

STACK = "urn:pulumi:dev::shop"


def line(kind: str, type_: str, name: str) -> bytes:
    metadata = {"op": "create", "urn": f"{STACK}::{type_}::{name}", "type": type_}
    return json.dumps({kind: {"metadata": metadata}}).encode()


def test_it_waits_for_the_program_until_that_asks_for_something() -> None:
    one = Waiting()
    assert one.words(3.4) == "running the program for 3 s: 0 resources, waits for the program"
    one.take(line("resourcePreEvent", "pulumi:pulumi:Stack", "shop-dev"))
    one.take(b"no event at all")
    assert one.words(4) == "running the program for 4 s: 0 resources, waits for the program"


def test_it_waits_for_what_has_begun_and_not_ended() -> None:
    one = Waiting()
    for name in ("a", "b", "c"):
        one.take(line("resourcePreEvent", "kv:index:Item", name))
    one.take(line("resOutputsEvent", "kv:index:Item", "a"))
    told_ = "1 resources, waits for kv:index:Item::b, kv:index:Item::c"
    assert one.words(9) == f"running the program for 9 s: {told_}"
    one.take(line("resourcePreEvent", "kv:index:Item", "d"))
    assert one.words(9).endswith("kv:index:Item::c and 1 more")


async def test_it_is_told_while_the_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TOLD_EVERY_S", 0.01)
    lines: list[str] = []
    async with told(lines.append, label="shop/dev"):
        await until(lambda: len(lines) >= 2)
    count = len(lines)
    assert lines[0] == "shop/dev: running the program"
    assert re.match(r"shop/dev: running the program for \d+ s:", lines[1])
    await asyncio.sleep(0.1)
    assert len(lines) == count
