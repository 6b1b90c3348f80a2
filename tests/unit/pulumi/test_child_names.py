"""What a bridge calls types and attributes, and back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from iac_adapters.children import aws
from iac_adapters.pulumi.children.spelling import as_bridged, as_terraform, snaked
from iac_adapters.pulumi.children.tokens import KnownTokens, Tokens
from iac_adapters.pulumi.provider_config import ProviderKey, Providers
from iac_adapters.pulumi.values import SECRET, SIGNATURE
from reconciler.domain.errors import PermanentError

MAPPING = {
    "resources": {
        "aws_iam_user": {"tok": "aws:iam/user:User"},
        "aws_iam_user_policy": {"tok": "aws:iam/userPolicy:UserPolicy"},
    },
    "dataSources": {"aws_iam_group": {"tok": "aws:iam/getGroup:getGroup"}},
}


@dataclass
class Plugin:
    """A plugin that tells its names, and counts how often it was asked."""

    content: bytes
    asked: int = 0

    async def get(self, key: ProviderKey) -> Plugin:
        del key
        return self

    async def mapping(self, *, timeout_s: float) -> bytes:
        del timeout_s
        self.asked += 1
        return self.content


def known(folder: Path, plugin: Plugin) -> KnownTokens:
    return KnownTokens(folder, cast("Providers", plugin))


def key(version: str = "7.1.0") -> ProviderKey:
    return ProviderKey("digest", "aws", "aws", version, None, ("/nowhere",), {}, {}, Path("/"))


def test_names_are_asked_for_once_and_kept_for_other_processes(tmp_path: Path) -> None:
    plugin = Plugin(orjson.dumps(MAPPING))
    tokens = asyncio.run(known(tmp_path, plugin).of(key()))
    assert tokens.resources["aws_iam_user_policy"] == "aws:iam/userPolicy:UserPolicy"
    assert tokens.types["aws:iam/user:User"] == "aws_iam_user"
    assert tokens.data == {"aws_iam_group": "aws:iam/getGroup:getGroup"}
    assert list(tokens.below("aws_iam_user")) == ["aws_iam_user_policy"]
    assert asyncio.run(known(tmp_path, plugin).of(key())) == tokens
    assert plugin.asked == 1
    asyncio.run(known(tmp_path, plugin).of(key("7.2.0")))
    assert plugin.asked == 2


def test_a_token_of_before_a_renaming_has_the_name_that_terraform_has_for_its_type() -> None:
    tokens = Tokens(
        {
            "aws_s3_bucket": "aws:s3/bucketV2:BucketV2",
            "aws_s3_bucket_legacy": "aws:s3/bucket:Bucket",
            "aws_s3_bucket_policy": "aws:s3/bucketPolicy:BucketPolicy",
            "aws_other_legacy": "aws:other/legacy:Legacy",
        },
        {},
    )
    assert tokens.types["aws:s3/bucket:Bucket"] == "aws_s3_bucket"
    assert tokens.types["aws:other/legacy:Legacy"] == "aws_other_legacy"
    assert list(tokens.below("aws_s3_bucket")) == ["aws_s3_bucket_policy"]


def test_a_damaged_file_is_asked_for_again(tmp_path: Path) -> None:
    plugin = Plugin(orjson.dumps(MAPPING))
    asyncio.run(known(tmp_path, plugin).of(key()))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    assert asyncio.run(known(tmp_path, plugin).of(key())).resources
    assert plugin.asked == 2


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"resources": [], "dataSources": 1}'])
def test_a_provider_that_is_no_bridge_is_told_of(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PermanentError, match="what its types are called"):
        asyncio.run(known(tmp_path, Plugin(content)).of(key()))


@pytest.mark.parametrize(
    ("bridged", "terraform"),
    [
        ({"policyArn": "a"}, {"policy_arn": "a"}),
        ({"ingresses": [{"cidrBlocks": []}]}, {"ingress": [{"cidr_blocks": []}]}),
        ({"filters": [{"values": ["v"]}]}, {"filter": [{"values": ["v"]}]}),
        ({"resourceRecordSets": [{"ttl": 60}]}, {"resource_record_set": [{"ttl": 60}]}),
        ({"policies": ["p"]}, {"policy": ["p"]}),
    ],
)
def test_an_attribute_is_found_by_its_name_in_terraform(
    bridged: dict[str, Any], terraform: dict[str, Any]
) -> None:
    assert terraform.items() <= as_terraform(bridged).items()


def test_every_name_of_the_table_comes_back_from_the_bridge() -> None:
    for rule in aws.RULES:
        given = dict.fromkeys(rule.counts, "text") | dict(rule.untouched)
        assert given.items() <= as_terraform(as_bridged(given)).items(), rule.child
        if rule.listing is not None:
            asked = dict(rule.listing.arguments or {}) | {rule.listing.attribute: ["x"]}
            assert asked.items() <= as_terraform(as_bridged(asked)).items(), rule.child


def test_what_is_tagged_as_secret_stays_so() -> None:
    secret = {SIGNATURE: SECRET, "value": "word"}
    assert snaked({"loginProfile": secret}) == {"login_profile": secret}


def test_keys_of_a_map_that_a_user_made_stay_as_they_are() -> None:
    definition: dict[str, Any] = {"ha-mode": "all", "Foo": 1, "foo": 2, "fooBar": 3}
    found = as_terraform({"policyDefinition": definition}, below=False)
    assert found == {"policy_definition": definition}
    assert as_bridged(found, below=False) == {"policyDefinition": definition}
