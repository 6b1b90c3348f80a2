"""The order in which a bridge lists a set reaches no path and no fingerprint; a list keeps its own.

Nothing tells a bridged set from a list. So an index is that of the recorded list, plain values
are shown in its order, and a provider decides whether a reordering counts.
"""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from iac_adapters.pulumi.judge import judge
from iac_adapters.pulumi.provider import DiffAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from iac_adapters.pulumi.sides import Sides
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.fingerprint import Identity, fingerprint
from reconciler.domain.model import (
    Drifted,
    Fingerprint,
    InSync,
    Kind,
    Origin,
    ResourceAddress,
    Verdict,
)

_DIGESTER = SecretDigester(b"k" * 32)
_URN = ResourceAddress("urn:pulumi:dev::p::dns:index:Mx::a")
_LAWS = settings(max_examples=60, deadline=None)
_RECORDED = [
    {"exchange": "z", "preference": 1},
    {"exchange": "b", "preference": 2},
    {"exchange": "m", "preference": 3},
]
_LIVE = [
    {"exchange": "b", "preference": 2},
    {"exchange": "z", "preference": 9},
    {"exchange": "new", "preference": 7},
    {"exchange": "also", "preference": 8},
]


def judged(live: list[Any], wanted: list[Any] | None = None) -> Verdict:
    asked = {"mx": wanted or _RECORDED, "name": "n"}
    sides = Sides(
        live={"mx": live, "name": "n"},
        live_inputs={"mx": live, "name": "n"},
        recorded={"mx": _RECORDED, "name": "n"},
        recorded_inputs=asked,
        wanted=asked,
    )
    return judge(sides, DiffAnswer(Said.DIFFERENT, ("mx",), (), {}), digester=_DIGESTER)


def identity(found: Verdict) -> tuple[list[str], Fingerprint]:
    assert isinstance(found, Drifted)
    paths: list[str] = [change.path for change in found.changes]
    return paths, fingerprint(Identity(_URN, Kind.CHANGED, found.changes), key=b"key")


@_LAWS
@given(st.randoms(use_true_random=False))
def test_the_order_that_a_provider_reads_a_set_in_means_nothing(chance: Random) -> None:
    live, wanted = list(_LIVE), list(_RECORDED)
    chance.shuffle(live)
    chance.shuffle(wanted)
    assert judged(live, wanted) == judged(_LIVE)
    assert identity(judged(live, wanted)) == identity(judged(_LIVE))


def test_an_index_is_that_of_the_recorded_list() -> None:
    paths, _ = identity(judged(_LIVE))
    assert paths == ["mx[0].preference", "mx[2]", "mx[3]", "mx[4]"]


_ZONES = ["z1", "z2", "z3"]


def of_zones(live: list[Any], *, told: bool = True, bridged: bool = True) -> Verdict:
    mark = {"__meta": "{}"} if bridged else {}
    asked = {"zones": _ZONES, "nested": {"ports": _ZONES}, "name": "n"}
    sides = Sides(
        live={"zones": live, "nested": {"ports": live}, "name": "n", **mark},
        live_inputs={"zones": live, "nested": {"ports": live}, "name": "n"},
        recorded={"zones": _ZONES, "nested": {"ports": _ZONES}, "name": "n", **mark},
        recorded_inputs=asked,
        wanted=asked,
    )
    answer = DiffAnswer(
        Said.DIFFERENT if told else Said.SAME, ("zones", "nested") if told else (), (), {}
    )
    return judge(sides, answer, digester=_DIGESTER)


@_LAWS
@given(st.randoms(use_true_random=False))
def test_a_bridged_set_of_plain_values_that_drifts_has_one_fingerprint(chance: Random) -> None:
    """Rows V6 and P5."""
    live = ["z3", "hack", "z1", "also"]
    first = of_zones(live)
    chance.shuffle(live)
    assert of_zones(live) == first
    assert identity(of_zones(live)) == identity(first)
    assert isinstance(first, Drifted)
    (zones,) = (change for change in first.changes if change.path == "zones")
    assert (zones.recorded, zones.live) == (_ZONES, ["z1", "z3", "also", "hack"])


def test_a_bridged_set_that_is_only_read_in_another_order_is_in_sync() -> None:
    assert of_zones(["z3", "z1", "z2"], told=False) == InSync()


def test_an_order_that_the_provider_counts_is_shown_as_it_is_read() -> None:
    """Row P5."""
    found = of_zones(["z3", "z1", "z2"])
    assert isinstance(found, Drifted)
    assert found.changes[1].live == ["z3", "z1", "z2"]
    assert {change.origin for change in found.changes} == {Origin.OUT_OF_BAND}


def test_a_list_of_a_provider_that_is_not_bridged_is_shown_as_it_is_read() -> None:
    found = of_zones(["z3", "hack", "z1"], bridged=False)
    assert isinstance(found, Drifted)
    assert found.changes[1].live == ["z3", "hack", "z1"]
