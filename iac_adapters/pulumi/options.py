"""What a stack may say to Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from reconciler.stack_options import StackOptions


class PulumiOptions(StackOptions):
    """The keys of `[[stack]]` for a project."""

    pulumi_stack: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Which stack of the project is read; that selected for the directory, unless given."""
    dynamic_providers: bool = False
    """Whether providers that are code inside the stack's own state may be run to read."""
    run_code: bool = True
    """Whether the stack's program may be run to learn what is declared."""

    @model_validator(mode="after")
    def _code_is_allowed(self) -> Self:
        if self.dynamic_providers and not self.run_code:
            message = "`dynamic_providers = true` runs code, and `run_code = false` forbids it"
            raise ValueError(message)
        return self

    def instance(self, environment: Mapping[str, str]) -> str:
        """Return the stack an apply would write to."""
        del environment
        return self.pulumi_stack or ""


class InlineOptions(PulumiOptions):
    """Those of a stack whose program is a function of the embedding process."""

    program: Callable[[], object] | None = Field(default=None, exclude=True, repr=False)


def program_of(options: PulumiOptions) -> Callable[[], object] | None:
    """Return the program that this process serves, where it is one."""
    return options.program if isinstance(options, InlineOptions) else None
