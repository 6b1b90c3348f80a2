"""What `trueup.toml` may say: one model for each of its sections.

Its sections are `[daemon]`, `[[stack]]`, `[[policy]]`, `[[guardrail]]`, `[[ignore]]`,
`[[script]]`, `[[severity]]` and `[[channel]]`.
Unknown keys are errors, so a typing mistake never silently means a default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from reconciler.checked_values import ExistingDirectory, ExistingFile, Name, PlacedPath, placed
from reconciler.domain.errors import InvalidError, PermanentError
from reconciler.domain.passed_environment import WELL_KNOWN
from reconciler.field_rules import Checked, Reading, Rule, Section
from reconciler.settings_location import LISTEN
from reconciler.settings_values import Deferred, Interval, Size, Span, VariablePattern
from reconciler.stack_options import StackTools
from reconciler.wire.rules import KindWord, SeverityWord

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from reconciler.settings_channels import ChannelSettings
    from reconciler.settings_guardrails import GuardrailSettings
    from reconciler.settings_ignores import IgnoreSettings
    from reconciler.settings_policies import PolicySettings
    from reconciler.settings_scripts import ScriptSettings

    Network = IPv4Network | IPv6Network

_LISTEN: Final = re.compile(r"(?:\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})")
_HIGHEST_PORT: Final = 65_535


def _is_address(value: str) -> str:
    found = _LISTEN.fullmatch(value)
    if not found or int(found.group(1)) > _HIGHEST_PORT:
        message = f"{value!r} is not HOST:PORT"
        raise ValueError(message)
    return value


def _is_database(value: str) -> str:
    if value == "sqlite" or value.startswith(("postgresql://", "postgres://")):
        return value
    message = "a database is `sqlite` or `postgresql://user@host/name`"
    raise ValueError(message)


def _network(value: str) -> Network:
    from ipaddress import ip_network  # noqa: PLC0415  few name one

    try:
        return ip_network(value)
    except ValueError as error:
        message = "an address or a network is expected, such as 10.0.0.7 or 10.0.0.0/8"
        raise ValueError(message) from error


def _is_web_address(url: str) -> str:
    from reconciler.domain.notice_links import check_web_address  # noqa: PLC0415  few name one

    try:
        return check_web_address(url)
    except InvalidError as error:
        message = f"{error}; {error.remedy}"
        raise ValueError(message) from error


Listen = Annotated[str, Rule(check=_is_address)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonSettings(Section):
    """`[daemon]`; each key can be overridden by `TRUEUP_LISTEN`, `_DATABASE`, `_DATA_DIR`."""

    listen: Listen = LISTEN
    tls_listen: Listen | None = None
    """A second address, with TLS, for agents and clients on other machines."""
    tls_certificate: PlacedPath | None = None
    """The certificate and those that sign it, as PEM; read anew at a reload."""
    tls_key: PlacedPath | None = None
    database: Annotated[str, Rule(check=_is_database)] = field(default="sqlite", repr=False)
    data_dir: PlacedPath | None = None
    hosts: tuple[Name, ...] = ()
    """Names by which the API may be asked, beside `listen`, `localhost` and addresses."""
    public_url: Annotated[str, Rule(check=_is_web_address)] | None = None
    """Where people reach the API, through whatever proxy: messages of channels link to it."""
    trusted_proxies: tuple[Annotated[Any, Rule(check=_network)], ...] = ()
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
    scripts: ExistingDirectory | None = None
    """Where the files of `[[script]]` lie; without it no script ever runs."""
    roots: tuple[ExistingDirectory, ...] = ()
    """Below which directories the API may register stacks; never empty once loaded."""

    def __post_init__(self) -> None:
        """Refuse a part of what TLS needs."""
        given = {self.tls_listen is None, self.tls_certificate is None, self.tls_key is None}
        if len(given) > 1:
            message = "tls_listen, tls_certificate and tls_key belong together: set all or none"
            raise ValueError(message)


def _is_installed(tool: str, reading: Reading) -> str:
    tools: StackTools | None = (reading.context or {}).get("tools")
    if tools is not None and tool not in tools.names():
        message = f"no adapter is named {tool!r} (installed: {', '.join(tools.names())})"
        raise ValueError(message)
    return tool


def _checked_by_tool(given: dict[str, Any], reading: Reading) -> dict[str, Any]:
    context = reading.context or {}
    tools: StackTools | None = context.get("tools")
    if tools is None or "tool" not in reading.data:
        return given
    from reconciler.option_reading import read_options, tool_of_keys  # noqa: PLC0415  see there

    also = tuple(COMMON_STACK_KEYS)
    tool = _tool_of(reading.data, tools) or tool_of_keys(given, tools=tools, also_valid=also)
    kept = read_options(tool, given, tools=tools, context=context, also_valid=also).kept()
    return {key: value for key, value in kept.items() if key in given}


@dataclass(frozen=True, slots=True, kw_only=True)
class StackSettings(Section):
    """One `[[stack]]`: what one tool manages in one directory, and how often it is scanned.

    Every other key is an option of the stack's tool.
    """

    directory: ExistingDirectory
    name: Name = ""
    tool: Annotated[Name, Checked(_is_installed)] | None = None
    """Which adapter reads it; found by what lies in the directory, unless given."""
    interval: Interval = timedelta(minutes=15)
    adaptive: bool = False
    engine: Literal["auto", "plugin", "cli"] = "auto"
    env_file: ExistingFile | None = None
    options: Annotated[Any, Checked(_checked_by_tool)] = field(default_factory=dict)
    """What is said to the tool, checked by its adapter: JSON values by key, paths absolute."""

    @classmethod
    def completed(cls, written: Any, reading: Reading) -> Any:
        """Return the common keys, a name among them, and all others as options."""
        if not isinstance(written, dict):
            return written
        if "name" not in written and isinstance(written.get("directory"), str):
            name = placed(Path(written["directory"]), reading).name or "root"
            written = {**written, "name": name}
        common = {key: value for key, value in written.items() if key in COMMON_STACK_KEYS}
        return {**common, "options": {key: written[key] for key in written if key not in common}}


def _tool_of(read: Mapping[str, Any], tools: StackTools) -> str | None:
    """Return the tool of a stack; None where that cannot be told, as its own scan reports."""
    named: str | None = read["tool"]
    if named is not None or "directory" not in read:
        return named
    try:
        return tools.detect(read["directory"])
    except PermanentError:
        return None


COMMON_STACK_KEYS: Final = tuple(
    field.name for field in fields(StackSettings) if field.name != "options"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityMatch(Section):
    """Which deviations a severity rule is about; every key given must hold."""

    type: str | None = None
    path: str | None = None
    kind: KindWord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeveritySettings(Section):
    """One `[[severity]]`: a rule that goes before the shipped catalogue."""

    severity: SeverityWord
    match: SeverityMatch = SeverityMatch()
    reason: str | None = None


def _policies() -> type[PolicySettings]:
    from reconciler.settings_policies import PolicySettings  # noqa: PLC0415  only where written

    return PolicySettings


def _guardrails() -> type[GuardrailSettings]:
    from reconciler.settings_guardrails import GuardrailSettings  # noqa: PLC0415  only where written

    return GuardrailSettings


def _ignores() -> type[IgnoreSettings]:
    from reconciler.settings_ignores import IgnoreSettings  # noqa: PLC0415  only where written

    return IgnoreSettings


def _scripts() -> type[ScriptSettings]:
    from reconciler.settings_scripts import ScriptSettings  # noqa: PLC0415  only where written

    return ScriptSettings


def _channels() -> type[ChannelSettings]:
    from reconciler.settings_channels import ChannelSettings  # noqa: PLC0415  only where written

    return ChannelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Section):
    """A whole file."""

    daemon: DaemonSettings = DaemonSettings()
    stacks: tuple[StackSettings, ...] = ()
    policies: tuple[Annotated[Any, Deferred(_policies)], ...] = ()
    guardrails: tuple[Annotated[Any, Deferred(_guardrails)], ...] = ()
    ignores: tuple[Annotated[Any, Deferred(_ignores)], ...] = ()
    scripts: tuple[Annotated[Any, Deferred(_scripts)], ...] = ()
    severities: tuple[SeveritySettings, ...] = ()
    channels: tuple[Annotated[Any, Deferred(_channels)], ...] = ()
    written_as: ClassVar[Mapping[str, str]] = {
        "stacks": "stack",
        "policies": "policy",
        "guardrails": "guardrail",
        "ignores": "ignore",
        "scripts": "script",
        "severities": "severity",
        "channels": "channel",
    }
