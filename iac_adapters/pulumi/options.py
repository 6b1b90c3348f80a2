"""What a stack may say to Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Annotated, Literal

from reconciler.field_rules import Rule
from reconciler.stack_options import NO_KEY, StackOptions


class PulumiOptions(StackOptions):
    """The keys of `[[stack]]` for a project."""

    pulumi_stack: Annotated[str, Rule({"min_length": 1, "max_length": 200})] | None = None
    """Which stack of the project is read; that selected for the directory, unless given."""
    dynamic_providers: bool = False
    """Whether providers that are code inside the stack's own state may be run to read."""
    run_code: bool = True
    """Whether the stack's program may be run to learn what is declared."""
    children: Literal["auto", "all", "none"] | None = None
    """How much a scan asks for children that nobody declared: a tenth of its calls (`auto`)."""
    children_left_out: tuple[str, ...] = ()
    """Types of children that are not asked for, as globs."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.dynamic_providers and not self.run_code:
            message = "`dynamic_providers = true` runs code, and `run_code = false` forbids it"
            raise ValueError(message)

    def instance(self, environment: Mapping[str, str]) -> str:
        """Return the stack an apply would write to."""
        del environment
        return self.pulumi_stack or ""


class InlineOptions(PulumiOptions):
    """Those of a stack whose program is a function of the embedding process."""

    program: Callable[[], object] | None = field(default=None, repr=False, metadata=NO_KEY)


def program_of(options: PulumiOptions) -> Callable[[], object] | None:
    """Return the program that this process serves, where it is one."""
    return options.program if isinstance(options, InlineOptions) else None
