"""Values kept by name between processes, sealed; what cannot be read was never kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from iac_adapters.sealed_files import SealedFiles

T = TypeVar("T")


@dataclass(frozen=True, slots=True, repr=False)
class SealedMemory(Generic[T]):
    """Keeps what `pack` writes and `unpack` reads; `nothing` stands for what was never kept."""

    files: SealedFiles
    pack: Callable[[T], bytes]
    unpack: Callable[[bytes], T]
    nothing: T
    _known: dict[str | None, T] = field(default_factory=dict)

    def load(self, name: str | None) -> T:
        """Return what is kept under `name`; nothing when that cannot be had."""
        content = self.files.load(name) if name is not None else None
        if content is None:
            return self._known.get(name, self.nothing)
        try:
            return self.unpack(content)
        except (ValueError, TypeError, KeyError, AttributeError):
            return self.nothing

    def store(self, name: str | None, kept: T) -> None:
        """Keep `kept` under `name`, None in memory alone. Raises OSError; memory holds it then."""
        self._known[name] = kept
        if name is not None:
            self.files.store(name, self.pack(kept))
