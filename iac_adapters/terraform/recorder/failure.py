"""Why a plan gave no recording, in words that name what to change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host.provider_errors import Cause, cause_of, remedy_for
from iac_adapters.terraform.diagnostics_text import Diagnostic, plain_text, render_diagnostics
from iac_adapters.terraform.installed import LOCK_FILE
from reconciler.domain.errors import PermanentError

_MOST_LINES: Final = 30
_OF_A_PROVIDER: Final = "provider["


@dataclass(frozen=True, slots=True)
class _Known:
    """A failure known by its words; `{directory}` and `{tool}` are filled in."""

    words: re.Pattern[str]
    headline: str
    remedy: str


def _known(words: str, headline: str, remedy: str) -> _Known:
    return _Known(re.compile(words, re.IGNORECASE), headline, remedy)


# Source: internal/command/meta_providers.go, internal/depsfile/locks_file.go and
# internal/terraform/upgrade_resource_state.go of Terraform 1.11; OpenTofu kept the words.
_FAILURES: Final = (
    _known(
        r"failed to read dependency lock file",
        f"{{directory}}/{LOCK_FILE}: is broken",
        "restore it from version control, or remove it and run `{tool} init` in {directory}",
    ),
    _known(
        r"Inconsistent dependency lock file|Module not installed|Missing required provider|"
        r"Required plugins are not installed|Module source has changed|"
        r"Module version requirements have changed|Backend initialization required",
        "{directory}: is not initialised for its code and state",
        "run `{tool} init` in {directory}",
    ),
    _known(
        r"managed by newer provider version",
        "{directory}: the state was written by a newer provider than the installed one",
        "run `{tool} init -upgrade` in {directory}, or allow the newer version in"
        " `required_providers` first",
    ),
    _known(
        r"no schema available for \S+ while reading state",
        "{directory}: the state holds a type that the installed provider does not know",
        "run `{tool} init -upgrade` in {directory}; where the type was given up, take the"
        " resource out with `{tool} state rm`",
    ),
    _known(
        r"Unsupported state file format",
        "{directory}: its state is no state file",
        "restore the state from terraform.tfstate.backup or from its backend's versions",
    ),
    _known(
        r"Invalid resource type|Invalid data source",
        "{directory}: the code does not evaluate",
        "correct the type, or run `{tool} init -upgrade` where a newer provider has it",
    ),
)


def plan_failure(
    directory: Path, *, tool: str, diagnostics: Sequence[Diagnostic], stderr: str, exit_code: int
) -> PermanentError:
    """Return the error that tells why the plan failed, in the tool's own words below ours."""
    text = render_diagnostics(diagnostics) or plain_text(stderr) or f"exit code {exit_code}"
    headline, remedy = _judged(text, diagnostics)
    names = {"directory": directory, "tool": tool}
    return PermanentError(
        f"{headline.format(**names)}\n{_shortened(text)}", remedy=remedy.format(**names)
    )


def _judged(text: str, diagnostics: Sequence[Diagnostic]) -> tuple[str, str]:
    for failure in _FAILURES:
        if failure.words.search(text):
            return failure.headline, failure.remedy
    cause = _cause(diagnostics)
    if (remedy := remedy_for(cause)) is not None:
        return "{directory}: its provider could not be configured", remedy
    return (
        "{directory}: the code does not evaluate",
        "correct what is named above; `{tool} plan` in {directory} shows the same error",
    )


def _cause(diagnostics: Sequence[Diagnostic]) -> Cause:
    """Judge by what providers said of their own configuration: code may hold any words."""
    own = [d for d in diagnostics if (d.address or "").startswith(_OF_A_PROVIDER)]
    return cause_of("\n".join(f"{d.summary}\n{d.detail}" for d in own))


def _shortened(text: str) -> str:
    """Return the first lines; a broken file may be complained about a hundred times over."""
    lines = [line for line, _ in groupby(text.splitlines())]
    if len(lines) <= _MOST_LINES:
        return "\n".join(lines)
    return "\n".join([*lines[:_MOST_LINES], f"... and {len(lines) - _MOST_LINES} lines more"])
