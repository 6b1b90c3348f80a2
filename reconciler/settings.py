"""`trueup.toml`: found, read, checked, and refused with file, line and remedy.

Its sections are `[daemon]`, `[[stack]]`, `[[policy]]`, `[[severity]]` and `[[channel]]`.
Unknown keys are errors, so a typing mistake never silently means a default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError
from reconciler.domain.passed_environment import WELL_KNOWN
from reconciler.domain.places import config_home, data_home
from reconciler.durations import read_duration
from reconciler.settings_problems import Whereabouts, describe_problems, describe_twins
from reconciler.toml_positions import KeyPath, key_lines

FILE_NAME: Final = "trueup.toml"
SHORTEST_INTERVAL: Final = timedelta(seconds=10)
_OVERRIDES: Final = {
    "TRUEUP_LISTEN": "listen",
    "TRUEUP_DATABASE": "database",
    "TRUEUP_DATA_DIR": "data_dir",
}
_SIZE: Final = re.compile(r"(\d+)\s*([KMG]i?B)")
_SIZES: Final = {"K": 2**10, "M": 2**20, "G": 2**30}
_SMALLEST_MEMORY: Final = 2**26
_LISTEN: Final = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})")
_HIGHEST_PORT: Final = 65_535

SeverityWord = Literal["low", "medium", "high", "critical"]
KindWord = Literal["changed", "missing", "unmanaged", "unreadable"]


def _interval(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        message = 'a duration is text, such as "15m"'
        raise ValueError(message)  # noqa: TRY004  pydantic reports ValueError, not TypeError
    span = read_duration(value)
    if span < SHORTEST_INTERVAL:
        message = f"{value!r} is shorter than {SHORTEST_INTERVAL.seconds} s"
        raise ValueError(message)
    return span


def _span(value: object) -> object:
    return read_duration(value) if isinstance(value, str) else value


def _size(value: object) -> int:
    """Take `512MiB` or `2GB` as bytes; both kinds of unit mean powers of two."""
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        message = 'a size is text, such as "2GiB" or "512MiB"'
        raise ValueError(message)
    size = int(found.group(1)) * _SIZES[found.group(2)[0]]
    if size < _SMALLEST_MEMORY:
        message = f"{value!r} is less than one plugin needs; give at least 64MiB"
        raise ValueError(message)
    return size


def _placed(path: Path, info: ValidationInfo) -> Path:
    """Take a relative path as relative to the file that names it."""
    base = (info.context or {}).get("base", Path())
    # realpath, not resolve: that fails where a link leads back to itself.
    return Path(os.path.realpath(base / path.expanduser()))


def _seen(look: Callable[[], bool]) -> bool:
    try:
        return look()
    except OSError:
        return False


def _existing_directory(path: Path, info: ValidationInfo) -> Path:
    if not (info.context or {}).get("told_later") and not _seen(path.is_dir):
        message = f"the directory {path} does not exist or cannot be entered"
        raise ValueError(message)
    return path


def _script(path: Path) -> Path:
    if not _seen(path.is_file):
        message = f"the file {path} does not exist or cannot be read"
        raise ValueError(message)
    return path


def _existing_file(path: Path, info: ValidationInfo) -> Path:
    return path if (info.context or {}).get("told_later") else _script(path)


def _spoken(name: str) -> str:
    if name in {".", ".."}:
        message = f"{name!r} is not a valid name"
        raise ValueError(message)
    if not name.isprintable():
        # Control and direction characters make one name look like another.
        message = "a name holds no control or direction characters"
        raise ValueError(message)
    return name


Interval = Annotated[timedelta, BeforeValidator(_interval)]
Span = Annotated[timedelta, BeforeValidator(_span)]
Size = Annotated[int, BeforeValidator(_size)]
PlacedPath = Annotated[Path, AfterValidator(_placed)]
ExistingDirectory = Annotated[PlacedPath, AfterValidator(_existing_directory)]
Script = Annotated[PlacedPath, AfterValidator(_script)]
ExistingFile = Annotated[PlacedPath, AfterValidator(_existing_file)]
VariablePattern = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\*?$")]
Name = Annotated[
    str,
    Field(min_length=1, max_length=200, pattern=r"^[^\s/][^/\n]*$"),
    AfterValidator(_spoken),
]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DaemonSettings(_Section):
    """`[daemon]`; each key can be overridden by `TRUEUP_LISTEN`, `_DATABASE`, `_DATA_DIR`."""

    listen: str = "127.0.0.1:8427"
    database: str = Field(default="sqlite", repr=False)
    data_dir: PlacedPath | None = None
    hosts: tuple[Name, ...] = ()
    """Names by which the API may be asked, beside `listen`, `localhost` and addresses."""
    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()
    """Whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; nobody's by default."""
    open_metrics: bool = False
    """Whether `/metrics` needs no token on loopback."""
    confirm_after: Span = timedelta(seconds=30)
    """Drift must still be there this long after its first sight to be corrected unasked."""
    approval_time: Span = timedelta(hours=24)
    """How long a remediation waits for a person before it expires."""
    plugin_memory: Size = 2 * 2**30
    """Bytes that warm plugin processes may hold together; the coldest go first."""
    pass_environment: tuple[VariablePattern, ...] = WELL_KNOWN
    """Which of the daemon's own variables tools and plugins see beside the common ones."""
    roots: tuple[ExistingDirectory, ...] = ()
    """Below which directories the API may register stacks; never empty once loaded."""

    @field_validator("listen")
    @classmethod
    def _is_address(cls, value: str) -> str:
        found = _LISTEN.fullmatch(value)
        if not found or int(found.group(1)) > _HIGHEST_PORT:
            message = f"{value!r} is not HOST:PORT"
            raise ValueError(message)
        return value

    @field_validator("database")
    @classmethod
    def _is_database(cls, value: str) -> str:
        if value == "sqlite" or value.startswith(("postgresql://", "postgres://")):
            return value
        message = "a database is `sqlite` or `postgresql://user@host/name`"
        raise ValueError(message)


class StackSettings(_Section):
    """One `[[stack]]`: a Terraform root module or a Pulumi project, and how often to look."""

    directory: ExistingDirectory
    name: Name = ""
    workspace: Name | None = None
    pulumi_stack: str | None = Field(default=None, min_length=1)
    interval: Interval = timedelta(minutes=15)
    adaptive: bool = False
    engine: Literal["auto", "plugin", "cli"] = "auto"
    var_files: tuple[ExistingFile, ...] = ()
    env_file: ExistingFile | None = None
    working_directory: ExistingDirectory | None = None
    """Where terraform is called from, with `-chdir`; the directory itself, unless given."""
    run_code: bool = True
    """Whether the stack may have programs of its own run while it is looked at."""
    dynamic_providers: bool = False
    """Whether Pulumi providers that are code inside the stack's state may be run to read."""

    @model_validator(mode="before")
    @classmethod
    def _named_after_directory(cls, raw: Any, info: ValidationInfo) -> Any:
        if isinstance(raw, dict) and "name" not in raw and isinstance(raw.get("directory"), str):
            return {**raw, "name": _placed(Path(raw["directory"]), info).name or "root"}
        return raw

    @model_validator(mode="after")
    def _one_tool(self) -> Self:
        if self.workspace and self.pulumi_stack:
            message = "`workspace` is Terraform's and `pulumi_stack` is Pulumi's; keep one"
            raise ValueError(message)
        if self.dynamic_providers and not self.run_code:
            message = "`dynamic_providers = true` runs code, and `run_code = false` forbids it"
            raise ValueError(message)
        if self.working_directory and self.pulumi_stack:
            message = "`working_directory` is Terraform's, and `pulumi_stack` is Pulumi's; keep one"
            raise ValueError(message)
        return self


class PolicyMatch(_Section):
    """What a policy selects; every key given must hold."""

    stack: str | None = None
    type: str | None = None
    address: str | None = None
    path: str | None = None
    kind: KindWord | None = None
    host_group: str | None = None
    min_severity: SeverityWord | None = None
    max_severity: SeverityWord | None = None


class PolicySettings(_Section):
    """One `[[policy]]`."""

    name: Name
    match: PolicyMatch = PolicyMatch()
    drift_threshold: SeverityWord = "low"
    min_score: int = Field(default=0, ge=0, le=100)
    template: Name | None = None
    """The id of a template; the policy is about its resources only."""
    action_type: Literal["auto_correct", "quarantine", "manual_review"] = "manual_review"
    script: Script | None = None
    owner: str | None = None
    reason: str | None = None
    expires_at: datetime | None = None

    @field_validator("expires_at")
    @classmethod
    def _aware(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class SeverityMatch(_Section):
    """Which deviations a severity rule is about; every key given must hold."""

    type: str | None = None
    path: str | None = None
    kind: KindWord | None = None


class SeveritySettings(_Section):
    """One `[[severity]]`: a rule that goes before the shipped catalogue."""

    severity: SeverityWord
    match: SeverityMatch = SeverityMatch()
    reason: str | None = None


class ChannelSettings(_Section):
    """One `[[channel]]`; its address may hold a password, so it never prints."""

    name: Name
    url: SecretStr
    events: tuple[str, ...] = ()

    @field_validator("url")
    @classmethod
    def _has_scheme(cls, value: SecretStr) -> SecretStr:
        if "://" not in value.get_secret_value():
            message = "an address has a scheme, such as slack://, mailto:// or https://"
            raise ValueError(message)
        return value


class Settings(_Section):
    """A whole file."""

    daemon: DaemonSettings = DaemonSettings()
    stacks: tuple[StackSettings, ...] = Field(default=(), alias="stack")
    policies: tuple[PolicySettings, ...] = Field(default=(), alias="policy")
    severities: tuple[SeveritySettings, ...] = Field(default=(), alias="severity")
    channels: tuple[ChannelSettings, ...] = Field(default=(), alias="channel")


def find_settings_file(directory: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the nearest `trueup.toml` at or above `directory`, else the user's own."""
    return nearest_settings_file(directory) or own_settings_file(environment)


def nearest_settings_file(directory: Path) -> Path | None:
    """Return the nearest `trueup.toml` at or above `directory`."""
    start = directory.resolve()
    places = (folder / FILE_NAME for folder in (start, *start.parents))
    return next((path for path in places if path.is_file()), None)


def own_settings_file(environment: Mapping[str, str]) -> Path | None:
    """Return the user's own `trueup.toml`, where there is one."""
    own = config_home(environment) / FILE_NAME
    return own if own.is_file() else None


def load_settings(
    file: Path | None, environment: Mapping[str, str], *, lost_stacks: bool = False
) -> Settings:
    """Return the checked settings of `file`, or the defaults when there is none.

    With `lost_stacks` a stack whose directory or file is not there is no error: whoever watches
    many says it of that one, and goes on with the others.

    Raises:
        PermanentError: unreadable, no TOML, an unknown key, a bad value, two stacks of
            one name, a directory that is not there; each with file and line.
    """
    text = "" if file is None else _read(file)
    raw = _parse(text, file)
    overrides = {
        key: environment[name] for name, key in _OVERRIDES.items() if environment.get(name)
    }
    if overrides and isinstance(raw.get("daemon", {}), dict):
        raw["daemon"] = {**raw.get("daemon", {}), **overrides}
    base = Path() if file is None else file.resolve().parent
    try:
        settings = Settings.model_validate(raw, context={"base": base, "told_later": lost_stacks})
    except ValidationError as error:
        names: dict[KeyPath, str] = {
            ("daemon", key): name for name, key in _OVERRIDES.items() if key in overrides
        }
        where = Whereabouts(file, key_lines(text), names)
        raise describe_problems(error, model=Settings, where=where) from error
    _refuse_twins(settings, file, text)
    return settings if settings.daemon.roots else _with_roots(settings, file)


def _with_roots(settings: Settings, file: Path | None) -> Settings:
    """Allow the API what lies beside the file, or where there is none the user's home."""
    root = Path.home() if file is None else file.resolve().parent
    daemon = settings.daemon.model_copy(update={"roots": (root,)})
    return settings.model_copy(update={"daemon": daemon})


def data_directory(settings: Settings, environment: Mapping[str, str]) -> Path:
    """Return where the daemon keeps its database and keys."""
    return settings.daemon.data_dir or data_home(environment)


def _read(file: Path) -> str:
    try:
        return read_text(file)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise PermanentError(
            f"{file}: {reason}", remedy="name another with --config, or run `trueup init`"
        ) from error
    except UnicodeDecodeError as error:
        raise PermanentError(
            f"{file}: not UTF-8 text (byte {error.start})", remedy="save the file as UTF-8"
        ) from error


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
        "channel": [channel.name for channel in settings.channels],
    }
    for section, names in sections.items():
        first: dict[str, int] = {}
        for index, name in enumerate(names):
            if name in first:
                where = Whereabouts(file, key_lines(text))
                raise describe_twins(section, name, indexes=(first[name], index), where=where)
            first[name] = index
