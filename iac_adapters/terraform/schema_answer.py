"""One provider's schema answer, whose types are read from its file one by one.

The answer of AWS is 5 MB, and decoded as much again; a stack uses a few dozen of its 1,500 types.
"""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.schema_places import SchemaPlaces, Span, places_in


class Answer(Protocol):
    """The bytes of a schema answer."""

    def read(self) -> bytes:
        """Return all of it."""
        ...

    def part(self, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to `end`."""
        ...


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """An answer in memory."""

    content: bytes

    def read(self) -> bytes:
        """See `Answer.read`."""
        return self.content

    def part(self, start: int, end: int) -> bytes:
        """See `Answer.part`."""
        return self.content[start:end]


class FiledAnswer:
    """An answer in a file behind its first `skip` bytes; it may be unlinked meanwhile."""

    def __init__(self, file: Path, *, skip: int) -> None:
        """Open `file`, which nobody changes in place.

        Raises:
            OSError: it cannot be opened.
        """
        self._descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        self._skip = skip
        weakref.finalize(self, os.close, self._descriptor)

    @property
    def head(self) -> bytes:
        """The bytes before the answer."""
        return os.pread(self._descriptor, self._skip, 0)

    @property
    def size(self) -> int:
        """How many bytes the answer has."""
        return os.fstat(self._descriptor).st_size - self._skip

    def read(self) -> bytes:
        """See `Answer.read`."""
        return self.part(0, self.size)

    def part(self, start: int, end: int) -> bytes:
        """See `Answer.part`."""
        return os.pread(self._descriptor, end - start, start + self._skip)


@dataclass(frozen=True)
class ProviderSchema:
    """One provider's schema; types are decoded one by one, when asked for."""

    protocol: int
    answer: Answer
    kept_places: SchemaPlaces | None = field(default=None, repr=False, compare=False)
    """Where each type lies, as far as that was found before."""

    @property
    def raw(self) -> bytes:
        """The whole answer, as the provider gave it."""
        return self.answer.read()

    @cached_property
    def _parsed(self) -> dict[Span, ResourceSchema]:
        return {}

    @cached_property
    def _places(self) -> SchemaPlaces:
        return self.kept_places or places_in(self.raw)

    @cached_property
    def type_names(self) -> frozenset[str]:
        """The resource types that the provider knows."""
        return frozenset(self._places.resources)

    @cached_property
    def types_below(self) -> dict[str, list[str]]:
        """The types whose name goes on from another type's, by the longest such one.

        `aws_s3_bucket_metric` is below `aws_s3_bucket`.
        """
        below: dict[str, list[str]] = {}
        for name in self._places.resources:
            owner = name
            while "_" in owner:
                owner = owner.rsplit("_", maxsplit=1)[0]
                if owner in self._places.resources:
                    below.setdefault(owner, []).append(name)
                    break
        return below

    @cached_property
    def configuration(self) -> ResourceSchema:
        """The schema of the provider's own configuration."""
        content = b"".join(self.answer.part(*span) for span in self._places.configuration)
        return ResourceSchema.parse(content, protocol=self.protocol)

    def resource(self, type_name: str) -> ResourceSchema | None:
        """Return the schema of `type_name`, or None when the provider does not know it."""
        return self._schema(self._places.resources.get(type_name))

    def data_source(self, type_name: str) -> ResourceSchema | None:
        """Return the schema of a data source, or None when the provider does not know it."""
        return self._schema(self._places.data_sources.get(type_name))

    def _schema(self, span: Span | None) -> ResourceSchema | None:
        if span is None:
            return None
        start, end = span
        if (start, end) not in self._parsed:
            content = self.answer.part(start, end)
            self._parsed[start, end] = ResourceSchema.parse(content, protocol=self.protocol)
        return self._parsed[start, end]
