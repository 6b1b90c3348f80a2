"""What is remembered of the last update: laws of carrying it on, and that it is kept secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.baseline import Baseline, Baselines, baseline_of, carried_on, written_by
from iac_adapters.pulumi.checkpoint import parse_checkpoint
from iac_adapters.pulumi.evaluation import Evaluation, Planned, Step
from iac_adapters.pulumi.loaded import Recorded
from tests.unit.pulumi.raw import SECRETIVE_PROPERTIES
from tests.unit.pulumi.recorded import CHECKPOINT

URNS = ("urn:a", "urn:b", "urn:c")
PLACE = Place("file:///states", "shop", "dev")
RECORDED = st.builds(Recorded, st.sampled_from("12"), SECRETIVE_PROPERTIES, SECRETIVE_PROPERTIES)


def baseline(resources: Mapping[str, Recorded], mark_ns: int) -> Baseline:
    types = dict.fromkeys(resources, "x:index:Y")
    return Baseline(dict(resources), f"digest-{mark_ns}", mark_ns, types)


def baselines(mark_ns: int) -> st.SearchStrategy[Baseline]:
    resources = st.dictionaries(st.sampled_from(URNS), RECORDED, max_size=3)
    return resources.map(lambda found: baseline(found, mark_ns))


def refreshed(known: Baseline, now: Baseline) -> Baseline:
    return carried_on(known, now, refreshed_only=True, evaluation=None)


def updated(known: Baseline, now: Baseline, evaluation: Evaluation | None = None) -> Baseline:
    return carried_on(known, now, refreshed_only=False, evaluation=evaluation)


@given(baselines(1), baselines(2))
def test_a_refresh_never_changes_what_was_remembered(known: Baseline, now: Baseline) -> None:
    after = refreshed(known, now)
    for urn, before in known.resources.items():
        found = now.resources.get(urn)
        if found is None or found.id == before.id:
            assert after.resources[urn] == before
        else:
            assert after.resources[urn] == found  # another object under the same name
    assert after.resources.keys() == after.types.keys()
    assert after.resources.keys() == known.resources.keys() | now.resources.keys()
    assert (after.mark_ns, after.state_digest) == (now.mark_ns, now.state_digest)


@given(baselines(1), baselines(2))
def test_two_refreshes_are_one(known: Baseline, now: Baseline) -> None:
    once = refreshed(known, now)
    assert refreshed(once, now) == once


@given(baselines(1), baselines(2))
def test_an_update_replaces_all_of_it(known: Baseline, now: Baseline) -> None:
    assert updated(known, now) == now
    assert updated(refreshed(known, now), now) == now


@given(baselines(1), baselines(2), st.sampled_from(list(Step)))
def test_after_an_update_each_resource_is_as_it_was_or_as_it_is(
    known: Baseline, now: Baseline, step: Step
) -> None:
    evaluation = Evaluation({urn: Planned(step) for urn in URNS})
    after = updated(known, now, evaluation)
    assert after.resources.keys() == now.resources.keys()
    for urn, kept in after.resources.items():
        assert kept in (now.resources[urn], known.resources.get(urn))
        if step not in (Step.UPDATE, Step.SAME):
            assert kept == now.resources[urn]


def test_adopted_drift_is_remembered_until_it_is_put_right() -> None:
    left = Recorded("1", {"value": "good"}, {"value": "good"})
    hacked = Recorded("1", {"value": "hack"}, {"value": "hack"})
    known, now = baseline({"urn:a": left}, 1), baseline({"urn:a": hacked}, 2)
    # Somebody refreshed, then updated something else: the code still asks for what was there.
    wants_back = Evaluation({"urn:a": Planned(Step.UPDATE, {"value": "good"})})
    assert updated(known, now, wants_back).resources["urn:a"] == left
    # Somebody deployed that value, from code that is not here yet.
    deployed = carried_on(
        known, now, refreshed_only=False, evaluation=wants_back, written=written_by(known, now)
    )
    assert deployed.resources["urn:a"] == hacked
    # The code asks for something new: what is recorded now is what it will be compared with.
    wants_new = Evaluation({"urn:a": Planned(Step.UPDATE, {"value": "new"})})
    assert updated(known, now, wants_new).resources["urn:a"] == hacked
    # Another object took its place.
    other = replace(hacked, id="2")
    taken = baseline({"urn:a": other}, 2)
    assert updated(known, taken, wants_back).resources["urn:a"] == other


@pytest.mark.parametrize(
    ("inputs", "outputs", "stays", "reason"),
    [
        ({"a": 1}, {"a": 2}, True, "what the code asks for was read as something else"),
        ({"a": 1}, {"a": 1, "version": 2}, False, "what only the provider knows may change"),
        ({"a": 2}, {"a": 2}, False, "the code asked for something else meanwhile"),
        ({"a": 1}, {}, True, "it was taken away"),
    ],
)
def test_drift_that_an_update_could_not_see_is_not_forgotten(
    *, inputs: dict[str, Any], outputs: dict[str, Any], stays: bool, reason: str
) -> None:
    left = Recorded("1", {"a": 1}, {"a": 1, "version": 1})
    found = Recorded("1", inputs, outputs)
    same = Evaluation({"urn:a": Planned(Step.SAME)})
    after = updated(baseline({"urn:a": left}, 1), baseline({"urn:a": found}, 2), same)
    assert after.resources["urn:a"] == (left if stays else found), reason


def test_only_what_is_really_there_is_remembered() -> None:
    resources = parse_checkpoint(CHECKPOINT, origin="recorded").resources
    names = {urn.rpartition("::")[2] for urn in baseline_of(checkpoint()).resources}
    assert names == {"kept", "lax"}
    assert len(resources) == 4


def test_an_object_that_waits_for_its_deletion_is_not_remembered() -> None:
    whole = checkpoint()
    old = [
        replace(resource, content={**resource.content, "delete": True})
        for resource in whole.resources
    ]
    assert baseline_of(replace(whole, resources=tuple(old))).resources == {}


def checkpoint() -> Any:
    return parse_checkpoint(CHECKPOINT, origin="recorded")


@given(known=baselines(5))
def test_what_is_kept_is_read_back_by_its_own_key_alone(
    tmp_path_factory: Any, known: Baseline
) -> None:
    folder: Path = tmp_path_factory.mktemp("baselines")
    Baselines(folder, key=b"1" * 32).store(PLACE, known)
    assert Baselines(folder, key=b"1" * 32).load(PLACE) == known
    assert Baselines(folder, key=b"2" * 32).load(PLACE) is None
    assert Baselines(folder, key=b"1" * 32).load(replace(PLACE, stack="prod")) is None
    (file,) = folder.iterdir()
    assert b"CANARY" not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_cannot_be_read_counts_as_not_there(tmp_path: Path) -> None:
    kept = Baselines(tmp_path, key=b"1" * 32)
    assert kept.load(PLACE) is None
    kept.store(PLACE, baseline({}, 1))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert kept.load(PLACE) is None
