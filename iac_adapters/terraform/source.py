"""What the code of a root module and its child modules says without being evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from iac_adapters.terraform.addresses import block_address
from iac_adapters.terraform.data_uses import DataUses
from iac_adapters.terraform.ignored import IgnoreRules
from iac_adapters.terraform.subjects import is_within
from reconciler.domain.model import SourcePosition


@dataclass(frozen=True, slots=True)
class ResourceBlock:
    """One declared resource. `file` is relative to the stack's directory.

    `address` has no instance keys.
    """

    address: str
    mode: str
    type: str
    name: str
    file: str
    line: int
    ignore_changes: IgnoreRules = field(default_factory=IgnoreRules)


@dataclass(frozen=True, slots=True)
class Statement:
    """A `moved`, `removed` or `import` block, about what stands at `subject` or below it."""

    type: str
    subject: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """Everything the code of a stack says without being evaluated.

    `digest` covers every file that a plan reads by name. `backend` is the type of backend that
    the root module names, overrides merged; `outputs` are its own, by name.
    `ephemeral_variables` says that it has some, which an apply must be given again, and
    `unnamed_files` that it opens a file whose name nobody can tell without evaluating it.
    """

    directory: Path
    blocks: Mapping[str, ResourceBlock]
    warnings: tuple[str, ...]
    digest: str
    files: tuple[Path, ...] = ()
    backend: str | None = None
    statements: tuple[Statement, ...] = ()
    outputs: Mapping[str, SourcePosition] = field(default_factory=dict)
    ephemeral_variables: bool = False
    unnamed_files: bool = False
    data_uses: DataUses = field(default_factory=dict)

    def statement(self, block_type: str, address: str) -> Statement | None:
        """Return the nearest block of `block_type` that is about `address`; None without one."""
        named = [statement for statement in self.statements if statement.type == block_type]
        fitting = [statement for statement in named if is_within(address, statement.subject)]
        return max(fitting, key=lambda item: len(item.subject), default=None)

    def block(self, address: str) -> ResourceBlock | None:
        """Return the block that declares `address`, whatever its keys; None when none does."""
        found = self.blocks.get(address)
        if found is not None:
            return found
        try:
            return self.blocks.get(block_address(address))
        except ValueError:
            return None

    @property
    def ephemerals(self) -> tuple[str, ...]:
        """The addresses of the ephemeral resources."""
        blocks = self.blocks.values()
        return tuple(block.address for block in blocks if block.mode == "ephemeral")

    def resource_types(self) -> frozenset[str]:
        """Return every type that a resource, data or ephemeral block names."""
        return frozenset(block.type for block in self.blocks.values())
