"""A baseline stays what it was, whoever refreshes or applies, until a person moves it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.accepting import with_accepted
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import Noise, NoiseItem
from reconciler.domain.paths import AttributePath
from reconciler.domain.undeclared_scan import TAKEN_IN, TOUCHED, Yardstick
from tests.seen_objects import AT, Schema, Seen, paths, scan, seen

SETS = Schema(sets=frozenset({"rules"}))
ROLE = Seen("role", *({"id": "role-1", "boundary": "none", "rules": []},) * 2, facts=SETS)


def first(witness: Seen, address: str = "role.a") -> dict[str, KeptBaseline]:
    return {one.key: one for one in scan(seen(address, witness), yardstick=KEEP).begun}


KEEP = Yardstick(keep=True)


def kept(baselines: dict[str, KeptBaseline]) -> Yardstick:
    return Yardstick(baselines, keep=True)


def recorded(witness: Seen) -> Seen:
    """Return what a refresh by anybody leaves: the state says what is live."""
    return replace(witness, before=witness.now)


def test_a_refresh_that_takes_the_change_in_hides_nothing() -> None:
    baselines = first(ROLE)
    swallowed = recorded(ROLE.becoming(boundary="admin"))

    found = scan(seen("role.a", swallowed), yardstick=kept(baselines)).observed[0]

    assert [change.recorded for change in found.undeclared] == ["none"]
    assert found.undeclared_reason == TAKEN_IN


def test_what_an_apply_has_touched_is_flagged_and_not_swallowed() -> None:
    baselines = first(ROLE)
    applied = replace(recorded(ROLE.becoming(boundary="b", size=2)), config={"size": 2})

    found = scan(seen("role.a", applied), yardstick=kept(baselines)).observed[0]

    assert [change.path for change in found.undeclared] == ["boundary"]
    assert found.undeclared_reason == TOUCHED


def test_another_object_under_the_same_address_begins_another_baseline() -> None:
    replaced = recorded(ROLE.becoming(id="role-2", boundary="other"))

    found = scan(seen("role.a", replaced), yardstick=kept(first(ROLE)))

    assert not found.observed[0].undeclared
    assert [one.values for one in found.begun] == [{"id": "role-2", "boundary": "other"}]


def test_an_untouched_scan_writes_no_baseline_again() -> None:
    assert scan(seen("role.a", ROLE), yardstick=kept(first(ROLE))).begun == ()


def test_what_a_child_held_is_found_once_the_child_has_left_the_state() -> None:
    child = Seen("attachment", *({"id": "x", "role": "role-1", "arn": "arn:aws:p"},) * 2)
    role = recorded(ROLE.becoming(arns=["arn:aws:p"]))
    both = scan(seen("role.a", role), seen("child.a", child), yardstick=KEEP)
    baselines = {one.key: one for one in both.begun}

    assert paths(seen("role.a", role), yardstick=kept(baselines)) == {"role.a": ["arns"]}


def test_what_was_accepted_is_quiet_and_a_further_change_speaks_again() -> None:
    rules = [{"port": 22}]
    moved = ROLE.becoming(boundary="admin", rules=rules)
    baselines = first(ROLE)
    found = scan(seen("role.a", moved), yardstick=kept(baselines)).observed[0]
    after = with_accepted(baselines["role.a"], found.undeclared, by="ana", reason="so", at=AT)

    quiet = scan(seen("role.a", moved), yardstick=kept({"role.a": after}))

    assert not quiet.observed[0].undeclared
    ordered = {one.key: one for one in quiet.begun}
    further = moved.becoming(rules=[{"port": 22}, {"port": 80}], boundary="root")
    assert paths(seen("role.a", further), yardstick=kept(ordered)) == {
        "role.a": ["boundary", "rules[1]"]
    }


def moving(path: str, *values: Any) -> list[tuple[list[str], list[NoiseItem]]]:
    """Scan a role once for each of `values` at `path`; return changes and noise of each scan."""
    baselines = first(ROLE)
    seen_then = []
    for value in values:
        found = scan(seen("role.a", ROLE.becoming(**{path: value})), yardstick=kept(baselines))
        baselines |= {one.key: one for one in found.begun}
        (one,) = found.observed
        noise = list(one.verdict.items) if isinstance(one.verdict, Noise) else []
        seen_then.append(([str(change.path) for change in one.undeclared], noise))
    return seen_then


def test_what_moves_again_and_again_is_noise_with_its_reason_and_count() -> None:
    *before, (changes, (item,)) = moving("lag", 1, 2, 3, 4)

    assert [found for found, _ in before] == [["lag"]] * 3
    assert changes == []
    assert item == NoiseItem(AttributePath("lag"), item.reason, None, 4)
    assert "4 times" in item.reason


def test_what_stays_where_it_was_put_never_becomes_noise() -> None:
    assert [found for found, _ in moving("lag", *([7] * 9))] == [["lag"]] * 9


def test_exposure_and_privileges_never_become_noise() -> None:
    cidrs = [[{"cidr_blocks": ["0.0.0.0/0"], "port": port}] for port in range(1, 9)]

    assert all(found for found, _ in moving("ingress", *cidrs))


_RULES = st.lists(
    st.fixed_dictionaries({"port": st.integers(1, 5), "source": st.sampled_from("abc")}),
    unique_by=repr,
    max_size=4,
)


@given(_RULES, _RULES, _RULES)
def test_accepting_makes_exactly_what_was_shown_right(
    before: list[Any], now: list[Any], later: list[Any]
) -> None:
    baselines = first(recorded(ROLE.becoming(rules=before)))
    for rules in (now, later):
        witness = replace(ROLE, now={**ROLE.now, "rules": rules})
        scanned = scan(seen("role.a", witness), yardstick=kept(baselines))
        baselines |= {one.key: one for one in scanned.begun}
        found = scanned.observed[0].undeclared
        if found:
            after = with_accepted(baselines["role.a"], found, by="ana", reason="so", at=AT)
            baselines["role.a"] = after

        assert not paths(seen("role.a", witness), yardstick=kept(baselines))


def test_what_an_apply_chose_is_taken_in_and_nothing_else() -> None:
    facts = Schema(computed=frozenset({"serial", "owner"}))
    before = {"id": "a", "serial": 1, "owner": "us"}
    baselines = first(Seen("t", before, before, facts=facts), "t.a")
    after = {"id": "a", "serial": 2, "owner": "them"}
    applied = Seen("t", after, after, facts=facts, by_apply={"serial": 2})

    found = scan(seen("t.a", applied), yardstick=kept(baselines))

    assert [change.path for change in found.observed[0].undeclared] == ["owner"]
    assert [one.values for one in found.begun] == [{"id": "a", "serial": 2, "owner": "us"}]
    # What this scan began may be discarded, and so the next one is told again.
    assert applied.forgotten == []
    again = scan(seen("t.a", applied), yardstick=kept(baselines))
    assert [one.values for one in again.begun] == [one.values for one in found.begun]
    scan(seen("t.a", applied), yardstick=kept({one.key: one for one in found.begun}))
    assert applied.forgotten == ["serial"]
