"""The `Scripts` port: script files as they lie on this host, checked, and made into jobs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reconciler.domain.errors import PermanentError
from reconciler.domain.passed_environment import without_ours
from reconciler.domain.scripts import PlannedScript, ScriptRule
from reconciler.domain.values import Json
from reconciler.ports import RunnerJob
from reconciler.script_launcher import IN_NAMESPACES

LAUNCHER: Final = Path(__file__).parent.parent / "script_launcher.py"
MOST_OUTPUT_BYTES: Final = 64 * 1024
_MOST_BYTES: Final = 4 * 2**20
_TRIAL_S: Final = 10.0
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Their names begin with `plan`, so they go when the run ends.
_PROGRAM, _INPUT, _SPEC, _WORK = "plan.script", "plan.input.json", "plan.spec.json", "plan.work"


class ScriptFiles:
    """Implements `reconciler.ports.Scripts` over the rules of the settings."""

    def __init__(self, rules: Mapping[str, ScriptRule]) -> None:
        self._rules = rules

    @property
    def names(self) -> frozenset[str]:
        """See `Scripts.names`."""
        return frozenset(self._rules)

    def save(
        self, name: str, given: Json, *, folder: Path, environment: Mapping[str, str]
    ) -> tuple[PlannedScript, RunnerJob]:
        """See `Scripts.save`."""
        rule = self._rules.get(name)
        if rule is None:
            raise PermanentError(
                f"trueup.toml has no [[script]] named {name!r}",
                remedy="add it with its sha256, or change the policy that names it",
            )
        content = checked_content(rule)
        planned = PlannedScript(rule, given, lack=lack_of(rule))
        seen = {**without_ours(os.environ), **environment}
        return planned, _job(planned, content, folder=folder, environment=seen)


def checked_content(rule: ScriptRule) -> bytes:
    """Return what the script's file holds.

    Raises:
        PermanentError: it is not there, is no plain executable file, somebody else may write it,
            or its content is not the one that the rule allows.
    """
    path = Path(rule.path)
    try:
        _refuse_open_folder(path.parent)
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _refuse_unsafe(path, os.fstat(descriptor))
            content = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise PermanentError(
            f"script {rule.name}: {path}: {error.strerror}",
            remedy="put the script there, or change [[script]] in trueup.toml",
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != rule.sha256:
        raise PermanentError(
            f"script {rule.name}: {path} is not the allowed one: its SHA-256 is {found},"
            f" and [[script]] says {rule.sha256}",
            remedy="look at what changed, then write the new sha256 into trueup.toml and reload",
        )
    return content


def lack_of(rule: ScriptRule) -> str | None:
    """Return why this host cannot isolate the script as its rule asks; None where it can."""
    if not rule.isolated or rule.network in _works:
        return None
    lack = _trial(network=rule.network)
    # Only what works is kept: a host that was short of processes may isolate the next time.
    if lack is None:
        _works.add(rule.network)
    return lack


_works: Final[set[bool]] = set()
"""With which `network` namespaces could be made."""


def _trial(*, network: bool) -> str | None:
    """Make the namespaces: whether a host allows them is told by nothing else."""
    if (unshare := _unshare()) is None:
        return f"this host has no `unshare` (util-linux) in {_PATH}, which isolates scripts"
    argv = [unshare, *IN_NAMESPACES, *(() if network else ("--net",)), "--", "true"]
    try:
        ended = subprocess.run(
            argv, env={"PATH": _PATH}, capture_output=True, timeout=_TRIAL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"`unshare` cannot be run: {type(error).__name__}"
    if ended.returncode == 0:
        return None
    said = ended.stderr.decode(errors="replace").strip().splitlines()
    return f"this host does not allow namespaces: {said[-1] if said else ended.returncode}"


def _unshare() -> str | None:
    return shutil.which("unshare", path=_PATH)


def _refuse_open_folder(folder: Path) -> None:
    found = folder.stat()
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or found.st_uid not in _OWNERS:
        raise PermanentError(
            f"the scripts directory {folder} can be written by others than the daemon's user",
            remedy=f"chmod go-w {folder}, and give it to root or to the daemon's user",
        )


def _refuse_unsafe(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_BYTES:
        raise PermanentError(
            f"the script {path} is no plain file of at most {_MOST_BYTES // 2**20} MiB",
            remedy="put the script itself there: neither a link, nor a folder",
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or found.st_uid not in _OWNERS:
        raise PermanentError(
            f"the script {path} can be written by others than the daemon's user",
            remedy=f"chmod go-w {path}, and give it to root or to the daemon's user",
        )
    if not found.st_mode & stat.S_IXUSR:
        raise PermanentError(
            f"the script {path} is not executable",
            remedy=f"chmod u+x {path}, and begin it with a line such as #!/usr/bin/python3",
        )


_OWNERS: Final = frozenset({0, os.geteuid()})


def _job(
    planned: PlannedScript, content: bytes, *, folder: Path, environment: Mapping[str, str]
) -> RunnerJob:
    """Put a copy of exactly the checked bytes into `folder`, and return what runs that copy."""
    rule, limits = planned.rule, planned.rule.limits
    folder = folder.absolute()
    work = folder / _WORK
    work.mkdir(mode=0o700)
    _write(folder / _PROGRAM, content, mode=0o500)
    _write(folder / _INPUT, json.dumps(planned.given, sort_keys=True).encode(), mode=0o400)
    spec = {
        "program": str(folder / _PROGRAM),
        "sha256": rule.sha256,
        "input": str(folder / _INPUT),
        "directory": str(work),
        "seconds": limits.time.total_seconds(),
        "output": MOST_OUTPUT_BYTES,
        "isolated": rule.isolated,
        "network": rule.network,
        "unshare": _unshare() or "unshare",  # where it is missing, a guard holds the run
        "memory": limits.memory,
        "processes": limits.processes,
        "open_files": limits.open_files,
        "file_size": limits.file_size,
        "disk": limits.disk,
    }
    _write(folder / _SPEC, json.dumps(spec).encode(), mode=0o400)
    named = {key: environment[key] for key in rule.environment if key in environment}
    clean = {"PATH": _PATH, "HOME": str(work), "TMPDIR": str(work), "LANG": "C.UTF-8", **named}
    argv = (sys.executable, "-I", "-S", str(LAUNCHER), "run", str(folder / _SPEC))
    return RunnerJob(argv, work, clean)


def _write(file: Path, content: bytes, *, mode: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
