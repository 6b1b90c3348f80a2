"""What a user may decide about the intake, checked before anything is declared."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

_ENVIRONMENT: Final = re.compile(r"[a-z][a-z0-9]{0,9}")
_TAG: Final = re.compile(r"[\w .:/=+\-@]+")
_LONGEST_KEY: Final = 128
_LONGEST_VALUE: Final = 256
_PREFIXES: Final = range(16, 25)
_DAYS: Final = range(1, 3651)
_OURS: Final = frozenset({"environment", "owner", "managed-by", "Name"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeArguments:
    """A complete, valid description of one intake.

    Raises:
        ValueError: naming the argument that cannot be, and why.
    """

    environment: str
    owner: str
    network_cidr: str
    allowed_cidrs: Sequence[str]
    keep_old_versions_days: int
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _ENVIRONMENT.fullmatch(self.environment):
            raise ValueError(
                "environment must be 1 to 10 lower-case letters and digits, "
                f"the first a letter, not {self.environment!r}"
            )
        if self.keep_old_versions_days not in _DAYS:
            raise ValueError(
                f"keep_old_versions_days must be 1 to 3650, not {self.keep_old_versions_days}"
            )
        _check_network(self.network_cidr)
        _check_sources(self.allowed_cidrs)
        _check_tag("owner", self.owner)
        _check_own_tags(self.tags)

    def tags_for(self, name: str) -> dict[str, str]:
        """Return every tag of the resource called `name`."""
        return {
            **self.tags,
            "Name": name,
            "environment": self.environment,
            "managed-by": "pulumi",
            "owner": self.owner,
        }


def _network(argument: str, text: object) -> ipaddress.IPv4Network:
    # An integer would pass for an address.
    if not isinstance(text, str) or "/" not in text:
        raise ValueError(f"{argument} must be written as ADDRESS/LENGTH, not {text!r}")
    try:
        return ipaddress.IPv4Network(text)
    except ValueError as error:
        raise ValueError(f"{argument} must be an IPv4 network: {error}") from error


def _check_network(text: str) -> None:
    network = _network("network_cidr", text)
    if not network.is_private or network.prefixlen not in _PREFIXES:
        raise ValueError(
            f"network_cidr must be a private IPv4 network from /16 to /24, not {text!r}"
        )


def _check_sources(texts: Sequence[str]) -> None:
    if isinstance(texts, str) or not isinstance(texts, Sequence) or not texts:
        raise ValueError(f"allowed_cidrs must be a list of at least one network, not {texts!r}")
    for index, text in enumerate(texts):
        _network(f"allowed_cidrs[{index}]", text)
        if text in texts[:index]:
            raise ValueError(f"allowed_cidrs[{index}] repeats {text!r}")


def _check_own_tags(tags: Mapping[str, str]) -> None:
    if not isinstance(tags, Mapping):
        raise ValueError(f"tags must be an object of texts, not {tags!r}")  # noqa: TRY004 - as for all others
    for key, value in tags.items():
        if key in _OURS:
            raise ValueError(f"tags must not set {key!r}, which the template sets itself")
        if len(key) > _LONGEST_KEY or key.startswith("aws:") or not _TAG.fullmatch(key):
            raise ValueError(f"tags has the key {key!r}, which AWS does not allow")
        _check_tag(f"tags[{key!r}]", value)


def _check_tag(argument: str, value: object) -> None:
    if not isinstance(value, str) or len(value) > _LONGEST_VALUE or not _TAG.fullmatch(value):
        raise ValueError(
            f"{argument} must be 1 to {_LONGEST_VALUE} letters, digits, spaces "
            f"and any of .:/=+-@_, not {value!r}"
        )
