"""What the server told this host to be: which paths to look at, and what governs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NO_EPOCH = "0" * 16


@dataclass(frozen=True)
class Governing:
    """The declared form of this host by one resource of a stack."""

    resource_id: str
    claims: Sequence[str]
    declared: Mapping[str, Mapping[str, Any]]
    """Entries by section and key."""


@dataclass(frozen=True)
class Scope:
    """Every baseline of this host, as of `epoch`."""

    epoch: str = NO_EPOCH
    baselines: Sequence[Governing] = ()

    @property
    def files(self) -> frozenset[str]:
        """The paths that some baseline declares."""
        return frozenset(
            path for baseline in self.baselines for path in baseline.declared.get("files", {})
        )


def read_scope(body: Mapping[str, Any]) -> Scope:
    """Return the scope that an answer's JSON says.

    Raises:
        KeyError, TypeError: it is none.
    """
    return Scope(
        epoch=str(body["epoch"]),
        baselines=[
            Governing(
                resource_id=str(baseline["resource_id"]),
                claims=[str(section) for section in baseline["claims"]],
                declared={
                    str(section): dict(entries) for section, entries in baseline["declared"].items()
                },
            )
            for baseline in body["baselines"]
        ],
    )
