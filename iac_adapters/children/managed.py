"""A resource of a stack as questions about its children know it, whatever tool manages it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from iac_adapters.redaction.secret_paths import SecretPaths
from reconciler.domain.model import ResourceAddress, Status
from reconciler.domain.values import Attributes, Value


class ChildProvider(Protocol):
    """One provider configuration: what it calls its types, and what it can tell of them."""

    @property
    def digest(self) -> str:
        """Return what tells it from every other configuration."""
        ...

    @property
    def is_aws(self) -> bool:
        """Return whether the table of AWS children holds for its types."""
        ...

    def called(self, type_name: str) -> str:
        """Return the stack's own name for a type."""
        ...

    def spelled(self, name: str, value: Value) -> tuple[str, Value]:
        """Return an attribute and its value as the stack's tool writes them."""
        ...

    def settable(self, type_name: str) -> Collection[str]:
        """Return the attributes of a type that code may set; empty where nothing tells."""
        ...

    def types_below(self, type_name: str) -> Iterable[str]:
        """Return the types that look like children of a type."""
        ...

    def secrets_of(self, type_name: str) -> SecretPaths | None:
        """Return the places of a type that are secret; None where nothing tells."""
        ...


class ChildReads(Protocol):
    """Asks one provider configuration, within the limits of its account. Changes nothing."""

    async def imported(
        self, type_name: str, identity: str, *, timeout_s: float
    ) -> Attributes | None:
        """Return the object that an import and a read of it find; None where there is none.

        Raises:
            ReconcilerError: it cannot be told.
        """
        ...

    async def data(
        self, source: str, arguments: Mapping[str, Value], *, timeout_s: float
    ) -> Attributes | None:
        """Return what a data source answers; None where it finds nothing.

        Raises:
            ReconcilerError: it cannot be told.
        """
        ...


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Managed:
    """One managed resource. `read` returns its recorded attributes, secrets in plain text.

    `provider` is None where there is no object, or nobody to ask about it.
    """

    address: ResourceAddress
    type: str
    status: Status
    read: Callable[[], Attributes] = dict
    dependencies: tuple[ResourceAddress, ...] = ()
    provider: ChildProvider | None = None

    @property
    def is_aws(self) -> bool:
        """Whether the table of AWS children holds for it."""
        return self.provider is not None and self.provider.is_aws
