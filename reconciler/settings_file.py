"""`trueup.toml`: found, read, checked, and refused with file, line and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from reconciler.domain.xdg_folders import data_home
from reconciler.settings import Settings
from reconciler.settings_location import OVERRIDES
from reconciler.stack_options import StackTools


def load_settings(
    file: Path | None,
    environment: Mapping[str, str],
    *,
    tools: StackTools | None = None,
    lost_stacks: bool = False,
) -> Settings:
    """Return the checked settings of `file`, or the defaults when there is none.

    What a stack says to its tool is checked by that of `tools`, and not at all without: whoever
    only looks for the daemon's address loads no adapter.

    With `lost_stacks` a stack whose directory or file is not there is no error: whoever watches
    many says it of that one, and goes on with the others.

    Raises:
        PermanentError: unreadable, no TOML, an unknown key, a bad value, two stacks of
            one name, a directory that is not there; each with file and line.
    """
    overrides = {key: environment[name] for name, key in OVERRIDES.items() if environment.get(name)}
    settings = Settings()
    if file is not None or overrides:
        # It loads pydantic, a fifth of what a scan takes before its first read.
        from reconciler.settings_text import read_settings  # noqa: PLC0415

        context = {"told_later": lost_stacks, "tools": tools}
        settings = read_settings(file, overrides, context=context)
    return settings if settings.daemon.roots else _with_roots(settings, file)


def _with_roots(settings: Settings, file: Path | None) -> Settings:
    """Allow the API what lies beside the file, or where there is none the user's home."""
    root = Path.home() if file is None else file.resolve().parent
    return replace(settings, daemon=replace(settings.daemon, roots=(root,)))


def data_directory(settings: Settings, environment: Mapping[str, str]) -> Path:
    """Return where the daemon keeps its database and keys."""
    return settings.daemon.data_dir or data_home(environment)
