"""Which channels another `trueup.toml` renames, and which it leads to another place: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.settings_channels import ChannelSettings


@dataclass(frozen=True, slots=True)
class ChannelChanges:
    """What became of channels: `renamed` leads from former names, `moved` have another place."""

    renamed: Mapping[str, str]
    moved: frozenset[str]


def channel_changes(
    before: Sequence[ChannelSettings], after: Sequence[ChannelSettings]
) -> ChannelChanges:
    """Return what became of the channels that were `before`.

    One is renamed where another name has its address. It is moved where its incidents, messages
    or tickets cannot be reached by the new address; a new password alone does not move it.
    """
    old, new = ({each.name: each for each in some} for some in (before, after))
    added = [each for name, each in new.items() if name not in old]
    renamed = {
        name: same[0].name
        for name, each in old.items()
        if name not in new
        and len(same := [other for other in added if _address(other) == _address(each)]) == 1
    }
    moved = {name for name in old.keys() & new.keys() if _has_moved(old[name], new[name])}
    return ChannelChanges(renamed, frozenset(moved))


def _address(channel: ChannelSettings) -> tuple[object, ...]:
    return channel.kind, channel.url, channel.url_file, channel.url_env


def _has_moved(before: ChannelSettings, after: ChannelSettings) -> bool:
    if before.url is None or after.url is None:
        return False  # what stood in a file before is not kept
    return (before.kind, _place(before.url)) != (after.kind, _place(after.url))


def _place(url: str) -> tuple[str, ...]:
    """Return what of an address says where messages are, without a key that may be renewed."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return (url,)
    scheme = parts.scheme.removesuffix("+http")
    host = parts.netloc.rpartition("@")[2]
    match scheme:
        case "pagerduty":
            # Incidents are known by their routing key alone.
            return scheme, parts.netloc, parts.query
        case "slack":
            return scheme, "" if host == parts.netloc else host, parts.path
        case _:
            return scheme, host, parts.path
