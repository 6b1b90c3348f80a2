"""Which places are secret: wherever any side says so, and no text of them is told elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given

from iac_adapters.pulumi.redaction import secrets_of
from iac_adapters.pulumi.values import plain, revealed, visible
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.paths import Steps
from tests.unit.pulumi.raw import PROPERTIES, SECRETIVE_PROPERTIES, secret

MASKER = SecretDigester(b"k" * 32)


@given(SECRETIVE_PROPERTIES, PROPERTIES)
def test_no_secret_text_is_left_on_either_side(
    marked: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    values = [visible(marked), visible(revealed(dict(marked))), visible(other)]
    secrets = secrets_of([other, marked]).with_words_of(values)
    for value in values:
        redacted, flag = secrets.redacted(value, (), MASKER)
        assert "CANARY" not in repr(redacted)
        assert flag or redacted == value


@given(PROPERTIES)
def test_without_a_mark_nothing_is_hidden(properties: Mapping[str, Any]) -> None:
    secrets = secrets_of([properties])
    value = plain(dict(properties))
    assert secrets.redacted(value, (), MASKER) == (value, False)


@pytest.mark.parametrize(
    ("marked", "outputs", "place", "boundary", "reason"),
    [
        ({"a": secret("x")}, (), ("a",), ("a",), "the place itself"),
        ({"a": secret({"k": 1})}, (), ("a", "k"), ("a",), "all of what is below"),
        ({"a": {"k": secret(1)}}, (), ("a",), None, "nothing around it"),
        ({"a": {"k": secret(1)}}, (), ("a", "l"), None, "nothing beside it"),
        ({"a": [0, secret(1)]}, (), ("a", 0), ("a", 0), "elements change places"),
        ({"a": [{"k": secret(1)}]}, (), ("a", 7, "k"), ("a", 7, "k"), "inside elements as well"),
        ({"a": [{"k": secret(1)}]}, (), ("a", 7, "l"), None, "and only there"),
        ({}, ("token",), ("token", "value"), ("token",), "outputs named secret"),
        ({}, ("token",), ("tokens",), None, "and no others"),
    ],
)
def test_where_secrecy_begins(
    *,
    marked: Mapping[str, Any],
    outputs: tuple[str, ...],
    place: Steps,
    boundary: Steps | None,
    reason: str,
) -> None:
    assert secrets_of([{}, marked], outputs).boundary(place) == boundary, reason
