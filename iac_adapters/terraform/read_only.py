"""Keeps a user's environment from making a read-only command write."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Final

_ARGUMENTS: Final = "TF_CLI_ARGS"
_KEPT: Final = ("-var=", "-var-file=", "--var=", "--var-file=")
_KEPT_WITH_VALUE: Final = ("-var", "-var-file", "--var", "--var-file")
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


def _variables(arguments: str) -> Iterator[str]:
    try:
        words = iter(shlex.split(arguments))
    except ValueError:
        return
    for word in words:
        if word.startswith(_KEPT):
            yield word
        elif word in _KEPT_WITH_VALUE:
            yield from (word, next(words, ""))
