"""Property values on their way: checkpoint, wire, and what people read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from google.protobuf import struct_pb2
from hypothesis import given

from iac_adapters.pulumi.values import (
    ARCHIVE,
    ASSET,
    OUTPUT,
    REFERENCE,
    SECRET,
    SIGNATURE,
    UndecipheredError,
    deciphered,
    from_struct,
    is_secret,
    plain,
    revealed,
    secret_paths,
    to_struct,
    visible,
)
from reconciler.domain.values import UNKNOWN
from tests.unit.pulumi.raw import PROPERTIES, SECRETIVE, SECRETIVE_PROPERTIES, VALUES, secret

UNKNOWN_TEXT = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def tagged(tag: str, **fields: Any) -> dict[str, Any]:
    return {SIGNATURE: tag, **fields}


def sent(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties as they come out at the other end of the wire."""
    struct = struct_pb2.Struct()
    to_struct(properties, struct)
    return from_struct(struct_pb2.Struct.FromString(struct.SerializeToString()))


@given(PROPERTIES)
def test_what_is_sent_arrives(properties: Mapping[str, Any]) -> None:
    assert sent(properties) == properties


@given(SECRETIVE_PROPERTIES)
def test_secrets_are_sent_in_clear_and_without_their_tag(properties: Mapping[str, Any]) -> None:
    assert sent(properties) == revealed(dict(properties))


def test_a_truth_is_sent_as_no_number_and_an_empty_list_as_a_list() -> None:
    arrived = sent({"on": True, "one": 1, "none": [], "nothing": {}, "null": None})
    assert arrived == {"on": True, "one": 1.0, "none": [], "nothing": {}, "null": None}
    assert (type(arrived["on"]), type(arrived["one"])) == (bool, float)


def test_assets_and_references_are_sent_with_their_tag() -> None:
    asset = tagged(ASSET, hash="abc", text="hello")
    assert sent({"code": asset}) == {"code": asset}


@given(VALUES)
def test_values_without_tags_read_as_they_are(raw: Any) -> None:
    assert plain(raw) == raw
    assert list(secret_paths(raw)) == []


@given(SECRETIVE)
def test_every_secret_is_found_where_it_stands_and_nothing_else_is(raw: Any) -> None:
    paths = list(secret_paths(raw))
    for path in paths:
        found = raw
        for step in path:
            found = found[step]
        assert is_secret(found)
    texts = orjson.dumps(raw).decode()
    assert texts.count(SECRET) == len(paths)
    assert list(secret_paths(revealed(raw))) == []
    assert plain(raw) == plain(revealed(raw))


@given(SECRETIVE)
def test_deciphering_keeps_tags_and_puts_clear_text_inside(raw: Any) -> None:
    assert deciphered(enciphered(raw), lambda text: text.removeprefix("sealed ")) == raw


def enciphered(raw: Any) -> Any:
    """Write `raw` as the engine does, by a cipher that anybody can read."""
    if is_secret(raw):
        return tagged(SECRET, ciphertext=f"sealed {orjson.dumps(raw['value']).decode()}")
    if isinstance(raw, dict):
        return {key: enciphered(item) for key, item in raw.items()}
    if isinstance(raw, list):
        return [enciphered(item) for item in raw]
    return raw


@pytest.mark.parametrize(
    ("raw", "read", "reason"),
    [
        (30.0, 30, "the wire knows doubles only"),
        (0.5, 0.5, "a fraction stays one"),
        (True, True, "a truth is no number"),
        (UNKNOWN_TEXT, UNKNOWN, "the engine's word for unknown"),
        ([UNKNOWN_TEXT, "a"], [UNKNOWN, "a"], "inside a list as well"),
        (secret({"a": secret("b")}), {"a": "b"}, "secrets are unwrapped at any depth"),
        (tagged(OUTPUT, value="v", secret=True), "v", "a known output is its value"),
        (tagged(OUTPUT, secret=True), UNKNOWN, "an output without a value is unknown"),
        (tagged(ASSET, hash="abc", path="/x"), {"hash": "abc"}, "an asset is its content"),
        (tagged(ARCHIVE, hash="abc", assets={}), {"hash": "abc"}, "an archive likewise"),
        (tagged(REFERENCE, urn="urn:x", id="i-1"), "i-1", "a resource is named by its id"),
        (tagged(REFERENCE, urn="urn:x", id=""), "urn:x", "or by its URN, where it has none"),
    ],
)
def test_tags_read_as_people_would(raw: Any, read: Any, reason: str) -> None:
    assert plain(raw) == read, reason
    assert type(plain(raw)) is type(read), reason


def test_a_secret_nobody_deciphered_is_an_error_and_no_value() -> None:
    sealed = tagged(SECRET, ciphertext="v1:x:y")
    for read in (plain, revealed):
        with pytest.raises(UndecipheredError):
            read({"a": [sealed]})


def test_an_export_with_secrets_in_clear_needs_no_cipher() -> None:
    def never(_ciphertext: str) -> str:
        raise AssertionError

    raw = {"a": tagged(SECRET, plaintext='{"b":[1,"c"]}')}
    assert deciphered(raw, never) == {"a": secret({"b": [1, "c"]})}


@pytest.mark.parametrize(
    ("raw", "paths", "reason"),
    [
        ({"a": secret({"b": secret("c")})}, [("a",)], "the outermost counts"),
        ({"a": [1, secret(2)]}, [("a", 1)], "an element of a list"),
        ({"a": tagged(OUTPUT, secret=True)}, [("a",)], "a secret output"),
        ({"a": tagged(OUTPUT, value=1)}, [], "an output that is none"),
        ({"a": tagged(OUTPUT, value=[secret(1)])}, [("a", 0)], "where people read it"),
    ],
)
def test_where_secrets_stand(raw: Any, paths: list[Any], reason: str) -> None:
    assert list(secret_paths(raw)) == paths, reason


def test_what_bridges_keep_for_themselves_is_not_shown() -> None:
    properties = {"name": "n", "__meta": "{}", "__pulumi_raw_state_delta": {}, "_own": 1}
    assert visible(properties) == {"name": "n", "_own": 1}
