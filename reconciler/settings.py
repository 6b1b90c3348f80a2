"""`trueup.toml`: found, read, checked, and refused with file, line and remedy.

Its sections are `[daemon]`, `[[stack]]`, `[[policy]]`, `[[severity]]` and `[[channel]]`.
Unknown keys are errors, so a typing mistake never silently means a default.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

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
    create_model,
    field_validator,
    model_validator,
)

from reconciler.bounded_files import read_text
from reconciler.checked_values import (
    ExistingDirectory,
    ExistingFile,
    Name,
    PlacedPath,
    Script,
    placed,
)
from reconciler.domain.errors import PermanentError
from reconciler.domain.passed_environment import WELL_KNOWN
from reconciler.domain.places import config_home, data_home
from reconciler.durations import read_duration
from reconciler.settings_problems import Whereabouts, describe_problems, describe_twins
from reconciler.settings_sections import fields_of
from reconciler.stack_options import StackTools, read_options, tool_of_keys
from reconciler.toml_positions import KeyPath, key_lines
from reconciler.wire.policies import Match, Statement

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


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


Interval = Annotated[timedelta, BeforeValidator(_interval)]
Span = Annotated[timedelta, BeforeValidator(_span)]
Size = Annotated[int, BeforeValidator(_size)]
FileTime = Annotated[datetime, AfterValidator(_aware)]
VariablePattern = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\*?$")]


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
    """One `[[stack]]`: what one tool manages in one directory, and how often it is scanned.

    Every key that is none of these fields is an option of the stack's tool.
    """

    directory: ExistingDirectory
    name: Name = ""
    tool: Name | None = None
    """Which adapter reads it; found by what lies in the directory, unless given."""
    interval: Interval = timedelta(minutes=15)
    adaptive: bool = False
    engine: Literal["auto", "plugin", "cli"] = "auto"
    env_file: ExistingFile | None = None
    options: Any = Field(default_factory=dict, validate_default=True)
    """What is said to the tool, checked by its adapter: JSON values by key, paths absolute."""

    @model_validator(mode="before")
    @classmethod
    def _named_after_directory(cls, raw: Any, info: ValidationInfo) -> Any:
        if not isinstance(raw, dict):
            return raw
        if "name" not in raw and isinstance(raw.get("directory"), str):
            raw = {**raw, "name": placed(Path(raw["directory"]), info).name or "root"}
        common = {key: value for key, value in raw.items() if key in COMMON_STACK_KEYS}
        return {**common, "options": {key: raw[key] for key in raw if key not in common}}

    @field_validator("tool")
    @classmethod
    def _is_installed(cls, tool: str | None, info: ValidationInfo) -> str | None:
        tools: StackTools | None = (info.context or {}).get("tools")
        if tool is not None and tools is not None and tool not in tools.names():
            message = f"no adapter is named {tool!r} (installed: {', '.join(tools.names())})"
            raise ValueError(message)
        return tool

    @field_validator("options")
    @classmethod
    def _checked_by_tool(cls, given: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        context = info.context or {}
        tools: StackTools | None = context.get("tools")
        if tools is None or "tool" not in info.data:
            return given
        also = tuple(COMMON_STACK_KEYS)
        tool = _tool_of(info.data, tools) or tool_of_keys(given, tools=tools, also_valid=also)
        read = read_options(tool, given, tools=tools, context=context, also_valid=also)
        return read.model_dump(mode="json", exclude_unset=True)


def _tool_of(read: Mapping[str, Any], tools: StackTools) -> str | None:
    """Return the tool of a stack; None where that cannot be told, as its own scan reports."""
    named: str | None = read["tool"]
    if named is not None or "directory" not in read:
        return named
    try:
        return tools.detect(read["directory"])
    except PermanentError:
        return None


COMMON_STACK_KEYS: Final = tuple(name for name in StackSettings.model_fields if name != "options")


class _PolicyKeys(_Section):
    """What `[[policy]]` writes otherwise than the API: places relative to the file, a template."""

    name: Name
    template: Name | None = None
    """The id of a template; the policy is about its resources only."""
    script: Script | None = None

    def statement(self) -> Statement:
        """Return the same as the API takes it."""
        written = {name: getattr(self, name) for name in _OF_POLICIES}
        match = Match(**written.pop("match").model_dump())
        script = str(self.script) if self.script else None
        return Statement(
            name=self.name, template_id=self.template, script=script, match=match, **written
        )


_OF_MATCH: Final = fields_of(Match)
_OF_POLICIES: Final = fields_of(
    Statement,
    without=("name", "template_id", "script"),
    instead={
        Match: create_model("PolicyMatch", __base__=_Section, **_OF_MATCH),
        datetime: FileTime,
    },
)
if TYPE_CHECKING:

    class PolicySettings(_PolicyKeys):
        """One `[[policy]]`; its other keys are those of the wire model."""

        match: Match
else:
    PolicySettings = create_model("PolicySettings", __base__=_PolicyKeys, **_OF_POLICIES)
    PolicySettings.__doc__ = "One `[[policy]]`: the keys of `wire.policies.Statement`."


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
    text = "" if file is None else _read(file)
    raw = _parse(text, file)
    overrides = {
        key: environment[name] for name, key in _OVERRIDES.items() if environment.get(name)
    }
    if overrides and isinstance(raw.get("daemon", {}), dict):
        raw["daemon"] = {**raw.get("daemon", {}), **overrides}
    base = Path() if file is None else file.resolve().parent
    try:
        context = {"base": base, "told_later": lost_stacks, "tools": tools}
        settings = Settings.model_validate(raw, context=context)
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
