"""Keeps a user's environment from making a read-only command write."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Final

from iac_adapters.terraform.exclusions import OPTIONS as EXCLUSIONS
from iac_adapters.terraform.executable import TOFU
from iac_adapters.terraform.given_arguments import words_of

_ARGUMENTS: Final = "TF_CLI_ARGS"
_KEPT: Final = ("-var=", "-var-file=", "--var=", "--var-file=")
_KEPT_WITH_VALUE: Final = ("-var", "-var-file", "--var", "--var-file")
_FILE_OPTIONS: Final = ("-var-file", "--var-file")
_WITHOUT_EFFECT: Final = frozenset(
    {"no-color", "compact-warnings", "parallelism", "lock", "lock-timeout", "input", "json"}
)
"""What changes how a plan is made or printed, and nothing in it."""
_TO_FILE: Final = ("TF_LOG_PATH",)


def read_only(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` with only the variables' part of `TF_CLI_ARGS` and its kind.

    `TF_CLI_ARGS_plan=-out=x` would write a plan, `-target` would hide drift; variables
    are needed to evaluate the code. Log files are dropped, they may hold secrets.
    """
    kept = dict(environment)
    for name, value in environment.items():
        if name in _TO_FILE:
            del kept[name]
        elif name in {_ARGUMENTS, f"{_ARGUMENTS}_plan"}:
            kept[name] = shlex.join(_variables(value))
        elif name.startswith(f"{_ARGUMENTS}_"):
            del kept[name]
    return kept


def left_out(environment: Mapping[str, str], *, tool: str) -> tuple[str, ...]:
    """Return a warning for each variable whose arguments a scan does not follow.

    Options are named without their values, which may be secrets. OpenTofu has its exclusions
    followed; Terraform refuses them.
    """
    followed = EXCLUSIONS if tool == TOFU else ()
    warnings = []
    for name in (_ARGUMENTS, f"{_ARGUMENTS}_plan"):
        options = [
            other.split("=", 1)[0]
            for other in _others(environment.get(name, ""))
            if other.lstrip("-").split("=", 1)[0] not in followed
        ]
        if options:
            names = ", ".join(dict.fromkeys(options))
            warnings.append(f"{name}: {names} is left out; a scan is of the whole stack")
    return tuple(warnings)


def variable_files(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the files that `TF_CLI_ARGS` and its kind name, as they are written there."""
    return (word for is_file, word in variable_arguments(environment) if is_file)


def variable_arguments(environment: Mapping[str, str]) -> Iterator[tuple[bool, str]]:
    """Yield the files and the `NAME=VALUE` that they name, in the order that the tool has it.

    Of each, whether it is a file.
    """
    for name in (f"{_ARGUMENTS}_plan", _ARGUMENTS):
        words = iter(_variables(environment.get(name, "")))
        for word in words:
            option, equals, value = word.partition("=")
            yield option in _FILE_OPTIONS, value if equals else next(words, "")


def _others(arguments: str) -> Iterator[str]:
    """Yield the options that are none of variables."""
    kept = set(_variables(arguments))
    for word in words_of(arguments):
        if (
            word.startswith("-")
            and word not in kept
            and word.lstrip("-").split("=")[0] not in (_WITHOUT_EFFECT)
        ):
            yield word


def _variables(arguments: str) -> Iterator[str]:
    words = iter(words_of(arguments))
    for word in words:
        if word.startswith(_KEPT):
            yield word
        elif word in _KEPT_WITH_VALUE:
            yield from (word, next(words, ""))
