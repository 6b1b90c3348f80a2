"""State files of every version, broken ones included."""

from __future__ import annotations

import base64
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.terraform.addresses import (
    Address,
    ModuleStep,
    block_address,
    parse_address,
    render_key,
)
from iac_adapters.terraform.state import ProviderReference, parse_provider, parse_state
from reconciler.domain.errors import PermanentError

_NAMES = st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True)
_KEYS = st.none() | st.integers(0, 10**6) | st.text(max_size=12)
_MODULES = st.lists(st.builds(ModuleStep, _NAMES, _KEYS), max_size=3).map(tuple)
_AWS = 'provider["registry.terraform.io/hashicorp/aws"]'


def _state(*resources: dict[str, Any], **fields: Any) -> bytes:
    document = {"version": 4, "serial": 3, "lineage": "l", "terraform_version": "1.11.4"}
    return orjson.dumps({**document, "resources": list(resources), **fields})


def _resource(*instances: dict[str, Any], **fields: Any) -> dict[str, Any]:
    resource = {"mode": "managed", "type": "aws_x", "name": "y", "provider": _AWS}
    return {**resource, "instances": list(instances), **fields}


@given(
    st.builds(
        Address,
        type=_NAMES,
        name=_NAMES,
        mode=st.sampled_from(["managed", "data", "ephemeral"]),
        module=_MODULES,
        key=_KEYS,
    ).filter(lambda a: a.type not in {"module", "data", "ephemeral"})
)
def test_an_address_reads_back_as_it_was_written(address: Address) -> None:
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("key", "printed"),
    [  # as `terraform state list` of 1.11.4 printed them
        ('x"y', r'["x\"y"]'),
        ("a.b", '["a.b"]'),
        ("é${q}", '["é$${q}"]'),
        ("%{z", '["%%{z"]'),
        ("tab\there", r'["tab\there"]'),
        ("nl\nx", r'["nl\nx"]'),
        ("\x01", r'["\u0001"]'),
        (7, "[7]"),
        (None, ""),
    ],
)
def test_keys_are_printed_as_terraform_prints_them(key: str | int | None, printed: str) -> None:
    assert render_key(key) == printed


def test_a_block_address_has_no_keys() -> None:
    address = 'module.a["x[0]"].module.b[1].data.aws_x.y["q.r"]'
    assert block_address(address) == "module.a.module.b.data.aws_x.y"


@pytest.mark.parametrize("text", ["", "aws_x", "module.a", "a..b", "aws_x.y[", "a.b.c.d", "a.b[]"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a resource address"):
        parse_address(text)


def test_an_instance_carries_everything_the_file_says() -> None:
    data = _state(
        _resource(
            {
                "index_key": "k",
                "status": "tainted",
                "deposed": "abcd1234",
                "schema_version": 2,
                "attributes": {"id": "i"},
                "sensitive_attributes": [
                    [
                        {"type": "get_attr", "value": "tags"},
                        {"type": "index", "value": {"value": "a.b", "type": "string"}},
                    ],
                    [
                        {"type": "get_attr", "value": "list"},
                        {"type": "index", "value": {"value": 1, "type": "number"}},
                    ],
                ],
                "private": base64.b64encode(b"\x00\x01opaque").decode(),
                "dependencies": ["aws_vpc.main"],
                "identity": {"id": "i"},
                "identity_schema_version": 1,
            },
            module="module.net[0]",
            provider=f"module.net.{_AWS}.west",
        )
    )
    state = parse_state(data, origin="x")
    (instance,) = state.instances
    assert (state.serial, state.lineage, state.tool_version) == (3, "l", "1.11.4")
    assert instance.address == 'module.net[0].aws_x.y["k"]'
    assert instance.provider == ProviderReference(
        "registry.terraform.io/hashicorp/aws", "west", "module.net"
    )
    assert instance.tainted
    assert instance.deposed == "abcd1234"
    assert instance.schema_version == 2
    assert instance.sensitive_paths == (("tags", "a.b"), ("list", 1))
    assert instance.private == b"\x00\x01opaque"
    assert instance.dependencies == ("aws_vpc.main",)
    assert instance.attributes_flat is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_AWS, ("registry.terraform.io/hashicorp/aws", None, "")),
        (f"{_AWS}.west", ("registry.terraform.io/hashicorp/aws", "west", "")),
        ("provider.aws.west", ("registry.terraform.io/-/aws", "west", "")),
        (
            "module.a.module.b.provider.aws",
            ("registry.terraform.io/-/aws", None, "module.a.module.b"),
        ),
        (f'{_AWS}.by["eu"]', ("registry.terraform.io/hashicorp/aws", 'by["eu"]', "")),
    ],
)
def test_provider_addresses(text: str, expected: tuple[str, str | None, str]) -> None:
    assert parse_provider(text) == ProviderReference(*expected)


@given(
    st.integers(-(10**40), 10**40), st.decimals(allow_nan=False, allow_infinity=False, places=20)
)
def test_numbers_keep_every_digit(whole: int, fraction: Any) -> None:
    attributes = f'{{"a":{whole},"b":[{fraction:f}]}}'
    data = _state(_resource({"attributes": {"HERE": 1}})).replace(
        b'{"HERE":1}', attributes.encode()
    )
    (instance,) = parse_state(data, origin="x").instances
    assert instance.attributes_json is not None
    read = json.loads(instance.attributes_json, parse_float=type(fraction))
    assert read["a"] == whole
    assert type(fraction)(read["b"][0]) == fraction


def test_no_bytes_are_no_state_yet() -> None:
    state = parse_state(b"", origin="x")
    assert (state.version, state.serial, state.instances) == (4, 0, ())


_WHOLE = _state(_resource({"attributes": {"id": "hunter2"}}))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_WHOLE[: len(_WHOLE) // 2], "cut short"),
        (_WHOLE[:-1], "cut short"),
        (b"hello", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b"[]", "JSON array"),
        (b"null", "JSON null"),
        (b'"x"', "JSON string"),
        (b"3", "JSON number"),
        (b"{}", "no whole-number `version`"),
        (b'{"version": "4"}', "no whole-number `version`"),
        (b'{"version": true}', "no whole-number `version`"),
        (b'{"version": 5}', "version 5 is newer"),
        (b'{"version": 1}', "version 1 is older"),
        (b'{"version": 2}', "version 2 is older"),
        (b'{"encrypted_data": "x", "encryption_version": "v0"}', "encrypted by OpenTofu"),
        (b'{"version": 4, "resources": 7}', "malformed"),
        (b'{"version": 4, "resources": [{}]}', "malformed"),
        (_state(_resource({"attributes": {}}, provider="rubbish")), "malformed"),
        (_state(_resource({"attributes": {}, "private": "?!"})), "malformed"),
        (b"[" * 100_000, "nested too deeply|not JSON"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(data: bytes, words: str) -> None:
    with pytest.raises(PermanentError, match=words) as caught:
        parse_state(data, origin="infra/terraform.tfstate")
    assert str(caught.value).startswith("infra/terraform.tfstate: ")
    assert caught.value.remedy
    assert "hunter2" not in str(caught.value)


def test_version_3_becomes_what_terraform_makes_of_it() -> None:
    """The expected side is `terraform state pull` (1.11.4) of the same file."""
    web = {
        "type": "aws_instance",
        "depends_on": ["aws_vpc.main"],
        "primary": {
            "id": "i-1",
            "attributes": {"id": "i-1", "tags.%": "1", "tags.a": "b"},
            "meta": {"schema_version": "1"},
            "tainted": True,
        },
        "deposed": [{"id": "i-0", "attributes": {"id": "i-0"}, "meta": {}}],
        "provider": "provider.aws.west",
    }
    image = {
        "type": "aws_ami",
        "primary": {"id": "a", "attributes": {"id": "a"}, "meta": {"timeouts": {"create": 6}}},
        "provider": "module.net.provider.aws",
    }
    old = {
        "version": 3,
        "serial": 7,
        "lineage": "l",
        "modules": [
            {"path": ["root"], "resources": {"aws_instance.web.0": web}},
            {"path": ["root", "net"], "resources": {"data.aws_ami.x": image}},
        ],
    }
    current = _state(
        _resource(
            {
                "index_key": 0,
                "status": "tainted",
                "schema_version": 1,
                "attributes_flat": {"id": "i-1", "tags.%": "1", "tags.a": "b"},
                "dependencies": ["aws_vpc.main"],
            },
            {
                "index_key": 0,
                "deposed": "00000001",
                "attributes_flat": {"id": "i-0"},
                "dependencies": ["aws_vpc.main"],
            },
            type="aws_instance",
            name="web",
            provider='provider["registry.terraform.io/-/aws"].west',
        ),
        _resource(
            {
                "attributes_flat": {"id": "a"},
                "private": base64.b64encode(b'{"timeouts":{"create":6}}').decode(),
            },
            mode="data",
            type="aws_ami",
            name="x",
            module="module.net",
            provider='module.net.provider["registry.terraform.io/-/aws"]',
        ),
    )
    read = parse_state(orjson.dumps(old), origin="x")
    assert read.instances == parse_state(current, origin="x").instances
    assert (read.version, read.serial) == (3, 7)
