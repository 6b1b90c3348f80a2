"""What a stack may say to its tool: each adapter's own keys of `[[stack]]`, read and refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Protocol, dataclass_transform

from reconciler.field_rules import Section

UNKNOWN_KEY: Final = "unknown_key"
FOREIGN_KEY: Final = "foreign_key"
KEPT: Final[Mapping[str, Any]] = {"kept": True}
"""The context of options that were checked before, or come over the API."""
_NO_KEY: Final = "no_key"
NO_KEY: Final[Mapping[str, Any]] = {_NO_KEY: True}
"""The metadata of a field that is no key: an object of an embedding program."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
@dataclass(frozen=True)
class StackOptions(Section):
    """The options of a tool that has none; each adapter derives its own from this.

    The annotated fields of a derived class are the keys that `[[stack]]`, the API and `--option`
    take for the tool: it is a frozen dataclass of keywords, without a decorator.
    """

    def __init_subclass__(cls) -> None:
        """Make the class a frozen dataclass."""
        dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def option_keys(cls) -> tuple[str, ...]:
        """Return the keys that may be given."""
        return tuple(field.name for field in fields(cls) if _NO_KEY not in field.metadata)

    def kept(self) -> dict[str, Any]:
        """Return them as the database keeps and the API shows them: JSON values by key."""
        return {key: _json(getattr(self, key)) for key in self.option_keys()}

    def paths(self) -> Iterator[tuple[str, Path]]:
        """Yield every path with its key; those of a list are `key[0]`, `key[1]`, ..."""
        for key in self.option_keys():
            value = getattr(self, key)
            if isinstance(value, Path):
                yield key, value
            elif isinstance(value, list | tuple):
                for number, element in enumerate(value):
                    if isinstance(element, Path):
                        yield f"{key}[{number}]", element

    def instance(self, environment: Mapping[str, str]) -> str:
        """Return which stack of its directory is meant; equal ones are applied one at a time."""
        del environment
        return ""


class StackTools(Protocol):
    """The installed tools, as far as settings and records ask for them."""

    def names(self) -> tuple[str, ...]:
        """Return the name of each, sorted."""
        ...

    def detect(self, directory: Path) -> str:
        """Return the tool whose stack lies in `directory`.

        Raises:
            PermanentError: the directory cannot be listed, or no one tool claims it.
        """
        ...

    def above(self, directory: Path) -> Path | None:
        """Return the nearest folder above `directory` that a tool works on from within it.

        Raises:
            PermanentError: the directory cannot be listed.
        """
        ...

    def options(self, tool: str) -> type[StackOptions]:
        """Return the model of what a stack of `tool` may say.

        Raises:
            PermanentError: it is not installed.
        """
        ...

    def every_options(self) -> Mapping[str, type[StackOptions]]:
        """Return the model of each tool that can be loaded, by its name."""
        ...


def _json(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"an option is of a JSON type or a path, not a {type(value).__name__}")
