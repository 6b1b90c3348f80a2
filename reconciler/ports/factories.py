"""A tool as it is registered: what it recognises, and how its adapter is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Protocol

from reconciler.ports.adapters import IacAdapter
from reconciler.stack_options import StackOptions


class Claim(IntEnum):
    """How sure a tool is that a directory is a stack of its own; the stronger claim wins."""

    SOURCES = 1
    """Files of its language lie there, which another tool's project may hold as well."""
    PROJECT = 2
    """A file that makes the directory a project of this tool."""


@dataclass(frozen=True, slots=True)
class DiscoveredStack:
    """A stack that `trueup init` proposes; `lines` are options of the tool, as TOML."""

    directory: Path
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that `trueup init` proposes no stack for, though it looks like one: why, what to do.

    Those of one tool that share `why` and `remedy` are named together.
    """

    file: Path
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class AdapterSetup:
    """What an adapter is opened with.

    `data_dir` is private and lasting, `cache_dir` may be emptied at any time. `key` keys every
    digest of a value. `progress` takes sentences about long work. Warm plugins hold at most
    `plugin_memory_bytes` together; None leaves it to the adapter. `repeats` says that a stack is
    scanned again and again, so that what is not urgent may be spread over scans.
    """

    data_dir: Path
    cache_dir: Path
    key: bytes = field(repr=False)
    progress: Callable[[str], None] | None = None
    plugin_memory_bytes: int | None = None
    repeats: bool = True


class AdapterFactory(Protocol):
    """One tool as it is registered: what it recognises, what a stack of it may say.

    The entry point in the group `trueup.adapters` names a class that implements this and takes
    no arguments; the entry point's name is the tool's. Importing it must be light: it happens
    wherever a stack is named, before it is known whose it is. A tool that may be started in any
    folder below a stack says so by `looks_above = True`.
    """

    looks_for: str
    """What makes a directory a stack, for the sentence that says there is none: `*.tf file`."""
    options: type[StackOptions]

    def detect(self, directory: Path) -> Claim | None:
        """Return whether `directory` is a stack of this tool, by what lies in it.

        Raises:
            OSError: it cannot be listed.
        """
        ...

    def discover(self, claimed: Sequence[Path]) -> Sequence[DiscoveredStack | LeftOut]:
        """Return which of the directories that this tool won are stacks of their own.

        What a person would miss among them is returned as `LeftOut`.
        """
        ...

    def open(self, setup: AdapterSetup) -> IacAdapter:
        """Return a fresh adapter; the caller closes it."""
        ...
