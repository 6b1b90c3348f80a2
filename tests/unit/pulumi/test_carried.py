"""Which moved objects may reach others, so that the program has to be asked."""

from __future__ import annotations

from typing import Any

import pytest

from iac_adapters.pulumi.carried import below, carriers, moved
from iac_adapters.pulumi.checkpoint import StateResource
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.provider import ReadAnswer
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Missing,
    Noise,
    Origin,
    RecordedResource,
    ResourceAddress,
    Status,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from tests.unit.pulumi.run_lines import THING

ROOT = ResourceAddress("root")


def resource(name: str, *, takes: Any = None, **content: Any) -> LoadedResource:
    """A resource with one property `from`, whose value `takes` comes from `root`."""
    inputs = {} if takes is None else {"from": takes}
    content = {"propertyDependencies": {"from": ["root"]} if inputs else {}, **content}
    outputs = {"address": "10.0.0.7", "count": 3}
    state = StateResource(name, THING, True, "root-id", inputs, outputs, "", "", content)  # noqa: FBT003 - custom
    address = ResourceAddress(name)
    recorded = RecordedResource(address=address, type=THING, status=Status.LIVE, source=None)
    return LoadedResource(recorded_as=recorded, state=state)


def drift(origin: Origin = Origin.OUT_OF_BAND, *, replaced: bool = False) -> Drifted:
    change = Change(AttributePath("x"), declared=1, recorded=1, live=2, origin=origin)
    return Drifted((change,), requires_replace=replaced)


@pytest.mark.parametrize(
    ("verdict", "live", "takes", "carried"),
    [
        (Missing(), None, "root-id", True),
        (Missing(Origin.UNAPPLIED), None, "10.0.0.7", False),
        (drift(replaced=True), {}, "root-id", True),
        # An update leaves the id, and may alter any other output.
        (drift(), {}, "root-id", False),
        (drift(), {}, "prefix/root-id", True),
        (drift(), {}, "anything", True),
        (drift(Origin.UNAPPLIED), {}, "anything", False),
        # What no update touches is carried as it reads now.
        (Noise(()), {"address": "10.0.0.8", "count": 3}, "http://10.0.0.7/", True),
        (InSync(), {"address": "10.0.0.8", "count": 3}, ["10.0.0.7"], True),
        (Noise(()), {"address": "10.0.0.8", "count": 3}, "root-id", False),
        (Noise(()), {"address": "10.0.0.7", "count": 4}, "instances: 3", True),
        (Noise(()), {"address": "10.0.0.7", "count": 4}, "30 of 13", False),
        (Noise(()), {"address": "10.0.0.7", "count": 3, "more": [1]}, "10.0.0.7", False),
        (InSync(), None, "10.0.0.7", False),
    ],
)
def test_a_moved_object_is_carried_where_another_takes_what_may_be_other(
    verdict: Verdict, live: dict[str, Any] | None, takes: Any, *, carried: bool
) -> None:
    resources = {ROOT: resource("root"), ResourceAddress("taker"): resource("taker", takes=takes)}
    answer = None if live is None else ReadAnswer("root-id", live, None)
    move = moved(resources[ROOT], verdict, answer)
    found = carriers({} if move is None else {ROOT: move}, resources)
    assert list(found) == ([ROOT] if carried else [])


def test_what_is_deleted_with_an_object_follows_it_when_that_is_made_anew() -> None:
    taker = resource("taker", deletedWith="root")
    resources = {ROOT: resource("root"), ResourceAddress("taker"): taker}
    answer = ReadAnswer("root-id", {}, None)
    for verdict, carried in ((drift(), False), (drift(replaced=True), True)):
        move = moved(resources[ROOT], verdict, answer)
        assert move is not None
        assert bool(carriers({ROOT: move}, resources)) is carried
    assert below([ROOT], resources) == ["taker"]
