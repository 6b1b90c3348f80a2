"""Where concrete things are chosen: clock, key, directories, adapters, targets."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import StackName
from reconciler.domain.places import cache_home
from reconciler.domain.report import Judging
from reconciler.domain.severity import Rulebook, SeverityRule, override_rule
from reconciler.domain.severity_catalogue import CATALOGUE
from reconciler.environment_file import read_environment_file
from reconciler.ports import IacAdapter, StackReference
from reconciler.registry import adapter_names, load_adapter
from reconciler.settings import Settings, StackSettings

_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Targets:
    """What the command line asked to scan; each `chosen` is a directory or a stack's name."""

    chosen: tuple[str, ...] = ()
    engine: str | None = None
    workspace: str | None = None
    pulumi_stack: str | None = None
    var_files: tuple[Path, ...] = ()


class SystemClock:
    """The computer's own time."""

    def now(self) -> datetime:
        """Return the present in UTC."""
        return datetime.now(UTC)


def open_adapter(
    tool: str,
    *,
    data_dir: Path,
    key: bytes,
    progress: Callable[[str], None] | None = None,
) -> IacAdapter:
    """Return a fresh adapter for `tool`; the caller closes it.

    Raises:
        PermanentError: none is installed.
    """
    if tool == "pulumi" and tool not in adapter_names():
        raise PermanentError(
            "Pulumi stacks cannot be scanned yet: this version of trueup has no adapter for them",
            remedy="scan the Terraform stacks by naming their directories",
        )
    adapter = load_adapter(tool)
    return adapter(data_dir=data_dir, cache_dir=cache_home(os.environ), key=key, progress=progress)


def severity_overrides(settings: Settings) -> tuple[SeverityRule, ...]:
    """Return the rules of `[[severity]]`, in the order they are written."""
    return tuple(
        override_rule(
            entry.severity,
            type=entry.match.type,
            path=entry.match.path,
            kind=entry.match.kind,
            reason=entry.reason,
        )
        for entry in settings.severities
    )


def judging(key: bytes, overrides: Sequence[SeverityRule] = ()) -> Judging:
    """Return the shipped catalogue with the user's rules before it."""
    return Judging(Rulebook(overrides=tuple(overrides), catalogue=CATALOGUE), key=key)


def instance_key(data_dir: Path) -> bytes:
    """Return this installation's key, made on first use.

    It keys every digest of a value, so it must outlive a pass: a new one makes each
    known drift look new. Two processes starting at once end up with the same key.

    Raises:
        PermanentError: the file is not ours alone, is damaged, or cannot be written.
    """
    path = data_dir / "instance.key"
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create_once(path, secrets.token_bytes(_KEY_BYTES))
        mode, key = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise PermanentError(
            f"{path}: {error.strerror or error}", remedy="make the directory writable for you"
        ) from error
    if mode & 0o077:
        raise PermanentError(f"{path}: others may read this key", remedy=f"chmod 600 {path}")
    if len(key) != _KEY_BYTES:
        raise PermanentError(
            f"{path}: holds {len(key)} bytes where {_KEY_BYTES} are expected",
            remedy="restore it from a backup, or remove it: known drifts will then look new",
        )
    return key


def _create_once(path: Path, content: bytes) -> None:
    """Leave `path` whole, mode 0600; if another process was first, leave its file."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".instance-key-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link fails where a rename would replace: the first writer wins.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        Path(temporary).unlink()


def detect_tool(directory: Path) -> str:
    """Return `terraform` or `pulumi`, by what lies in `directory`.

    Raises:
        PermanentError: it is no directory, or holds neither.
    """
    if not directory.is_dir():
        what = "is not a directory" if directory.exists() else "does not exist"
        raise PermanentError(
            f"{directory} {what}", remedy="name a directory, or a stack of trueup.toml"
        )
    try:
        names = {entry.name for entry in directory.iterdir()}
    except OSError as error:
        raise PermanentError(f"{directory}: {error.strerror or error}") from error
    if names & {"Pulumi.yaml", "Pulumi.yml"}:
        return "pulumi"
    if any(name.endswith((".tf", ".tf.json", ".tofu", ".tofu.json")) for name in names):
        return "terraform"
    raise PermanentError(
        f"{directory} holds no template: no *.tf file and no Pulumi.yaml",
        remedy="name the directory of a root module, or run `trueup init` to find them",
    )


def resolve_targets(
    targets: Targets, *, stacks: Iterable[StackSettings] = (), here: Path
) -> tuple[StackReference, ...]:
    """Return the stacks meant, each once, in the order they were named.

    A name of `trueup.toml` wins over a directory of the same name. Without any, all
    stacks of `trueup.toml` are meant, and without those the directory `here`.

    Raises:
        PermanentError: one is neither, or holds no template.
    """
    configured = {stack.name: stack for stack in stacks}
    if not targets.chosen and configured:
        return tuple(_configured(stack, targets) for stack in configured.values())
    references = [
        _configured(configured[name], targets)
        if name in configured
        else _by_directory(name, configured, targets, here)
        for name in targets.chosen or (".",)
    ]
    return _told_apart(references, here)


def _told_apart(references: Iterable[StackReference], here: Path) -> tuple[StackReference, ...]:
    """Drop repetitions; where two stacks share a name, name them by their path instead."""
    kept = tuple({(one.name, one.directory): one for one in references}.values())
    times = Counter(one.name for one in kept)
    return tuple(
        one
        if times[one.name] == 1
        else replace(one, name=StackName(os.path.relpath(one.directory, here)))
        for one in kept
    )


def _by_directory(
    given: str, configured: Mapping[str, StackSettings], targets: Targets, here: Path
) -> StackReference:
    # realpath, not resolve: a link that leads back to itself is answered below.
    directory = Path(os.path.realpath(here / given))
    for stack in configured.values():
        if stack.directory.resolve() == directory and not targets.pulumi_stack:
            return _configured(stack, targets)
    if not directory.exists() and os.sep not in given and given not in (".", ".."):
        names = ", ".join(sorted(configured)) or "none"
        raise PermanentError(
            f"{given!r} is neither a directory nor a stack of trueup.toml (stacks: {names})",
            remedy="name a directory, or add the stack with `trueup init`",
        )
    return StackReference(
        name=StackName(directory.name or "root"),
        directory=directory,
        tool=detect_tool(directory),
        workspace=targets.workspace,
        pulumi_stack=targets.pulumi_stack,
        var_files=tuple((here / file).resolve() for file in targets.var_files),
        engine=targets.engine or "auto",
    )


def _configured(stack: StackSettings, targets: Targets) -> StackReference:
    directory = stack.directory.resolve()
    return StackReference(
        name=StackName(stack.name),
        directory=directory,
        tool=detect_tool(directory),
        workspace=targets.workspace or stack.workspace,
        pulumi_stack=targets.pulumi_stack or stack.pulumi_stack,
        var_files=(*stack.var_files, *(file.resolve() for file in targets.var_files)),
        engine=targets.engine or stack.engine,
        environment=read_environment_file(stack.env_file) if stack.env_file else {},
    )
