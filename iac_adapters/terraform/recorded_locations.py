"""Where recorded objects say of themselves that they are. Pure.

Before the first scan nothing is kept of a provider's configuration. The identifiers of the
large clouds name region, project or subscription, and that is enough to see that the code or the
environment points elsewhere.

Source: the ARN format of AWS, resource names of Google Cloud, resource IDs of Azure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.provider_settings import ProviderSettings, decoded
from iac_adapters.terraform.schema_answer import ProviderSchema


@dataclass(frozen=True, slots=True)
class _Place:
    """A setting, the variable that stands in for it, and how recorded objects name it."""

    setting: str
    variable: str
    recorded: re.Pattern[bytes]


_PLACES: Final[Mapping[str, _Place]] = {
    "aws": _Place(
        "region",
        "AWS_REGION",
        re.compile(rb'"arn":\s*"arn:[\w-]+:[\w-]+:([\w-]+):'),
    ),
    "azurerm": _Place(
        "subscription_id",
        "ARM_SUBSCRIPTION_ID",
        re.compile(rb'"id":\s*"/subscriptions/([\w-]+)/'),
    ),
    "google": _Place(
        "project",
        "GOOGLE_PROJECT",
        re.compile(rb'"id":\s*"projects/([\w:.-]+)/'),
    ),
}


def elsewhere(
    source: str, schema: ProviderSchema, now: ProviderSettings, members: Sequence[LoadedResource]
) -> str | None:
    """Return why `now` points elsewhere than all of `members` say they are; None otherwise."""
    place = _PLACES.get(source.rsplit("/", 1)[-1])
    if place is None:
        return None
    code = decoded(now.configure, schema.configuration) or {}
    named = code.get(place.setting) or now.identity.get(place.variable)
    recorded = _recorded(place, members)
    if not isinstance(named, str) or not recorded or named.lower() in recorded:
        return None
    locations = ", ".join(f'"{location}"' for location in sorted(recorded))
    return f'{place.setting} is "{named}" now; the recorded objects are in {locations}'


def _recorded(place: _Place, members: Iterable[LoadedResource]) -> frozenset[str]:
    found = set()
    for member in members:
        attributes = member.instance.attributes_json if member.instance is not None else None
        if attributes is not None and (match := place.recorded.search(attributes)):
            found.add(match[1].decode().lower())
    return frozenset(found)
