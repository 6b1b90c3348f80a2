"""What the provider's word means: rows with a reason, and laws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iac_adapters.pulumi.judge import IGNORED, POSSIBLE, UNTOLD, judge
from iac_adapters.pulumi.provider import DiffAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from iac_adapters.pulumi.sides import Sides
from iac_adapters.pulumi.values import is_secret
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import Drifted, InSync, Noise, Origin, Verdict
from reconciler.domain.noise import STALE, UNCHANGED
from reconciler.domain.values import UNKNOWN as NOT_KNOWN
from reconciler.domain.values import Sensitive
from tests.unit.pulumi.raw import PROPERTIES, SECRETIVE_PROPERTIES, secret

MASKER = SecretDigester(b"k" * 32)
HTTPS = {"port": 443, "cidrs": ["10.0.0.0/8"]}
HTTP = {"port": 80, "cidrs": ["10.0.0.0/8"]}
SSH = {"port": 22, "cidrs": ["0.0.0.0/0"]}
INPUTS: Mapping[str, Any] = {
    "name": "n",
    "value": "v",
    "tags": {"team": "core"},
    "rules": [HTTPS, HTTP],
    "zones": ["b", "a"],
}
OUTPUTS: Mapping[str, Any] = {
    **INPUTS,
    "arn": "arn:n",
    "version": 1,
    "tagsAll": {"team": "core", "owner": "ops"},
    "note": None,
    "__meta": "{}",
}
SAME = DiffAnswer(Said.SAME, (), (), {})
UNKNOWN = DiffAnswer(Said.UNKNOWN, (), (), {})


def differs(*properties: str, replacing: Sequence[str] = (), **paths: bool) -> DiffAnswer:
    told = {name.replace("__", "."): forces for name, forces in paths.items()}
    return DiffAnswer(Said.DIFFERENT, properties, tuple(replacing), told)


def judged(
    answer: DiffAnswer, *, ignored: Sequence[str] = (), acting: bool = False, **sides: Any
) -> Verdict:
    """Judge a resource that is on each side as it should be, but for what `sides` lays over it."""
    laid = {name: sides.pop(name, {}) for name in ("live", "recorded", "wanted", "recorded_inputs")}
    whole = Sides(
        live={**OUTPUTS, **laid["live"]},
        recorded={**OUTPUTS, **laid["recorded"]},
        wanted={**INPUTS, **laid["wanted"]},
        recorded_inputs={**INPUTS, **laid["recorded_inputs"]},
        live_inputs=sides.pop("live_inputs", {}),
        **sides,
    )
    return judge(whole, answer, ignored=ignored, acting=acting, digester=MASKER)


@dataclass(frozen=True, slots=True)
class Row:
    """One case and all that must be found in it."""

    reason: str
    answer: DiffAnswer
    live: Mapping[str, Any]
    changes: Sequence[str] = ()
    consequences: Sequence[str] = ()
    noise: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


TAGGED = {"tags": {"team": "x"}, "tagsAll": {"team": "x", "owner": "ops"}}
GROWN = {
    "tags": {"team": "core", "new": "1"},
    "tagsAll": {"team": "core", "owner": "ops", "new": "1"},
}
ROWS = (
    Row("nobody touched it", SAME, {}),
    Row("a value", differs("value"), {"value": "w"}, ["value"]),
    Row(
        "what the provider computes from it follows",
        differs("value", "version"),
        {"value": "w", "version": 2},
        ["value"],
        ["version"],
    ),
    Row(
        "what else moved and is not acted on is noise",
        differs("value"),
        {"value": "w", "version": 2},
        ["value"],
        noise={"version": UNCHANGED},
    ),
    Row("a tag", differs("tags", "tagsAll"), TAGGED, ["tags.team"], ["tagsAll.team"]),
    Row("a new tag", differs("tags", "tagsAll"), GROWN, ["tags.new"], ["tagsAll.new"]),
    Row(
        "a tag where the code has none",
        differs("tags", "tagsAll"),
        {"tags": {"x": "1"}, "tagsAll": {"x": "1"}},
        ["tags"],
        ["tagsAll.x"],
        more={
            "recorded": {"tags": None, "tagsAll": {}},
            "wanted": {"tags": None},
            "recorded_inputs": {"tags": None},
        },
    ),
    Row("a tag taken away", differs("tags"), {"tags": {}}, ["tags.team"]),
    Row("one more rule", differs("rules"), {"rules": [HTTPS, SSH, HTTP]}, ["rules[2]"]),
    Row("one rule less", differs("rules"), {"rules": [HTTP]}, ["rules[0]"]),
    Row(
        "one rule changed, the others moved",
        differs("rules"),
        {"rules": [{**HTTP, "cidrs": ["0.0.0.0/0"]}, HTTPS]},
        ["rules[1].cidrs"],
    ),
    Row("blocks in another order are the same set", SAME, {"rules": [HTTP, HTTPS]}),
    Row("plain lists have an order", differs("zones"), {"zones": ["a", "b"]}, ["zones"]),
    Row(
        "unless the provider means their order",
        differs(),
        {"rules": [HTTP, HTTPS], "version": 2},
        ["rules[0].port", "rules[1].port"],
        ["version"],
    ),
    Row(
        "which it does not when something else differs",
        differs(),
        {"rules": [HTTP, HTTPS], "value": "w"},
        ["value"],
    ),
    Row("numbers are compared by value", SAME, {"version": 1.0}),
    Row("the provider would not act", SAME, {"arn": "arn:m"}, noise={"arn": UNCHANGED}),
    Row("null for empty", SAME, {"note": ""}),
    Row(
        "it is already what the code says",
        SAME,
        {"value": "w"},
        noise={"value": STALE},
        more={"wanted": {"value": "w"}},
    ),
    Row(
        "paths are taken where they are told",
        differs(tags__team=False),
        {"tags": {"team": "x"}},
        ["tags.team"],
    ),
    Row(
        "what is ignored stays noise, though the provider compares it",
        UNKNOWN,
        {"value": "w", "tags": {"team": "x"}},
        noise={"value": IGNORED, "tags.team": IGNORED},
        more={"ignored": ["value", "tags.team"]},
    ),
    Row(
        "what follows from what is ignored alone is noise as well",
        UNKNOWN,
        {"value": "w", "version": 2},
        noise={"value": IGNORED, "version": UNCHANGED},
        more={"ignored": ["value"]},
    ),
    Row(
        "an update writes what is ignored where the read told no inputs",
        differs(),
        {"value": "w", "version": 2},
        ["value"],
        ["version"],
        more={"ignored": ["value"]},
    ),
    Row(
        "or told those that are recorded",
        differs("value", "tags"),
        {"value": "w", "tags": {"team": "x"}},
        ["tags.team", "value"],
        more={"ignored": ["value", "tags.team"], "live_inputs": INPUTS},
    ),
    Row(
        "but no update that its provider sees no need for by now",
        SAME,
        {"value": "w", "zones": ["a"]},
        noise={"value": IGNORED, "zones": STALE},
        more={"ignored": ["value"], "wanted": {"zones": ["a"]}, "acting": True},
    ),
    Row(
        "beside what is ignored the rest counts",
        UNKNOWN,
        {"value": "w", "zones": []},
        ["zones"],
        noise={"value": IGNORED},
        more={"ignored": ["value"]},
    ),
    Row(
        "what follows from what the code wants anyway",
        UNKNOWN,
        {"value": "w", "version": 2},
        noise={"value": STALE, "version": UNCHANGED},
        more={"wanted": {"value": "w"}},
    ),
    Row("it does not compare: values are", UNKNOWN, {"value": "w"}, ["value"]),
    Row("it does not compare, and nothing moved", UNKNOWN, {}),
    Row(
        "adopted into the record by a refresh, values only",
        differs("value"),
        {"value": "w"},
        ["value"],
        more={"recorded": {"value": "w"}},
    ),
    Row(
        "adopted, and it does not compare",
        UNKNOWN,
        {"value": "w"},
        ["value"],
        more={"recorded": {"value": "w"}},
    ),
    Row(
        "adopted into a map that the code has",
        differs("tags", "tagsAll"),
        GROWN,
        ["tags"],
        ["tagsAll"],
        more={"recorded": GROWN},
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.reason)
def test_what_is_found(row: Row) -> None:
    verdict = judged(row.answer, live=row.live, **row.more)
    if row.changes:
        assert isinstance(verdict, Drifted)
        assert [change.path for change in verdict.changes] == list(row.changes)
        assert [change.path for change in verdict.consequences] == list(row.consequences)
        assert {item.path: item.reason for item in verdict.noise} == row.noise
        assert verdict.reason == (POSSIBLE if row.answer is UNKNOWN else None)
        assert {change.origin for change in verdict.changes} == {Origin.OUT_OF_BAND}
    elif row.noise:
        assert isinstance(verdict, Noise)
        assert {item.path: item.reason for item in verdict.items} == row.noise
    else:
        assert verdict == InSync()


@pytest.mark.parametrize(
    ("declared", "recorded", "live", "origin"),
    [
        ("v", "v", "w", Origin.OUT_OF_BAND),
        ("d", "v", "v", Origin.UNAPPLIED),
        ("d", "v", "w", Origin.BOTH),
    ],
)
def test_who_moved(declared: str, recorded: str, live: str, origin: Origin) -> None:
    verdict = judged(differs("value"), wanted={"value": declared}, live={"value": live})
    assert isinstance(verdict, Drifted)
    (change,) = verdict.changes
    assert (change.declared, change.recorded, change.live) == (declared, recorded, live)
    assert change.origin is origin


def test_each_place_is_told_by_itself_with_who_moved_there() -> None:
    verdict = judged(
        differs("tags"), wanted={"tags": {"team": "new"}}, live={"tags": {"team": "core", "x": "1"}}
    )
    assert isinstance(verdict, Drifted)
    assert {change.path: change.origin for change in verdict.changes} == {
        "tags.team": Origin.UNAPPLIED,
        "tags.x": Origin.OUT_OF_BAND,
    }


@pytest.mark.parametrize("answer", [differs(), UNKNOWN], ids=["untold", "not compared"])
@pytest.mark.parametrize(
    ("wanted", "live", "paths", "reason"),
    [
        ({"tags": {}}, {}, ["tags.team"], "the code took a key away"),
        ({"value": None}, {}, ["value"], "the code took a property away"),
        ({"rules": [HTTPS]}, {}, ["rules[1]"], "the code took an element away"),
        ({"rules": [HTTP, HTTPS]}, {}, ["rules[0].port", "rules[1].port"], "in another order"),
        ({"zones": ["a", "b"]}, {}, ["zones"], "plain values in another order"),
        ({"tags": {"new": "1"}}, {"tags": {"new": "1"}}, [], "both did the same"),
        ({"tags": {}}, {"tags": {}}, [], "both took it away"),
    ],
)
def test_what_the_code_changed_is_found_where_the_provider_does_not_say(
    *,
    answer: DiffAnswer,
    wanted: dict[str, Any],
    live: dict[str, Any],
    paths: Sequence[str],
    reason: str,
) -> None:
    verdict = judged(answer, wanted=wanted, live=live)
    if paths:
        assert isinstance(verdict, Drifted)
        assert [change.path for change in verdict.changes] == list(paths), reason
        assert {change.origin for change in verdict.changes} == {Origin.UNAPPLIED}, reason
    elif answer is UNKNOWN:
        assert isinstance(verdict, Noise)
        assert {item.reason for item in verdict.items} == {STALE}, reason


def test_an_update_that_code_causes_writes_what_is_ignored_where_nobody_compares() -> None:
    verdict = judged(
        UNKNOWN,
        ignored=["value"],
        acting=True,
        live={"value": "w", "version": 2},
        wanted={"zones": ["a"]},
    )
    assert isinstance(verdict, Drifted)
    assert {change.path: change.origin for change in verdict.changes} == {
        "value": Origin.OUT_OF_BAND,
        "zones": Origin.UNAPPLIED,
    }
    assert [change.path for change in verdict.consequences] == ["version"]
    assert verdict.noise == ()


def test_a_property_the_code_no_longer_has_is_unapplied() -> None:
    verdict = judged(differs("value"), wanted={"value": None})
    assert isinstance(verdict, Drifted)
    (change,) = verdict.changes
    assert (change.path, change.declared, change.live) == ("value", None, "v")
    assert change.origin is Origin.UNAPPLIED


def test_what_nobody_touched_is_due_to_what_the_provider_is_told_now() -> None:
    verdict = judged(differs("tagsAll"))  # the program gives its provider other default tags
    assert isinstance(verdict, Drifted)
    (change,) = verdict.changes
    assert (change.path, change.declared, change.live) == (
        "tagsAll",
        NOT_KNOWN,
        {"team": "core", "owner": "ops"},
    )
    assert change.origin is Origin.UNAPPLIED


@pytest.mark.parametrize(
    "answer", [differs("name", replacing=["name"]), differs("name", name=True)]
)
def test_a_replacement_is_told(answer: DiffAnswer) -> None:
    verdict = judged(answer, live={"name": "m", "zones": []})
    assert isinstance(verdict, Drifted)
    assert verdict.requires_replace
    (change,) = verdict.changes
    assert (change.path, change.forces_replacement) == ("name", True)


@pytest.mark.parametrize("replacing", [(), ("name",)])
def test_a_difference_without_a_place_is_told_as_one(replacing: Sequence[str]) -> None:
    verdict = judged(DiffAnswer(Said.DIFFERENT, (), tuple(replacing), {}))
    assert verdict == Drifted((), requires_replace=bool(replacing), reason=UNTOLD)


def test_a_secret_is_told_by_digests_alone() -> None:
    verdict = judged(
        differs("value"),
        live={"value": "CANARY-live"},
        recorded={"value": secret("CANARY-recorded")},
        wanted={"value": secret("CANARY-recorded")},
        recorded_inputs={"value": secret("CANARY-recorded")},
    )
    assert isinstance(verdict, Drifted)
    (change,) = verdict.changes
    assert change.sensitive
    assert isinstance(change.live, Sensitive)
    assert change.declared == change.recorded != change.live
    assert "CANARY" not in repr(verdict)


def test_a_map_with_secret_keys_is_told_as_a_whole() -> None:
    verdict = judged(
        differs("tags"),
        live={"tags": {"CANARY-key": "x"}},
        recorded={"tags": secret({"team": "core"})},
        wanted={"tags": secret({"team": "core"})},
    )
    assert isinstance(verdict, Drifted)
    assert [change.path for change in verdict.changes] == ["tags"]
    assert "CANARY" not in repr(verdict)


def test_a_secret_repeated_in_a_plain_property_is_hidden_there_however_short() -> None:
    marked = {"value": secret("old")}
    verdict = judged(
        differs("value", "insecureValue"),
        live={"value": "new", "insecureValue": "new"},
        recorded={**marked, "insecureValue": "old"},
        wanted=marked,
        recorded_inputs=marked,
    )
    assert isinstance(verdict, Drifted)
    (echo,) = verdict.consequences
    assert (echo.path, echo.sensitive) == ("insecureValue", True)
    assert isinstance(echo.live, Sensitive)
    assert isinstance(echo.recorded, Sensitive)


@given(SECRETIVE_PROPERTIES, st.booleans())
def test_equal_on_every_side_is_in_sync(properties: Mapping[str, Any], echoed: bool) -> None:  # noqa: FBT001
    sides = Sides(
        live=properties,
        live_inputs=properties if echoed else {},
        recorded=properties,
        recorded_inputs=properties,
        wanted=properties,
    )
    assert judge(sides, SAME, digester=MASKER) == InSync()
    assert judge(sides, UNKNOWN, digester=MASKER) == InSync()


@st.composite
def unlike(draw: st.DrawFn, raw: Any) -> Any:
    """Return `raw` as a provider might read it after somebody was at it: no tag is left."""
    if is_secret(raw):
        if draw(st.booleans()):
            return draw(unlike(raw["value"]))
        return f"CANARY-{draw(st.text('xyz0123', min_size=6, max_size=9))}"
    if isinstance(raw, dict):
        kept = {key: draw(unlike(item)) for key, item in raw.items() if draw(st.integers(0, 5))}
        return {**kept, "new": 1} if draw(st.booleans()) else kept
    if isinstance(raw, list):
        return draw(st.permutations([draw(unlike(item)) for item in raw]))
    return draw(st.just(raw) | st.integers(0, 3))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Sides, DiffAnswer, list[str]]:
    """Draw a resource with secrets that somebody was at, and any word of its provider."""
    recorded = draw(SECRETIVE_PROPERTIES)
    inputs = draw(st.just(recorded) | SECRETIVE_PROPERTIES)
    wanted = draw(st.just(inputs) | SECRETIVE_PROPERTIES)
    live = draw(unlike({**recorded, **inputs, **wanted}))
    names = sorted({*recorded, *inputs, *wanted, *live})
    some = st.lists(st.sampled_from(names), max_size=3) if names else st.just([])
    answer = DiffAnswer(
        draw(st.sampled_from(Said)),
        tuple(draw(some)),
        tuple(draw(some)),
        dict.fromkeys(draw(some), True),
    )
    live_inputs: Mapping[str, Any] = draw(st.sampled_from([{}, live]))
    return Sides(live, live_inputs, recorded, inputs, wanted), answer, draw(some)


@given(cases())
def test_no_verdict_tells_a_secret(case: tuple[Sides, DiffAnswer, list[str]]) -> None:
    sides, answer, ignored = case
    verdict = judge(sides, answer, ignored=ignored, digester=MASKER)
    assert "CANARY" not in repr(verdict)


_TOLD_OF_AN_EMPTY_LIST: Final = (
    Sides({"f": []}, {}, {"f": []}, {"f": []}, {"a": None}),
    DiffAnswer(Said.DIFFERENT, (), (), {"f": True}),
    list[str](),
)


@given(cases())
@example(_TOLD_OF_AN_EMPTY_LIST)
def test_the_providers_word_decides(case: tuple[Sides, DiffAnswer, list[str]]) -> None:
    sides, answer, ignored = case
    verdict = judge(sides, answer, ignored=ignored, digester=MASKER)
    if answer.verdict is Said.SAME:
        assert not isinstance(verdict, Drifted)
    if answer.verdict is Said.DIFFERENT and not ignored:
        assert isinstance(verdict, Drifted)
    if isinstance(verdict, Drifted):
        told = [change.path for change in (*verdict.changes, *verdict.consequences)]
        assert len(told) == len(set(told))
        assert verdict.changes or verdict.reason


@given(PROPERTIES, PROPERTIES)
def test_ignoring_everything_leaves_noise_at_most(
    recorded: Mapping[str, Any], live: Mapping[str, Any]
) -> None:
    sides = Sides(live, {}, recorded, recorded, recorded)
    verdict = judge(sides, UNKNOWN, ignored=["*"], digester=MASKER)
    assert isinstance(verdict, InSync | Noise)


def test_a_value_that_becomes_secret_in_code_is_masked_before_it_is_applied() -> None:
    new = {"value": secret("pin4"), "tags": {"team": "core", "key": secret("qzvelvetotter")}}
    verdict = judged(differs("value", "tags"), wanted=new)
    assert isinstance(verdict, Drifted)
    assert {change.sensitive for change in verdict.changes} == {True}
    assert "pin4" not in repr(verdict)
    assert "qzvelvetotter" not in repr(verdict)
    same = judged(differs("value"), wanted={"value": secret("v")})
    assert "'v'" not in repr(same)
