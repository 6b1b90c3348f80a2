"""A recording: every provider's and every resource's evaluated configuration.

It holds credentials and secrets in plain text. It lives in memory or in the encrypted
cache; `repr` shows counts alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from iac_adapters.terraform.named_files import NamedFile
from iac_adapters.terraform.recorder.capture import DataRead
from iac_adapters.terraform.recorder.planned import PlannedChange
from iac_adapters.terraform.recorder.planned_outputs import PlannedOutput
from reconciler.domain.paths import Steps


@dataclass(frozen=True, slots=True, repr=False)
class RecordedConnection:
    """One configured provider instance. `configure` is the raw request, exactly as sent."""

    source: str
    configure: bytes


@dataclass(frozen=True, slots=True, repr=False)
class RecordedInstance:
    """One resource instance of the state, joined to what passed on the wire for it.

    `upgraded` is the recorded state in the provider's current schema, msgpack. `config`
    is None when the plan meant to delete or forget the instance, or could not judge it.
    `validated` holds the configurations before `ignore_changes` that may be its own. `planned`
    is what the code would make of the recorded state; empty where that is no change.
    """

    address: str
    type_name: str
    connection: int
    upgraded: bytes
    config: bytes | None
    validated: tuple[bytes, ...]
    provider_meta: bytes
    planned: bytes = b""


@dataclass(frozen=True, slots=True, repr=False)
class RecordedImport:
    """An object that the code imports, as it was read when the plan was made.

    `upgraded` of its instance is that reading: no state holds it. `private` is the provider's.
    """

    instance: RecordedInstance
    private: bytes
    id: str


@dataclass(frozen=True, slots=True, repr=False)
class Recording:
    """All that one `plan -refresh=false` evaluated, by address.

    `actions` are the plan's own words (`create`, `delete`, `replace` ...) by the code's
    addresses; `moved` leads to them from the state's, where a move is not applied yet.
    `secrets` are, by the code's addresses, the secret places of what the plan would change.
    `planned` are all the plan's changes, in its words; `imports` what it would import, and
    `failed_imports` what it could not, as type, id and reason. `outputs` are the root module's
    outputs that it would change.
    `built_in` is, in the same way, what the plan tells of its changes that pass no plugin.
    `ephemeral` says that ephemeral resources were opened: what they gave may be void soon, and
    must be asked for again at `renew_at_s` (since 1970) where their provider says when.
    `conditions` are those of the code that failed, and the data sources that did, as warnings;
    `unread` are the latter by address, with the words of their providers. `checks` are the
    assertions of `check` blocks that failed, as warnings: they stop nothing. `refused` are the
    configurations that their provider's validation refuses, as warnings: the tool stops at them.
    `unasked` are the labels of the instances that the plan asked no provider about.
    `awaited` are, without keys, the data sources that answered as at the last apply, each with
    what it waits for by now; the state may know nothing of that.
    `files` are those that the resources' arguments name; `recorded_at` is in seconds since 1970.
    """

    connections: tuple[RecordedConnection, ...]
    instances: Mapping[str, RecordedInstance]
    data_reads: tuple[tuple[int, DataRead], ...]
    actions: Mapping[str, str]
    moved: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, tuple[Steps, ...]] = field(default_factory=dict)
    built_in: Mapping[str, bytes] = field(default_factory=dict)
    ephemeral: bool = False
    renew_at_s: float | None = None
    planned: tuple[PlannedChange, ...] = ()
    imports: Mapping[str, RecordedImport] = field(default_factory=dict)
    failed_imports: tuple[tuple[str, str, str], ...] = ()
    outputs: tuple[PlannedOutput, ...] = ()
    files: Mapping[str, NamedFile] = field(default_factory=dict)
    recorded_at: float = 0.0
    conditions: tuple[str, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    unasked: frozenset[str] = frozenset()
    checks: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    awaited: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def says_the_same(self, other: Recording) -> bool:
        """Whether the two evaluated to the same, whenever and with whatever files."""
        return self._without_times() == other._without_times()

    def _without_times(self) -> Recording:
        return replace(self, files={}, recorded_at=0.0, renew_at_s=None)

    def action(self, address: str) -> str | None:
        """Return what the plan would do to the object that the state has at `address`."""
        return self.actions.get(self.moved.get(address, address))


NOTHING_RECORDED = Recording(connections=(), instances={}, data_reads=(), actions={})
