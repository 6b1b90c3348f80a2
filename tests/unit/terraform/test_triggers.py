from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.terraform.traversals import parse_triggers
from iac_adapters.terraform.triggers import Reference, Trigger, sources_of, triggered
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Missing,
    Origin,
    ResourceAddress,
    Verdict,
)
from reconciler.domain.paths import AttributePath

_OUT = Origin.OUT_OF_BAND


def _change(path: str, origin: Origin = _OUT) -> Change:
    return Change(AttributePath(path), "d", "d", "l", origin)


def _trigger(address: str, origin: Origin | None = _OUT) -> Trigger:
    return Trigger(ResourceAddress(address), origin)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a.b]", Reference("a", "b")),
        ("[a.b.c]", Reference("a", "b", path=("c",))),
        ('[a.b["k.1"].c]', Reference("a", "b", key="k.1", path=("c",))),
        ("[a.b[2]]", Reference("a", "b", key=2)),
        ("[a.b[count.index].c]", Reference("a", "b", own_key=True, path=("c",))),
        ("[a.b[each.key]]", Reference("a", "b", own_key=True)),
        ('["a.b.c"]', Reference("a", "b", path=("c",))),
    ],
)
def test_a_reference_is_read_as_it_is_written(text: str, expected: Reference) -> None:
    assert parse_triggers(text) == (expected,)


@pytest.mark.parametrize("text", ["a.b", "[a]", "[var.x[0 + 1]]", "all"])
def test_what_is_no_list_of_resources_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        parse_triggers(text)


@pytest.mark.parametrize(
    ("verdict", "path", "replaced"),
    [
        (InSync(), (), False),
        (Missing(), (), False),
        (Drifted((_change("size"),)), (), True),
        (Drifted((_change("size"),)), ("size",), True),
        (Drifted((_change("size"),)), ("name",), False),
        (Drifted((_change("size"),), (_change("id"),)), ("id",), True),
        (Drifted((_change("tags.a"),)), ("tags",), True),
        (Drifted((_change("tags"),)), ("tags", "a"), True),
        (Drifted((_change("size_gb"),)), ("size",), False),
        (Drifted((), reason="tainted"), (), True),
    ],
)
def test_a_change_of_what_is_referred_to_replaces(
    verdict: Verdict, path: tuple[str, ...], *, replaced: bool
) -> None:
    references = {"x.b": (Reference("a", "a", path=path),)}
    found = triggered(references, {"a.a": verdict, "x.b": InSync()})
    assert bool(found) == replaced


def test_a_replacement_sets_off_the_next_one_with_its_origin() -> None:
    references = {
        "x.c": (Reference("x", "b"),),
        "x.b": (Reference("a", "a"),),
        "x.other": (Reference("a", "untouched"),),
    }
    verdicts: dict[str, Verdict] = dict.fromkeys(("x.b", "x.c", "x.other", "a.untouched"), InSync())
    verdicts["a.a"] = Drifted((_change("size"), _change("name", Origin.UNAPPLIED)))
    assert triggered(references, verdicts) == {
        "x.b": _trigger("a.a", Origin.BOTH),
        "x.c": _trigger("x.b", Origin.BOTH),
    }


def test_a_reference_means_the_same_module_and_the_own_key() -> None:
    known = ("m.a", "module.m[0].a.a[1]", "module.m[0].a.a[2]", "module.m[1].a.a[1]", "a.a (gone)")
    own = "module.m[0].x.b[1]"
    assert sources_of(own, [Reference("a", "a", own_key=True)], known) == {"module.m[0].a.a[1]"}
    assert sources_of(own, [Reference("a", "a", key=2)], known) == {"module.m[0].a.a[2]"}
    assert sources_of(own, [Reference("a", "a")], known) == set(known[1:3])


_NAMES = st.sampled_from([f"x.{letter}" for letter in "abcdef"])


@given(st.dictionaries(_NAMES, st.lists(_NAMES, max_size=3)), st.sets(_NAMES))
def test_what_is_set_off_is_what_leads_to_a_change(
    graph: dict[str, list[str]], moved: set[str]
) -> None:
    references = {
        one: tuple(Reference("x", target.split(".")[1]) for target in targets)
        for one, targets in graph.items()
    }
    names = {*graph, *moved, *(target for targets in graph.values() for target in targets)}
    verdicts: dict[str, Verdict] = {
        one: Drifted((_change("size"),)) if one in moved else InSync() for one in names
    }
    reached = set(moved)
    while more := {a for a, targets in graph.items() if set(targets) & reached} - reached:
        reached |= more
    direct = {one for one in moved if set(graph.get(one, ())) & reached}
    assert triggered(references, verdicts).keys() == (reached - moved) | direct
