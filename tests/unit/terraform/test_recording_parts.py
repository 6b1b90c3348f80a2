"""The recorder's pure parts: schema filter, content, join, cache, freshness, revision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgpack
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.plugin_host.file_identity import FileIdentity
from iac_adapters.revision import Revision
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.loaded import ProviderKey
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.answers import filter_schema
from iac_adapters.terraform.recorder.cache import RecordingCache
from iac_adapters.terraform.recorder.capture import (
    ConnectionCapture,
    DataRead,
    PlanCall,
    UpgradeCall,
    ValidateCall,
)
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.recorder.freshness import data_sources_unchanged
from iac_adapters.terraform.recorder.join import join
from iac_adapters.terraform.recorder.planned import PlannedChange, planned_changes
from iac_adapters.terraform.recorder.recording import (
    RecordedConnection,
    RecordedInstance,
    Recording,
)
from iac_adapters.terraform.recorder.twins import indistinct, told_apart
from iac_adapters.terraform.state import ProviderReference, StateInstance, parse_state
from reconciler.domain.errors import RetryableError
from tests.providers.world_schema import schema_answer
from tests.unit.terraform.schemas import LAWS

SOURCE = "registry.terraform.io/trueup/world"
KEY = bytes(32)


def packed(value: object) -> bytes:
    return bytes(msgpack.packb(value))


# Schema filter


def test_filtering_keeps_the_named_types_and_everything_else() -> None:
    whole = message("GetSchemaResponse").FromString(schema_answer())
    whole.resource_schemas["world_other"] = b"x"
    whole.functions["f"] = b"y"
    whole.provider_meta = b"z"
    left = message("GetSchemaResponse").FromString(
        filter_schema(whole.SerializeToString(), types={"world_thing"})
    )
    assert set(left.resource_schemas) == {"world_thing"}
    assert left.resource_schemas["world_thing"] == whole.resource_schemas["world_thing"]
    assert not left.data_source_schemas
    for name in ("provider", "provider_meta", "functions", "server_capabilities"):
        assert getattr(left, name) == getattr(whole, name)


def test_without_types_the_schema_stays_as_it_is() -> None:
    assert filter_schema(schema_answer(), types=None) == schema_answer()


# Content

WIRE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@LAWS
@given(st.dictionaries(st.text(max_size=3), WIRE, max_size=4))
def test_the_order_of_attributes_does_not_count(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    assert content_of(packed(value)) == content_of(packed(turned))


@LAWS
@given(WIRE, WIRE)
def test_different_values_have_different_content(one: Any, other: Any) -> None:
    alike = _sorted(one) == _sorted(other)
    assert (content_of(packed(one)) == content_of(packed(other))) == alike


def _sorted(value: Any) -> str:
    if isinstance(value, dict):
        return "object" + repr(sorted((key, _sorted(item)) for key, item in value.items()))
    if isinstance(value, list):
        return repr(sorted(map(_sorted, value)))
    return repr(value)


def test_hands_differ_in_numbers_and_in_types_of_dynamic_values() -> None:
    ours = packed({"n": 3.0, "any": [b'["object", {"a": "string"}]', {"a": "x"}]})
    cores = packed({"any": [b'["object",{"a":"string"}]', {"a": "x"}], "n": 3})
    assert content_of(ours) == content_of(cores)
    assert content_of(packed({"n": "3"})) != content_of(packed({"n": 3}))


@pytest.mark.parametrize(
    ("answered", "handed_back"),
    [(0.1, "0.1"), (1e-7, "0.0000001"), (-2.5e30, "-2500000000000000000000000000000"), (5.0, 5)],
)
def test_core_hands_a_float_back_as_the_decimal_number_that_the_state_holds(
    answered: float, handed_back: str | int
) -> None:
    assert content_of(packed({"n": answered})) == content_of(packed({"n": handed_back}))


# Join


def state_of(*resources: Mapping[str, Any]) -> tuple[StateInstance, ...]:
    document = {"version": 4, "serial": 1, "lineage": "l", "resources": list(resources)}
    return tuple(parse_state(orjson.dumps(document), origin="test").instances)


def thing(name: str, /, *, alias: str = "", deposed: str = "", **attributes: Any) -> dict[str, Any]:
    provider = f'provider["{SOURCE}"]' + (f".{alias}" if alias else "")
    instance: dict[str, Any] = {"schema_version": 1, "attributes": attributes}
    if deposed:
        instance["deposed"] = deposed
    return {
        "mode": "managed",
        "type": "world_thing",
        "name": name,
        "provider": provider,
        "instances": [instance],
    }


def connection(
    index: int, *calls: tuple[Mapping[str, Any], object], configure: bytes = b""
) -> ConnectionCapture:
    """One connection on which each state was upgraded, and planned with a configuration."""
    capture = ConnectionCapture(SOURCE, index, configure or f"c{index}".encode(), configured=True)
    for state, config in calls:
        upgraded = packed(dict(state))
        capture.upgrades.append(UpgradeCall("world_thing", orjson.dumps(dict(state)), (), upgraded))
        reordered = packed(dict(sorted(state.items(), reverse=True)))
        capture.plans.append(PlanCall("world_thing", reordered, packed(config), b""))
        capture.validations.append(ValidateCall("world_thing", packed(config)))
    return capture


def configs(recording: Recording) -> dict[str, tuple[int, object]]:
    return {
        address: (one.connection, None if one.config is None else msgpack.unpackb(one.config))
        for address, one in recording.instances.items()
    }


def test_each_alias_gets_its_own_even_where_one_object_looks_like_another() -> None:
    same = {"id": "s", "name": "same"}
    instances = state_of(
        thing("here", **same),
        thing("there", alias="there", **same),
        thing("only_there", alias="there", id="o", name="only"),
    )
    captures = [
        connection(0, (same, "here")),
        connection(1, ({"id": "o", "name": "only"}, "only"), (same, "there")),
    ]
    recording = join(captures, instances)
    assert configs(recording) == {
        "world_thing.here": (0, "here"),
        "world_thing.there": (1, "there"),
        "world_thing.only_there": (1, "only"),
    }


def test_nothing_is_guessed_where_nothing_tells_two_aliases_apart() -> None:
    same = {"id": "s", "name": "same"}
    instances = state_of(thing("here", **same), thing("there", alias="there", **same))
    captures = [connection(0, (same, "here")), connection(1, (same, "there"))]
    assert join(captures, instances).instances == {}
    addresses = indistinct(captures, instances)
    assert addresses == ("world_thing.here", "world_thing.there")
    told_apart(captures, [connection(0, (same, "there"), configure=b"c1")], instances[1])
    assert configs(join(captures, instances)) == {
        "world_thing.here": (0, "here"),
        "world_thing.there": (1, "there"),
    }


def test_twins_are_told_apart_by_their_own_plans() -> None:
    same = {"id": "s", "name": "same"}
    instances = state_of(thing("first", **same), thing("second", **same))
    captures = [connection(0, (same, "b"), (same, "a"))]
    unknown = join(captures, instances)
    assert {config for _, config in configs(unknown).values()} == {None}
    for instance, config in zip(instances, ("a", "b"), strict=True):
        targeted = connection(0, (same, config), configure=b"c0")
        told_apart(captures, [targeted], instance)
    assert configs(join(captures, instances)) == {
        "world_thing.first": (0, "a"),
        "world_thing.second": (0, "b"),
    }


def test_twins_that_are_configured_alike_need_no_further_plan() -> None:
    same = {"id": "s", "name": "same"}
    instances = state_of(thing("first", **same), thing("second", **same))
    captures = [connection(0, (same, "a"), (same, "a"))]
    assert indistinct(captures, instances) == ()
    assert {c for _, c in configs(join(captures, instances)).values()} == {"a"}


def test_what_has_no_id_is_never_joined_by_it() -> None:
    instances = state_of(thing("one", name="one", lost="x"), thing("two", name="two", lost="x"))
    captures = [connection(0, ({"name": "two"}, "2"), ({"name": "one"}, "1"))]
    recording = join(captures, instances)
    assert recording.instances == {}


def test_only_what_no_call_can_be_about_was_not_asked_about() -> None:
    instances = state_of(
        thing("seen", id="s", name="seen"),
        thing("away", id="a", name="away"),
        thing("bare", name="bare", lost="x"),
    )
    seen = ({"id": "s", "name": "seen"}, "seen")
    alone = join([connection(0, seen)], instances)
    assert alone.unasked == {"world_thing.away", "world_thing.bare"}
    # Somebody's content changed on its way, and it has no id: it may be that of either.
    beside = join([connection(0, seen, ({"name": "bare"}, "bare"))], instances)
    assert beside.unasked == frozenset()


def test_twins_that_nothing_tells_apart_were_asked_about() -> None:
    same = {"id": "s", "name": "same"}
    instances = state_of(thing("here", **same), thing("there", alias="there", **same))
    captures = [connection(0, (same, "here")), connection(1, (same, "there"))]
    assert join(captures, instances).unasked == frozenset()


def test_the_deletion_of_a_deposed_object_is_not_its_successors() -> None:
    old, new = {"id": "old", "name": "x"}, {"id": "new", "name": "x"}
    resource = thing("one", **new)
    resource["instances"] += thing("one", deposed="0badcafe", **old)["instances"]
    instances = state_of(resource)
    deletion = PlannedChange("world_thing.one", "delete")
    captures = [connection(0, (new, "c"), (old, None))]
    assert join(captures, instances, planned=[deletion]).actions == {}
    both = join(captures, instances, planned=[deletion, deletion])
    assert both.actions == {"world_thing.one": "delete"}
    update = PlannedChange("world_thing.one", "update")
    for planned in ([deletion, update], [update, deletion]):
        assert join(captures, instances, planned=planned).actions == {"world_thing.one": "update"}


def test_a_moved_object_is_found_by_the_address_it_still_has() -> None:
    old, new = {"id": "old", "name": "x"}, {"id": "new", "name": "x"}
    resource = thing("one", **new)
    resource["instances"] += thing("one", deposed="0badcafe", **old)["instances"]
    events: list[dict[str, Any]] = [
        {"type": "version", "change": {}},
        planned_change("world_thing.two", "delete", previous="world_thing.one"),
        planned_change("world_thing.two", "update", previous="world_thing.one"),
        planned_change("world_thing.same", "replace", previous="world_thing.same"),
    ]
    recording = join([], state_of(resource), planned=planned_changes(events))
    assert recording.moved == {"world_thing.one": "world_thing.two"}
    assert recording.action("world_thing.one") == "update"
    assert recording.action("world_thing.same") == "replace"
    assert recording.action("world_thing.other") is None


def planned_change(address: str, action: str, *, previous: str) -> dict[str, Any]:
    change = {"resource": {"addr": address}, "action": action}
    return {"type": "planned_change", "change": {**change, "previous_resource": {"addr": previous}}}


# Cache

RECORDINGS = st.builds(
    Recording,
    connections=st.lists(st.builds(RecordedConnection, st.text(), st.binary())).map(tuple),
    instances=st.dictionaries(
        st.text(),
        st.builds(
            RecordedInstance,
            address=st.text(),
            type_name=st.text(),
            connection=st.integers(0, 9),
            upgraded=st.binary(),
            config=st.none() | st.binary(),
            validated=st.lists(st.binary()).map(tuple),
            provider_meta=st.binary(),
        ),
        max_size=3,
    ),
    data_reads=st.lists(
        st.tuples(st.integers(0, 9), st.builds(DataRead, st.binary(), st.binary()))
    ).map(tuple),
    actions=st.dictionaries(st.text(), st.text()),
    moved=st.dictionaries(st.text(), st.text()),
)


@LAWS
@given(RECORDINGS)
def test_a_recording_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, recording: Recording
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    RecordingCache(folder, key=KEY).store("d", recording)
    assert RecordingCache(folder, key=KEY).load("d") == recording
    assert RecordingCache(folder, key=bytes(31) + b"x").load("d") is None
    (file,) = folder.iterdir()
    file.rename(folder / "other.recording")
    assert RecordingCache(folder, key=KEY).load("other") is None


@LAWS
@given(st.binary(max_size=100))
def test_any_broken_file_is_a_miss(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("cache")
    (folder / "d.recording").write_bytes(content)
    assert RecordingCache(folder, key=KEY).load("d") is None


# Revision

INPUTS = st.lists(st.tuples(st.text(max_size=4), st.binary(max_size=4)), max_size=4)


def digest(inputs: Sequence[tuple[str, bytes]], key: bytes = KEY) -> str:
    revision = Revision(key)
    for label, content in inputs:
        revision.add(label, content)
    return revision.hexdigest()


@LAWS
@given(INPUTS, INPUTS)
def test_equal_inputs_and_no_others_have_equal_digests(
    one: list[tuple[str, bytes]], other: list[tuple[str, bytes]]
) -> None:
    assert (digest(one) == digest(other)) == (one == other)
    assert digest(one) != digest(one, key=b"another")


VOLATILE = ["_", "PWD", "SHLVL", "COLUMNS", "PYTEST_CURRENT_TEST", "SSH_CLIENT"]


@LAWS
@given(
    st.dictionaries(st.sampled_from(["AWS_PROFILE", "TF_VAR_x", "HOME"]), st.text(max_size=3)),
    st.dictionaries(st.sampled_from(VOLATILE), st.text(max_size=3)),
)
def test_only_what_a_tool_may_read_of_the_environment_counts(
    kept: dict[str, str], volatile: dict[str, str]
) -> None:
    assert _environment({**kept, **volatile}) == _environment(kept)
    assert _environment({**kept, "TF_VAR_new": "1"}) != _environment(kept)
    for name, value in kept.items():
        assert _environment({**kept, name: value + "x"}) != _environment(kept)


def _environment(environment: Mapping[str, str]) -> str:
    revision = Revision(KEY)
    revision.add_environment(environment)
    return revision.hexdigest()


# Freshness


class _Keys:
    def __init__(self, *known: int) -> None:
        self._known = known

    def of(self, connection: int) -> ProviderKey | None:
        if connection not in self._known:
            return None
        installed = InstalledProvider(SOURCE, "1", Path("x"), FileIdentity(1, 1, 1, 1, 1))
        return ProviderKey(str(connection), installed, b"", {}, Path("/"))


class _Answers:
    """Providers that answer each request with the state given for it, or fail."""

    def __init__(self, answers: Mapping[bytes, bytes | Exception]) -> None:
        self._answers = answers

    async def get(self, key: ProviderKey) -> Provider:
        assert key.digest == "0"
        return self  # type: ignore[return-value]

    async def read_data(self, request: bytes, *, timeout_s: float) -> bytes:
        assert timeout_s > 0
        answer = self._answers[request]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.mark.parametrize(
    ("connection", "answer", "fresh"),
    [
        (0, b"then", True),
        (0, b"now", False),
        (0, RetryableError("AccessDenied"), False),
        (1, b"then", False),
    ],
)
async def test_a_recording_is_fresh_when_all_its_data_sources_say_the_same(
    connection: int, answer: bytes | Exception, *, fresh: bool
) -> None:
    one, two = (message("ReadDataRequest")(type_name=name).SerializeToString() for name in "ab")
    reads = ((0, DataRead(one, b"same")), (connection, DataRead(two, b"then")))
    recording = Recording((), {}, reads, {})
    answers = _Answers({one: b"same", two: answer})
    whole = {name: frozenset({()}) for name in "ab"}
    assert await data_sources_unchanged(recording, _Keys(0), answers, whole) is fresh


def test_references_are_read_from_the_state() -> None:
    (one,) = state_of(thing("one", alias="there", id="x"))
    assert one.provider == ProviderReference(SOURCE, "there", "")
