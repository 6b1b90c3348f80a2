"""Policies written in a file of their own, or in a `trueup.toml`, as the daemon takes them."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from reconciler.domain.errors import InvalidError, PermanentError
from reconciler.section_reading import validated
from reconciler.settings import Settings
from reconciler.settings_policies import PolicySettings
from reconciler.settings_problems import Whereabouts, describe_problems
from reconciler.settings_text import refuse_contradictions
from reconciler.toml_positions import key_lines

_LARGEST_BYTES: Final = 2**20
_ONE_OF_ITS_KEYS: Final = frozenset({"action_type", "match", "drift_threshold"})


def read_policies(file: Path) -> Settings:
    """Return settings that hold the policies of `file`, and nothing else it may say.

    TOML has `[[policy]]` sections as `trueup.toml` does, JSON the same under `policy`; either
    may also be one policy, or (JSON) a list of them.

    Raises:
        PermanentError: unreadable, neither TOML nor JSON, or a policy that makes no sense;
            with file and line.
    """
    text = _read(file)
    written = _policies(_parsed(text, file), file)
    where = Whereabouts(file, {} if _is_json(text) else key_lines(text))
    try:
        settings = validated(Settings, {"policy": written}, context={"base": file.resolve().parent})
    except ValidationError as error:
        raise describe_problems(error, model=Settings, where=where) from error
    refuse_contradictions(settings, where)
    return settings


def policy_body(policy: PolicySettings) -> dict[str, Any]:
    """Return a policy as the API takes it."""
    return policy.statement().as_json()


def _read(file: Path) -> str:
    try:
        content = file.read_bytes()[: _LARGEST_BYTES + 1]
    except OSError as error:
        raise PermanentError(f"{file}: {error.strerror or 'it cannot be read'}") from error
    if len(content) > _LARGEST_BYTES:
        raise PermanentError(f"{file}: too large; a file of policies has at most 1 MiB")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PermanentError(
            f"{file}: not UTF-8 text (byte {error.start})", remedy="save the file as UTF-8"
        ) from error


def _is_json(text: str) -> bool:
    """Whether it is meant as JSON: no TOML file that holds anything begins so."""
    return bool(re.match(r'\s*(\{|\[\s*[{\]"])', text))


def _parsed(text: str, file: Path) -> Any:
    if not _is_json(text):
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidError(f"{file}: not TOML: {error}") from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidError(f"{file}: not JSON: {error}") from error


def _policies(document: Any, file: Path) -> Any:
    """Return the list of policies, whichever way it is written; what it holds is checked later."""
    if isinstance(document, list):
        return document
    if "policy" in document:
        return document["policy"]
    if _ONE_OF_ITS_KEYS & set(document):
        return [document]
    raise InvalidError(
        f"{file}: it contains no policy", remedy="write [[policy]] sections as in trueup.toml"
    )
