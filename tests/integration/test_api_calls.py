"""The counting proxy changes nothing, misses nothing, and can make the calls again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.worlds.api_calls import recorded_calls, replay

if TYPE_CHECKING:
    from tests.simulator import Simulator


def client(service: str, endpoint: str) -> Any:
    return boto3.client(  # type: ignore[call-overload]
        service,
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


@pytest.mark.asyncio
async def test_calls_pass_unchanged_are_counted_and_can_be_made_again(
    simulator: Simulator,
) -> None:
    async with recorded_calls(simulator.endpoint) as calls:
        bucket = client("s3", calls.endpoint)
        queue = client("sns", calls.endpoint)
        await asyncio.to_thread(bucket.create_bucket, Bucket="counted")
        await asyncio.to_thread(bucket.put_object, Bucket="counted", Key="a", Body=b"x" * 100_000)
        await asyncio.to_thread(bucket.head_object, Bucket="counted", Key="a")
        await asyncio.to_thread(queue.create_topic, Name="counted")
        seen = calls.by_action()
        kept = list(calls.kept)

    got = client("s3", simulator.endpoint).get_object(Bucket="counted", Key="a")
    assert got["Body"].read() == b"x" * 100_000
    assert len(kept) == 4
    assert seen["CreateTopic"] == 1
    again = await replay(kept, simulator.endpoint, connections=2)
    assert (again.calls, again.failures) == (4, 0)
    assert again.seconds > 0
