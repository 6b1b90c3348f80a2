"""What is said of a tainted object whose creation failed half-way."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.cty import Primitive
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.observe import LiveState, judge_by_plan
from iac_adapters.terraform.schema import Attribute, Block, ResourceSchema
from iac_adapters.terraform.values import encode
from reconciler.domain.model import Drifted, RecordedResource, ResourceAddress, Status

TEXT = Primitive.STRING
SCHEMA = ResourceSchema(
    0,
    Block(
        {
            "id": Attribute(TEXT, computed=True),
            "zone": Attribute(TEXT, optional=True, computed=True),
            "size": Attribute(TEXT, optional=True),
        }
    ),
)


@pytest.mark.parametrize(
    ("live", "paths"),
    [
        ({"id": "1", "zone": "a", "size": "s"}, []),
        ({"id": "1", "zone": "a", "size": "l"}, ["size"]),
    ],
)
def test_what_a_provider_chose_and_did_not_record_was_moved_by_nobody(
    live: dict[str, Any], paths: list[str]
) -> None:
    recorded: dict[str, Any] = {"id": "1", "zone": None, "size": "s"}
    wire = SimpleNamespace(type_name="thing", upgraded=encode(recorded, SCHEMA))
    resource = LoadedResource(
        RecordedResource(ResourceAddress("thing.a"), "thing", Status.TAINTED),
        wire=cast("Any", wire),
        schema=cast("Any", SimpleNamespace(resource=lambda _: SCHEMA)),
    )
    verdict = asyncio.run(
        judge_by_plan(
            resource,
            LiveState(encode(live, SCHEMA), b""),
            cast("Any", None),
            digester=SecretDigester(b"k" * 32),
            deadline_s=1,
        )
    )
    assert isinstance(verdict, Drifted)
    assert verdict.requires_replace
    assert [change.path for change in verdict.changes] == paths
