"""The scripts of `trueup.toml`, checked before they are in force."""

from __future__ import annotations

from reconciler.dispatch.script_files import ScriptFiles, checked_content
from reconciler.settings import Settings


def open_scripts(settings: Settings) -> ScriptFiles | None:
    """Return the scripts that policies may name; None where there is no directory of them.

    Raises:
        PermanentError: a file is missing, unsafe, or not the one whose hash is written.
    """
    directory = settings.daemon.scripts
    if directory is None:
        return None
    rules = {written.name: written.rule(directory) for written in settings.scripts}
    for rule in rules.values():
        checked_content(rule)
    return ScriptFiles(rules)
