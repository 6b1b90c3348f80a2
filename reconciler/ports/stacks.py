"""Which stack is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from reconciler.domain.model import StackName
from reconciler.stack_options import StackOptions

Options = TypeVar("Options", bound=StackOptions)


@dataclass(frozen=True, slots=True)
class StackReference:
    """Which stack to read, as configuration or the command line named it.

    `engine` is `auto`, `plugin` or `cli`. `environment` is laid over the process's
    own for the tool and its plugins; it may hold credentials and is never stored. `options` are
    of the tool's own model, or of none: all its defaults are meant then.
    """

    name: StackName
    directory: Path
    tool: str
    engine: str = "auto"
    options: StackOptions | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def instance(self) -> str:
        """Which of the directory's stacks it is. See `StackOptions.instance`."""
        return (self.options or StackOptions()).instance(self.environment)

    def options_as(self, model: type[Options]) -> Options:
        """Return the options as `model`; its defaults where none were given.

        Raises:
            TypeError: they are another tool's.
        """
        if self.options is None:
            return model()
        if not isinstance(self.options, model):
            raise TypeError(f"{self.name}: the options are not {model.__name__}")
        return self.options
