"""The one spelling in which types and paths of every tool are compared, and globs over it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_INDEX: Final = re.compile(r'\[(?:\d+|"[^"]*")\]')
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PULUMI: Final = re.compile(r"[^:]+:[^:]+:[^:]+\Z|[^:]+:[^:]*\Z")
_BETWEEN_WORDS: Final = re.compile(r"[:/.\s]+")
_CLOUDS: Final = (
    ("azure_native_", "azurerm_"),
    ("azure_", "azurerm_"),
    ("google_native_", "google_"),
    ("gcp_", "google_"),
    ("aws_native_", "aws_"),
)


@lru_cache(maxsize=4096)
def canonical_type(name: str) -> str:
    """Return the one spelling rules are written in: lower case, snake case.

    `aws:ec2/securityGroup:SecurityGroup` gives `aws_ec2_security_group`,
    `gcp:compute/firewall:Firewall` gives `google_compute_firewall`, and another tool's
    `AWS::EC2::SecurityGroup` gives `aws_ec2_security_group`.
    """
    if not _PULUMI.match(name):
        return "_".join(_snake(word) for word in _BETWEEN_WORDS.split(name) if word)
    package, _, rest = name.partition(":")
    module, _, leaf = rest.rpartition(":")
    words = (package, module.split("/")[0], leaf)
    snake = "_".join(_snake(word) for word in words if word and word != "index")
    for theirs, ours in _CLOUDS:
        if snake.startswith(theirs):
            return ours + snake.removeprefix(theirs)
    return snake


def _snake(word: str) -> str:
    return _CAMEL.sub("_", word).replace("-", "_").lower()


@lru_cache(maxsize=16384)
def spellings(path: str) -> tuple[str, ...]:
    """Return `path` as rules may write it: with and without indices, and in snake case."""
    bare = _INDEX.sub("", path)
    return tuple(dict.fromkeys((path.lower(), bare.lower(), _snake(bare))))


def meets_type(glob: str, name: str) -> bool:
    """Whether `glob` names the type `name`, in its own spelling or the canonical one."""
    return any_glob((glob, canonical_type(glob)), (name.lower(), canonical_type(name)))


@lru_cache(maxsize=1024)
def first_that_meets(globs: tuple[str, ...], name: str) -> str | None:
    """Return the first of `globs` that names the type `name`, as `meets_type` has it, or None."""
    return next((glob for glob in globs if meets_type(glob, name)), None)


def meets_path(glob: str, path: str) -> bool:
    """Whether `glob` covers the attribute `path`, with or without its indices."""
    return any_glob((glob,), spellings(path))


def any_glob(globs: Sequence[str], subjects: Sequence[str]) -> bool:
    """Whether a glob covers a subject, or what lies above it in a path."""
    pattern = _compiled(tuple(globs))
    return any(pattern.match(subject) for subject in subjects)


@lru_cache(maxsize=4096)
def _compiled(globs: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(map(_regex, globs))})(?:[.\[].*)?\Z", re.DOTALL)


def _regex(glob: str) -> str:
    return "".join(
        ".*" if char == "*" else "." if char == "?" else re.escape(char) for char in glob.lower()
    )
