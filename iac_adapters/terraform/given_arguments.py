"""The arguments that an environment variable such as `TF_CLI_ARGS` gives the tool."""

from __future__ import annotations

import shlex


def words_of(arguments: str) -> tuple[str, ...]:
    """Return the words as a shell would; none of a text with an open quote, which no tool takes."""
    try:
        return tuple(shlex.split(arguments))
    except ValueError:
        return ()
