"""What one recorded plan said, connection by connection.

Everything here may hold secrets (provider credentials, write-only values): it stays
in memory or in the encrypted cache, and `repr` shows none of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, repr=False)
class UpgradeCall:
    """State that core handed to the provider, and what the provider made of it."""

    type_name: str
    raw_json: bytes
    raw_flatmap: tuple[tuple[str, str], ...]
    upgraded: bytes


@dataclass(frozen=True, slots=True, repr=False)
class ValidateCall:
    """A resource's evaluated configuration before `ignore_changes`.

    `refusals` are the errors, as summary and detail, that its provider has of it.
    """

    type_name: str
    config: bytes
    refusals: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class PlanCall:
    """A resource's evaluated configuration after `ignore_changes`, and its prior state.

    `planned` is what the provider made of them. `address` is told only where the prior state
    alone could not (`twins`).
    """

    type_name: str
    prior: bytes
    config: bytes
    provider_meta: bytes
    address: str | None = None
    planned: bytes = b""


@dataclass(slots=True, repr=False)
class ImportCall:
    """One object that core asked for by its id, and as what it was read right after.

    `errors` says why the provider gave none.
    """

    type_name: str
    id: str
    state: bytes = b""
    private: bytes = b""
    read: bytes = b""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class DataRead:
    """A data source's raw request, and the state (msgpack) that the plan was made with.

    `state` is empty where it could not be read.
    """

    request: bytes
    state: bytes


@dataclass(slots=True, repr=False)
class ConnectionCapture:
    """All that passed on one connection: one provider instance of one walk."""

    source: str
    index: int
    configure: bytes | None = None
    configured: bool = False
    upgrades: list[UpgradeCall] = field(default_factory=list)
    validations: list[ValidateCall] = field(default_factory=list)
    plans: list[PlanCall] = field(default_factory=list)
    data_validations: list[ValidateCall] = field(default_factory=list)
    data_reads: list[DataRead] = field(default_factory=list)
    imports: list[ImportCall] = field(default_factory=list)
    opened_ephemeral: bool = False
    refused_ephemerals: list[tuple[str, str]] = field(default_factory=list)
    """The type of each ephemeral resource that its provider refuses, and the error's summary."""
    renew_at_s: float | None = None
    """When the first of those has to be asked for again, in seconds since 1970."""
