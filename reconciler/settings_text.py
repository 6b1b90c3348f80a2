"""The text of `trueup.toml`, read as settings, and refused with file, line and remedy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reconciler.bounded_files import UnfitFileError, read_text
from reconciler.domain.errors import PermanentError
from reconciler.domain.policy import contradiction
from reconciler.section_reading import validated
from reconciler.settings import Settings
from reconciler.settings_location import OVERRIDES
from reconciler.settings_problems import Whereabouts, describe_problems, describe_twins
from reconciler.toml_positions import KeyPath, key_lines


def read_settings(
    file: Path | None, overrides: Mapping[str, str], *, context: Mapping[str, Any]
) -> Settings:
    """Return what `file` says, and over its `[daemon]` what the environment does.

    Raises:
        PermanentError: see `settings_file.load_settings`.
    """
    text = "" if file is None else _read(file)
    raw = _parse(text, file)
    if overrides and isinstance(raw.get("daemon", {}), dict):
        raw["daemon"] = {**raw.get("daemon", {}), **overrides}
    base = Path() if file is None else file.resolve().parent
    try:
        settings = validated(Settings, raw, context={"base": base, **context})
    except ValidationError as error:
        names: dict[KeyPath, str] = {
            ("daemon", key): name for name, key in OVERRIDES.items() if key in overrides
        }
        where = Whereabouts(file, key_lines(text), names)
        raise describe_problems(error, model=Settings, where=where) from error
    _refuse_twins(settings, file, text)
    _refuse_scripts(settings, file, text)
    refuse_contradictions(settings, Whereabouts(file, key_lines(text)))
    return settings


def _read(file: Path) -> str:
    try:
        return read_text(file)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise PermanentError(f"{file}: {reason}", remedy=_remedy(error)) from error
    except UnicodeDecodeError as error:
        raise PermanentError(
            f"{file}: not UTF-8 text (byte {error.start})", remedy="save the file as UTF-8"
        ) from error


def _remedy(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "name another with --config, or run `trueup init`"
    if isinstance(error, PermissionError):
        return "give yourself the right to read it, or name another with --config"
    if isinstance(error, UnfitFileError):
        return "move it away, or name another with --config"
    return "name another with --config"


def _parse(text: str, file: Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise PermanentError(
            f"{file}:{line}: not TOML: {reason}", remedy="correct that line; see https://toml.io"
        ) from error


def _refuse_twins(settings: Settings, file: Path | None, text: str) -> None:
    """Refuse a second stack, policy or channel of one name.

    Raises:
        PermanentError: naming both lines.
    """
    sections = {
        "stack": [stack.name for stack in settings.stacks],
        "policy": [policy.name for policy in settings.policies],
        "ignore": [rule.name for rule in settings.ignores],
        "script": [script.name for script in settings.scripts],
        "channel": [channel.name for channel in settings.channels],
    }
    for section, names in sections.items():
        first: dict[str, int] = {}
        for index, name in enumerate(names):
            if name in first:
                where = Whereabouts(file, key_lines(text))
                raise describe_twins(section, name, indexes=(first[name], index), where=where)
            first[name] = index


def _refuse_scripts(settings: Settings, file: Path | None, text: str) -> None:
    """Refuse a script without a directory, and a policy whose script is not allowed.

    Raises:
        PermanentError: naming the line.
    """
    where = Whereabouts(file, key_lines(text))
    if settings.scripts and settings.daemon.scripts is None:
        raise PermanentError(
            f"{where.place(('script', 0, 'name'))}: [[script]] needs a directory of scripts",
            remedy='set `scripts = "DIRECTORY"` in [daemon], where the files lie',
        )
    allowed = {script.name for script in settings.scripts}
    for index, policy in enumerate(settings.policies):
        if policy.script is not None and policy.script not in allowed:
            raise PermanentError(
                f"{where.place(('policy', index, 'script'))}: policy {policy.name!r} names the"
                f" script {policy.script!r}, and no [[script]] has that name",
                remedy="add [[script]] with that name and the sha256 of its file",
            )


def refuse_contradictions(settings: Settings, where: Whereabouts) -> None:
    """Refuse a policy that says how it isolates in a way that makes no sense.

    Raises:
        PermanentError: naming the line.
    """
    for index, policy in enumerate(settings.policies):
        found = contradiction(
            action_type=policy.action_type,
            driver=policy.driver,
            edges=policy.edges,
            group=policy.isolation_group,
            script=policy.script,
        )
        if found is not None:
            raise PermanentError(
                f"{where.place(('policy', index, found.key))}: policy {policy.name!r}:"
                f" {found.sentence}",
                remedy=found.remedy,
            )
