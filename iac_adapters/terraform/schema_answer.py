"""One provider's schema answer, whose types are read from its file one by one.

The answer of AWS is 5 MB, and decoded as much again; a stack uses a few dozen of its 1,500 types.
Source: the protobuf wire format; fields 2 and 3 of GetProviderSchema.Response, tfplugin5 and 6.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from iac_adapters.terraform.messages import message
from iac_adapters.terraform.schema import ResourceSchema

_RESOURCES: Final = 2
_DATA_SOURCES: Final = 3
_KEY: Final = 1
_VALUE: Final = 2
_LENGTH_DELIMITED: Final = 2
_WIDTHS: Final = {1: 8, 5: 4}

_Span = tuple[int, int]


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

    def read(self) -> bytes:
        """See `Answer.read`."""
        return self.part(0, os.fstat(self._descriptor).st_size - self._skip)

    def part(self, start: int, end: int) -> bytes:
        """See `Answer.part`."""
        return os.pread(self._descriptor, end - start, start + self._skip)


@dataclass(frozen=True)
class ProviderSchema:
    """One provider's schema; types are decoded one by one, when asked for."""

    protocol: int
    answer: Answer

    @property
    def raw(self) -> bytes:
        """The whole answer, as the provider gave it."""
        return self.answer.read()

    @cached_property
    def _parsed(self) -> dict[tuple[int, str], ResourceSchema]:
        return {}

    @cached_property
    def _places(self) -> dict[int, dict[str, _Span]]:
        places: dict[int, dict[str, _Span]] = {_RESOURCES: {}, _DATA_SOURCES: {}}
        for kind, name, place in _types_in(self.raw):
            places[kind][name] = place
        return places

    @cached_property
    def type_names(self) -> frozenset[str]:
        """The resource types that the provider knows."""
        return frozenset(self._places[_RESOURCES])

    @cached_property
    def configuration(self) -> ResourceSchema:
        """The schema of the provider's own configuration."""
        provider = message("GetSchemaResponse").FromString(self.raw).provider
        return ResourceSchema.parse(provider, protocol=self.protocol)

    def resource(self, type_name: str) -> ResourceSchema | None:
        """Return the schema of `type_name`, or None when the provider does not know it."""
        return self._schema(_RESOURCES, type_name)

    def data_source(self, type_name: str) -> ResourceSchema | None:
        """Return the schema of a data source, or None when the provider does not know it."""
        return self._schema(_DATA_SOURCES, type_name)

    def _schema(self, kind: int, name: str) -> ResourceSchema | None:
        if (kind, name) not in self._parsed:
            place = self._places[kind].get(name)
            if place is None:
                return None
            content = self.answer.part(*place)
            self._parsed[kind, name] = ResourceSchema.parse(content, protocol=self.protocol)
        return self._parsed[kind, name]


def _types_in(raw: bytes) -> Iterator[tuple[int, str, _Span]]:
    for number, (start, end) in _fields(raw, 0, len(raw)):
        if number in (_RESOURCES, _DATA_SOURCES):
            inner = dict(_fields(raw, start, end))
            # A value that is empty is left out on the wire.
            key, value = inner.get(_KEY, (0, 0)), inner.get(_VALUE, (0, 0))
            yield number, raw[slice(*key)].decode(), value


def _fields(raw: bytes, at: int, end: int) -> Iterator[tuple[int, _Span]]:
    """Yield the length-delimited fields between `at` and `end`: number, and where it lies."""
    while at < end:
        tag, at = _varint(raw, at)
        kind = tag & 7
        if kind == _LENGTH_DELIMITED:
            length, at = _varint(raw, at)
            yield tag >> 3, (at, at + length)
            at += length
        elif kind in _WIDTHS:
            at += _WIDTHS[kind]
        else:
            _, at = _varint(raw, at)


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:  # noqa: PLR2004 - the bit that says that more follow
            return value, at
        shift += 7
