"""Which account and region a recorded object says of itself that it is in. Pure.

Source: the ARN format of AWS, resource IDs of Azure, resource names of Google Cloud.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.domain.values import Value

_ARN: Final = re.compile(r"arn:[\w-]+:[\w-]+:([\w-]*):(\d*):")
_SUBSCRIPTION: Final = re.compile(r"/subscriptions/([\w-]+)(?:/|\Z)", re.IGNORECASE)
_PROJECT: Final = re.compile(r"projects/([\w:.-]+)/")
_NAMES: Final = ("arn", "id", "self_link", "selfLink", "name")
_REGIONS: Final = ("region", "location", "zone")


@dataclass(frozen=True, slots=True)
class Location:
    """Account, subscription or project, and region; empty where the object does not say it."""

    account: str = ""
    region: str = ""


NOWHERE: Final = Location()


def location_of(recorded: Value) -> Location:
    """Return where an object is, as its own identifiers and attributes say."""
    if not isinstance(recorded, Mapping):
        return NOWHERE
    account = region = ""
    for text in _identifiers(recorded):
        if found := _ARN.match(text):
            region, account = region or found[1], account or found[2]
        elif found := _SUBSCRIPTION.match(text) or _PROJECT.search(text):
            account = account or found[1]
    project = recorded.get("project")
    if not account and isinstance(project, str):
        account = project
    return Location(account, region or _region(recorded))


def _identifiers(recorded: Mapping[str, Value]) -> Iterator[str]:
    for name in _NAMES:
        text = recorded.get(name)
        if isinstance(text, str):
            yield text


def _region(recorded: Mapping[str, Value]) -> str:
    for name in _REGIONS:
        text = recorded.get(name)
        if isinstance(text, str):
            return text
    return ""
