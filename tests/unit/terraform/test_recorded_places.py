"""Before anything is kept, the recorded identifiers tell whether the code points elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import msgpack
import pytest

from iac_adapters.provider_files import ProviderFiles
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.provider_settings import ProviderSettings
from iac_adapters.terraform.recorded_locations import elsewhere
from iac_adapters.terraform.schema_answer import HeldAnswer, ProviderSchema
from iac_adapters.terraform.state import ProviderReference, StateInstance
from reconciler.domain.model import RecordedResource, ResourceAddress, Status
from tests.providers.world_schema import provider_attributes, schema_answer

AWS = "registry.terraform.io/hashicorp/aws"
SCHEMA = ProviderSchema(6, HeldAnswer(schema_answer()))


def recorded(*arns: str) -> list[LoadedResource]:
    return [
        LoadedResource(
            RecordedResource(ResourceAddress(f"aws_a.b{number}"), "aws_a", Status.LIVE),
            StateInstance(
                address=f"aws_a.b{number}",
                module="",
                mode="managed",
                type="aws_a",
                name=f"b{number}",
                index_key=None,
                provider=ProviderReference(AWS, None, ""),
                attributes_json=json.dumps({"arn": arn, "name": "b"}).encode(),
            ),
        )
        for number, arn in enumerate(arns)
    ]


def now(region: str | None, **environment: str) -> ProviderSettings:
    """What a provider is told whose schema has a `region`, as the test provider's has."""
    values = {attribute.name: None for attribute in provider_attributes()} | {"region": region}
    request = message("ConfigureRequest")()
    request.config.msgpack = msgpack.packb(values)
    return ProviderSettings.of(
        AWS, request.SerializeToString(), ProviderFiles(environment, Path("/"))
    )


HERE = "arn:aws:sqs:us-east-1:123456789012:orders"
THERE = "arn:aws:sqs:eu-west-1:123456789012:orders"
GLOBAL = "arn:aws:iam::123456789012:role/web"


@pytest.mark.parametrize(
    ("settings", "arns", "told"),
    [
        (now("us-east-1"), (HERE,), False),
        (now("eu-west-1"), (HERE, GLOBAL), True),
        (now("eu-west-1"), (HERE, THERE), False),
        (now("eu-west-1"), (GLOBAL,), False),
        (now(None, AWS_REGION="eu-west-1"), (HERE,), True),
        (now("us-east-1", AWS_REGION="eu-west-1"), (HERE,), False),
        (now(None), (HERE,), False),
        (now("eu-west-1"), (), False),
    ],
)
def test_a_region_that_no_recorded_object_names_is_told(
    settings: ProviderSettings, arns: tuple[str, ...], *, told: bool
) -> None:
    reason = elsewhere(AWS, SCHEMA, settings, recorded(*arns))
    assert (reason is not None) is told
    if told:
        assert reason == 'region is "eu-west-1" now; the recorded objects are in "us-east-1"'


def test_other_providers_are_not_judged_by_the_identifiers_of_these() -> None:
    assert elsewhere("r/trueup/world", SCHEMA, now("eu-west-1"), recorded(HERE)) is None
