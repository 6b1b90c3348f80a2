"""Which values of a template or a report are kept as digests."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.sent_values import without_named_secrets

HIDDEN = object()


def shape(value: Any) -> Any:
    """Write a digest as HIDDEN."""
    if isinstance(value, dict):
        if value.keys() == {"digest"}:
            return HIDDEN
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"password": "x", "name": "db"}, {"password": HIDDEN, "name": "db"}),
        ({"db": {"apiKey": 123456}}, {"db": {"apiKey": HIDDEN}}),
        ({"tokens": ["a", "b"]}, {"tokens": [HIDDEN, HIDDEN]}),
        ({"secrets": {"db": "x"}}, {"secrets": {"db": HIDDEN}}),
        ({"password": "${var.password}"}, {"password": "${var.password}"}),
        ({"password": "x ${var.y}"}, {"password": HIDDEN}),
        ({"PasswordAuthentication": "no", "password": None, "token": True},) * 2,
        ({"password": {"digest": "abc"}},) * 2,
        ({"env": [{"name": "DB_PASSWORD", "value": "x"}, {"name": "A", "value": "y"}]},
         {"env": [{"name": "DB_PASSWORD", "value": HIDDEN}, {"name": "A", "value": "y"}]}),
        ({"aws_secretsmanager_secret": {"db": {"name": "db", "secret_string": "x"}}},
         {"aws_secretsmanager_secret": {"db": {"name": "db", "secret_string": HIDDEN}}}),
        ({"password_version": 3, "secret_arn": "arn:x"},) * 2,
    ],
)  # fmt: skip
def test_values_under_a_telling_name_are_digests(sent: Any, kept: Any) -> None:
    found = without_named_secrets(sent, key=b"k")
    expected = {"password": HIDDEN} if sent == {"password": {"digest": "abc"}} else kept
    assert shape(found) == expected
    assert without_named_secrets(found, key=b"k") == found


def test_digests_tell_values_apart() -> None:
    one, other = (without_named_secrets({"token": text}, key=b"k") for text in ("a", "b"))
    assert one != other
    assert one == without_named_secrets({"token": "a"}, key=b"k")
    assert one != without_named_secrets({"token": "a"}, key=b"j")
