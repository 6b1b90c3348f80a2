from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.terraform.asked import Asked
from iac_adapters.terraform.cty import Primitive
from iac_adapters.terraform.plan_check import is_brought_about, unshown, unshown_outputs
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from iac_adapters.terraform.schema import Attribute, Block, ResourceSchema
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    NoiseItem,
    NotApplicable,
    Origin,
    Unmanaged,
    Unreadable,
    Verdict,
)
from reconciler.domain.paths import AttributePath

_TEXT = Primitive.STRING
_SCHEMA = ResourceSchema(0, Block({"name": Attribute(_TEXT), "note": Attribute(_TEXT)}))
_NOISE = Noise((NoiseItem(AttributePath("name"), "as it is"),))
_SHOWN = Drifted((), reason="r")
_SILENT: tuple[Verdict, ...] = (InSync(), _NOISE, NotApplicable("built in"))
_SPEAKING: tuple[Verdict, ...] = (_SHOWN, Missing(), Unmanaged(), Unreadable("r"))
_ACTIONS = ("create", "update", "replace", "delete", "move", "import", "remove", "forget")


def test_nothing_that_the_plan_would_do_stays_unshown() -> None:
    verdicts: dict[str, Verdict] = {"a.in_sync": InSync(), "a.shown": Missing()}
    actions = {"a.in_sync": "replace", "a.shown": "create", "a.unseen": "import"}
    found = {one.address: one for one in unshown(actions, verdicts)}
    assert found.keys() == {"a.in_sync", "a.unseen"}
    verdict = found["a.in_sync"].verdict  # type: ignore[index]
    assert isinstance(verdict, Drifted)
    assert (verdict.requires_replace, verdict.origin) == (True, Origin.UNAPPLIED)
    assert all("defect of trueup" in str(one.remark) for one in found.values())


def test_what_needs_no_apply_is_not_asked_for() -> None:
    actions = {"a.b": "noop", "data.a.b": "update", "module.m.data.a.c": "read", "a.gone": "delete"}
    # OpenTofu announces what it opens for the time of the plan.
    actions |= {"ephemeral.a.b": "open", 'module.m["x"].ephemeral.a.b': "open"}
    assert list(unshown(actions, {"a.gone": _NOISE})) == []


def test_a_key_that_looks_like_a_data_source_hides_nothing() -> None:
    (found,) = unshown({'module.m["x.data.y"].a.b': "update"}, {})
    assert isinstance(found.verdict, Drifted)


def test_what_somebody_has_brought_about_is_in_sync() -> None:
    actions = {"a.b": "update", "a.c": "move"}
    verdicts: dict[str, Verdict] = {"a.b": InSync(), "a.c": InSync()}
    found = unshown(actions, verdicts, brought_about={"a.b", "a.c"})
    assert [one.address for one in found] == ["a.c"]


def _output(name: str, *, unknown: bool, feeders: set[str]) -> PlannedOutput:
    mark = b"true" if unknown else b"false"
    return PlannedOutput(
        name, "update", b"1", b"2", mark, sensitive=False, feeders=frozenset(feeders)
    )


@pytest.mark.parametrize(
    ("output", "verdicts", "brought_about", "shown"),
    [
        (_output("o", unknown=False, feeders=set()), {}, (), False),
        (_output("o", unknown=False, feeders={"a.b"}), {"a.b": Missing()}, (), False),
        (
            _output("o", unknown=False, feeders=set()),
            {"output.o": _SHOWN},
            (),
            True,
        ),
        (_output("o", unknown=False, feeders=set()), {"output.o": InSync()}, (), False),
        (_output("o", unknown=True, feeders={"a.b"}), {'a.b["k.e"]': Missing()}, (), True),
        (_output("o", unknown=True, feeders={"a.b"}), {"a.b": InSync()}, (), False),
        (_output("o", unknown=True, feeders={"a.b"}), {"a.b": InSync()}, ("a.b[0]",), True),
        (_output("o", unknown=True, feeders={"a.b"}), {"a.c": Missing()}, (), False),
    ],
)
def test_an_output_is_shown_by_itself_or_by_what_feeds_it(
    output: PlannedOutput,
    verdicts: dict[str, Verdict],
    brought_about: tuple[str, ...],
    *,
    shown: bool,
) -> None:
    found = list(unshown_outputs([output], verdicts, brought_about=brought_about))
    assert [one.address for one in found] == ([] if shown else ["output.o"])
    assert all("defect of trueup" in str(one.remark) for one in found)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(_ACTIONS)),
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(_SILENT + _SPEAKING)),
)
def test_every_action_is_spoken_of_by_a_verdict_or_a_remark(
    actions: dict[str, str], verdicts: dict[str, Verdict]
) -> None:
    found = {one.address for one in unshown(actions, verdicts)}
    for address, action in actions.items():
        verdict = verdicts.get(address)
        spoken = isinstance(verdict, Drifted | Missing | Unmanaged | Unreadable)
        spoken |= action in ("delete", "remove", "forget") and isinstance(verdict, Noise)
        assert (address in found) != spoken
    assert found <= actions.keys()


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        ({"name": "r", "note": "r"}, False),
        ({"name": "p", "note": "r"}, True),
        ({"name": "x", "note": "r"}, True),
        ({"name": "r", "note": "x"}, False),
    ],
)
def test_an_object_that_moved_where_the_code_asks_needs_no_apply(
    live: Any, *, expected: bool
) -> None:
    recorded: Any = {"name": "r", "note": "r"}
    planned: Any = {"name": "p", "note": "r"}
    asked = Asked(_SCHEMA, recorded, planned, planned)
    assert is_brought_about(asked, live) == expected
