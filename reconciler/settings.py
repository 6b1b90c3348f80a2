"""What `trueup.toml` may say: one model for each of its sections.

Its sections are `[daemon]`, `[[stack]]`, `[[policy]]`, `[[guardrail]]`, `[[ignore]]`,
`[[severity]]` and `[[channel]]`.
Unknown keys are errors, so a typing mistake never silently means a default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)

from reconciler.checked_values import (
    ExistingDirectory,
    ExistingFile,
    Name,
    PlacedPath,
    Script,
    placed,
)
from reconciler.domain.errors import InvalidError, PermanentError
from reconciler.domain.passed_environment import WELL_KNOWN
from reconciler.settings_guardrails import GuardrailSettings, WindowText
from reconciler.settings_ignores import IgnoreSettings
from reconciler.settings_location import LISTEN
from reconciler.settings_sections import fields_of
from reconciler.settings_values import FileTime, Interval, Size, Span, VariablePattern
from reconciler.stack_options import StackTools, read_options, tool_of_keys
from reconciler.wire.policies import Match, Statement
from reconciler.wire.rules import KindWord, SeverityWord

_LISTEN: Final = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})")
_HIGHEST_PORT: Final = 65_535


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class DaemonSettings(_Section):
    """`[daemon]`; each key can be overridden by `TRUEUP_LISTEN`, `_DATABASE`, `_DATA_DIR`."""

    listen: str = LISTEN
    tls_listen: str | None = None
    """A second address, with TLS, for agents and clients on other machines."""
    tls_certificate: PlacedPath | None = None
    """The certificate and those that sign it, as PEM; read anew at a reload."""
    tls_key: PlacedPath | None = None
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

    @field_validator("listen", "tls_listen")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        found = _LISTEN.fullmatch(value)
        if not found or int(found.group(1)) > _HIGHEST_PORT:
            message = f"{value!r} is not HOST:PORT"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _has_all_of_tls(self) -> Self:
        given = {self.tls_listen is None, self.tls_certificate is None, self.tls_key is None}
        if len(given) > 1:
            message = "tls_listen, tls_certificate and tls_key belong together: set all or none"
            raise ValueError(message)
        return self

    @field_validator("database")
    @classmethod
    def _is_database(cls, value: str) -> str:
        if value == "sqlite" or value.startswith(("postgresql://", "postgres://")):
            return value
        message = "a database is `sqlite` or `postgresql://user@host/name`"
        raise ValueError(message)


class StackSettings(_Section):
    """One `[[stack]]`: what one tool manages in one directory, and how often it is scanned.

    Every other key is an option of the stack's tool.
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
    secret: SecretStr | None = None
    events: tuple[str, ...] = ()
    min_severity: SeverityWord = "low"
    stacks: tuple[str, ...] = ()
    group_wait: Span = timedelta(seconds=10)
    update_every: Span = timedelta(minutes=1)
    after: Span = timedelta()
    digest: Span | None = None
    quiet: tuple[WindowText, ...] = ()
    heartbeat: Span | None = None
    most_open: Annotated[int, Field(ge=1, le=400)] = 20
    """How many tickets may be open at a time, where it is a tracker of tickets."""

    @field_validator("url")
    @classmethod
    def _has_scheme(cls, value: SecretStr) -> SecretStr:
        if "://" not in value.get_secret_value():
            message = "an address has a scheme, such as slack://, mailto:// or https://"
            raise ValueError(message)
        return value

    @field_validator("events")
    @classmethod
    def _are_events(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        from reconciler.domain.alerts import alerting_events  # noqa: PLC0415  few have a channel

        try:
            alerting_events(words)
        except InvalidError as error:
            message = f"{error}; {error.remedy}"
            raise ValueError(message) from error
        return words


class Settings(_Section):
    """A whole file."""

    daemon: DaemonSettings = DaemonSettings()
    stacks: tuple[StackSettings, ...] = Field(default=(), alias="stack")
    policies: tuple[PolicySettings, ...] = Field(default=(), alias="policy")
    guardrails: tuple[GuardrailSettings, ...] = Field(default=(), alias="guardrail")
    ignores: tuple[IgnoreSettings, ...] = Field(default=(), alias="ignore")
    severities: tuple[SeveritySettings, ...] = Field(default=(), alias="severity")
    channels: tuple[ChannelSettings, ...] = Field(default=(), alias="channel")
