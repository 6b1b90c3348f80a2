"""What of a data source's answer the code refers to."""

from __future__ import annotations

import msgpack
import pytest

from iac_adapters.terraform.data_uses import data_uses, joined, same_where_used

SERVER = 'data.http.a.response_headers["Server"]'
BEFORE = {
    "status_code": 200,
    "response_headers": {"Date": "Monday", "Server": "one"},
    "list": [{"name": "a", "age": 1}],
    "map": None,
}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("x = data.http.a.status_code", {("status_code",)}),
        ("x = data.http.a.status_code == 200 ? 1 : 2", {("status_code",)}),
        ('x = "${data.http.a["k"].status_code}"', {("status_code",)}),
        ("x = data.http.a[*].status_code", {("status_code",)}),
        ("x = data.http.a.*.status_code", {("status_code",)}),
        ("x = data.http.a[local.m[each.key]].list[0].name", {("list", 0, "name")}),
        ('x = data.http.a.response_headers["Server"]', {("response_headers", "Server")}),
        (
            '{"x": "${data.http.a.response_headers[\\"Server\\"]}"}',
            {("response_headers", "Server")},
        ),
        ('x = data.http.a.map["${each.key}"].b', {("map",)}),
        ("x = data.http.a", {()}),
        ("for_each = data.http.a", {()}),
        ("x = [for d in data.http.a : d.status_code]", {()}),
        ("x = data.http.a[0]", {()}),
        ("x = jsondecode(data.http.a.body).version", {("body",)}),
    ],
)
def test_places_that_the_code_refers_to(text: str, places: set[tuple[str | int, ...]]) -> None:
    assert data_uses(text) == {"http": places}


def test_self_counts_for_every_type() -> None:
    assert data_uses("condition = self.status_code == 200") == {"": {("status_code",)}}


@pytest.mark.parametrize(
    ("text", "after", "same"),
    [
        ("data.http.a.status_code", {"status_code": 200}, True),
        ("data.http.a.status_code", {"status_code": 500}, False),
        ("self.status_code", {"status_code": 500}, False),
        ("data.tls.a.status_code", {"status_code": 500}, True),
        ("data.http.a", {"list": []}, False),
        (SERVER, {"response_headers": {"Date": "Tuesday", "Server": "one"}}, True),
        (SERVER, {"response_headers": {"Date": "Monday"}}, False),
        ("data.http.a.list[0].name", {"list": [{"name": "a", "age": 2}]}, True),
        ("data.http.a.list[0].name", {"list": []}, False),
        ("data.http.a.map.b", {"map": {"b": 1}}, False),
        ("data.http.a.list.name", {"list": [{"name": "a", "age": 2}]}, False),
    ],
)  # fmt: skip
def test_only_what_is_used_counts(text: str, after: dict[str, object], *, same: bool) -> None:
    packed = [msgpack.packb(one) for one in (BEFORE, {**BEFORE, **after})]
    assert same_where_used(joined([data_uses(text)]), "http", *packed) is same
