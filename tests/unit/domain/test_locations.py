"""Account and region, as recorded objects of the large clouds say them."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.locations import NOWHERE, Location, location_of


@pytest.mark.parametrize(
    ("recorded", "where"),
    [
        ({"arn": "arn:aws:sqs:eu-west-1:123456789012:q"}, Location("123456789012", "eu-west-1")),
        ({"arn": "arn:aws:iam::123456789012:role/x"}, Location("123456789012", "")),
        ({"arn": "arn:aws:s3:::bucket", "region": "eu-west-1"}, Location("", "eu-west-1")),
        ({"arn": "arn:aws-cn:sqs:cn-north-1:1:q"}, Location("1", "cn-north-1")),
        (
            {"id": "/subscriptions/ab-1/resourceGroups/g", "location": "westeurope"},
            Location("ab-1", "westeurope"),
        ),
        (
            {"id": "projects/shop-1/zones/a/instances/i", "zone": "europe-west1-b"},
            Location("shop-1", "europe-west1-b"),
        ),
        ({"project": "shop-1", "region": "europe-west1"}, Location("shop-1", "europe-west1")),
        ({"id": "sg-1", "region": 5}, NOWHERE),
        ({"arn": {"digest": "d"}}, NOWHERE),
        ({}, NOWHERE),
        (None, NOWHERE),
        ([], NOWHERE),
    ],
)
def test_an_object_says_where_it_is_or_nothing(recorded: Any, where: Location) -> None:
    assert location_of(recorded) == where
