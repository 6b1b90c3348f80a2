"""Checkpoints and exports: whole, old, new and damaged."""

from __future__ import annotations

import gzip
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iac_adapters.pulumi.checkpoint import Checkpoint, parse_checkpoint
from reconciler.domain.errors import PermanentError
from tests.unit.pulumi.recorded import CHECKPOINT, EXPORT

ORIGIN = "file:///state/.pulumi/stacks/shop/dev.json"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def essence(checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        one.urn: (one.type, one.id, sorted(one.inputs), sorted(one.outputs), one.ignore_changes)
        for one in checkpoint.resources
    }


def document(**fields: Any) -> bytes:
    return orjson.dumps({"version": 3, **fields})


def checkpoint(**latest: Any) -> bytes:
    return document(checkpoint={"stack": "organization/shop/dev", "latest": latest})


def resource(**fields: Any) -> dict[str, Any]:
    return {"urn": "urn:pulumi:dev::shop::x:index:Y::y", "type": "x:index:Y", **fields}


@pytest.mark.parametrize("content", [CHECKPOINT, EXPORT, gzip.compress(CHECKPOINT, mtime=0)])
def test_what_a_real_cli_wrote_is_read_in_each_of_its_forms(content: bytes) -> None:
    found = parse_checkpoint(content, origin=ORIGIN)
    by_name = {one.name: one for one in found.resources}
    assert sorted(by_name) == ["default", "kept", "lax", "things-dev"]
    assert essence(found) == essence(parse_checkpoint(CHECKPOINT, origin=ORIGIN))
    assert found.secrets_manager == "passphrase"
    assert found.secrets_state["salt"].startswith("v1:")
    assert found.pending == ()
    assert (by_name["kept"].id, by_name["kept"].custom) == ("kept-1", True)
    assert by_name["kept"].outputs["rules"] == [
        {"cidr": "10.0.0.0/8", "port": 443},
        {"cidr": "10.1.0.0/16", "port": 80},
    ]
    assert by_name["lax"].ignore_changes == ("value",)
    assert by_name["kept"].provider == f"{by_name['default'].urn}::{by_name['default'].id}"
    assert [one.name for one in found.resources if one.is_provider] == ["default"]
    assert not by_name["things-dev"].custom


def test_a_resource_says_no_more_than_it_must() -> None:
    (found,) = parse_checkpoint(checkpoint(resources=[resource()]), origin=ORIGIN).resources
    assert (found.id, found.inputs, found.outputs, found.parent) == ("", {}, {}, "")
    assert (found.custom, found.external, found.is_provider) == (False, False, False)
    assert (found.ignore_changes, found.secret_outputs) == ((), ())


def test_operations_that_never_ended_are_kept() -> None:
    pending = [{"type": "creating", "resource": resource(inputs={"a": 1})}]
    (found,) = parse_checkpoint(checkpoint(pending_operations=pending), origin=ORIGIN).pending
    assert (found.kind, found.resource.name, found.resource.inputs) == ("creating", "y", {"a": 1})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (checkpoint(), "a stack that was made and never updated"),
        (checkpoint(resources=None), "likewise, as older releases wrote it"),
        (document(checkpoint={"stack": "dev"}), "without any deployment"),
        (document(checkpoint={"stack": "dev", "latest": None}), "likewise"),
        (document(deployment=None), "an export of such a stack"),
        (document(), "nothing at all"),
    ],
)
def test_a_stack_without_resources_is_empty_and_no_error(content: bytes, reason: str) -> None:
    assert parse_checkpoint(content, origin=ORIGIN).resources == (), reason


@pytest.mark.parametrize("version", [3, 4])
def test_known_features_and_versions_are_read(version: int) -> None:
    content = orjson.dumps({"version": version, "features": ["views", "taint"], "deployment": {}})
    assert parse_checkpoint(content, origin=ORIGIN) == Checkpoint()


@pytest.mark.parametrize(
    ("content", "words", "remedy"),
    [
        (b"", "cut short or damaged", "backups"),
        (CHECKPOINT[:900], "cut short or damaged", "backups"),
        (gzip.compress(CHECKPOINT, mtime=0)[:900], "cut short or damaged", "backups"),
        (b"[]", "not a Pulumi state", "address"),
        (b"null", "not a Pulumi state", "address"),
        (orjson.dumps({"version": 5}), "version 5 of a Pulumi state", "update trueup"),
        (orjson.dumps({"version": 2}), "version 2 of a Pulumi state", "pulumi up"),
        (orjson.dumps({"version": "3"}), "version '3' of a Pulumi state", "pulumi up"),
        (orjson.dumps({}), "version None of a Pulumi state", "pulumi up"),
        (document(features=["views", "tachyons"]), "it needs tachyons", "update trueup"),
        (document(features=["b", "a"]), "it needs a, b", "update trueup"),
        (checkpoint(resources=[{"urn": "urn:x"}]), "damaged: a resource without 'type'", "import"),
        (checkpoint(resources=["x"]), "damaged", "import"),
        (checkpoint(pending_operations=[{"type": "creating"}]), "damaged", "import"),
        (document(checkpoint={"latest": []}), "damaged", "import"),
        (checkpoint(resources=7), "damaged", "import"),
        (checkpoint(secrets_providers=[1]), "damaged", "import"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(content: bytes, words: str, remedy: str) -> None:
    with pytest.raises(PermanentError, match=words) as told:
        parse_checkpoint(content, origin=ORIGIN)
    assert ORIGIN in str(told.value)
    assert remedy in str(told.value.remedy)


def test_a_packed_checkpoint_with_a_damaged_middle_is_refused() -> None:
    packed = bytearray(gzip.compress(CHECKPOINT, mtime=0))
    packed[200:210] = bytes(10)
    with pytest.raises(PermanentError, match="cut short or damaged"):
        parse_checkpoint(bytes(packed), origin=ORIGIN)


@pytest.mark.parametrize(
    "content",
    [
        document(features=7),
        document(features=[{}]),
        checkpoint(resources=[resource(inputs="abc")]),
    ],
)
def test_a_wrong_type_is_refused(content: bytes) -> None:
    with pytest.raises(PermanentError):
        parse_checkpoint(content, origin=ORIGIN)


@given(st.binary(max_size=40))
def test_bytes_that_are_no_checkpoint_are_refused(content: bytes) -> None:
    with suppress(PermanentError):
        assert parse_checkpoint(content, origin=ORIGIN).resources == ()


@example(outer={"features": 7}, latest={}, inner={})
@given(
    st.dictionaries(st.sampled_from(["deployment", "checkpoint", "features"]), JSON, max_size=3),
    st.dictionaries(
        st.sampled_from(["resources", "pending_operations", "secrets_providers"]), JSON
    ),
    st.dictionaries(st.sampled_from(["inputs", "outputs", "id", "custom", "urn"]), JSON),
)
def test_json_that_is_no_checkpoint_is_read_or_refused(
    outer: dict[str, Any], latest: dict[str, Any], inner: dict[str, Any]
) -> None:
    for content in (
        document(**outer),
        checkpoint(**latest),
        checkpoint(resources=[{**resource(), **inner}]),
    ):
        with suppress(PermanentError):
            parse_checkpoint(content, origin=ORIGIN)


def test_when_it_was_written_is_told_in_whole_seconds() -> None:
    written = int(datetime(2026, 11, 25, 17, 53, 58, tzinfo=UTC).timestamp())
    for content in (CHECKPOINT, EXPORT):
        assert parse_checkpoint(content, origin=ORIGIN).written_s == written
    for time in ("0001-01-01T00:00:00Z", "soon", None, 7):
        content = checkpoint(manifest={"time": time}, resources=[])
        assert parse_checkpoint(content, origin=ORIGIN).written_s is None
    assert parse_checkpoint(checkpoint(resources=[]), origin=ORIGIN).written_s is None
