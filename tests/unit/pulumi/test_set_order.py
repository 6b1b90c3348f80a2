"""The order in which a bridge lists a set reaches no path and no fingerprint; a list keeps its own.

Nothing tells a bridged set from a list: both are lists of objects. So an index is that of the
recorded list, and a provider decides whether a reordering counts.
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
from reconciler.domain.model import Drifted, Fingerprint, Kind, ResourceAddress, Verdict

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
