"""What may be sent: bodies and queries, each key checked and none ignored."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from reconciler.domain.model import Severity
from reconciler.domain.phases import Phase
from reconciler.durations import read_duration

LARGEST_PAGE: Final = 500
USUAL_PAGE: Final = 100
OPEN_STATE: Final = "open"
_TIME: Final = r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$"
_DURATION: Final = r"^(\d{1,9}(\.\d{1,3})?[dhms]){1,4}$"
_LONGEST_SPAN: Final = timedelta(days=3660)


def read_time(text: str) -> datetime:
    """Return the moment `text` (RFC 3339) names, in UTC.

    Raises:
        ValueError: there is no such moment.
    """
    if not re.fullmatch(_TIME, text):
        raise ValueError("write a time as 2026-05-01T10:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError("there is no such time") from error


def _is_time(text: str) -> str:
    read_time(text)
    return text


def _is_duration(text: str) -> str:
    if not timedelta() < read_duration(text) <= _LONGEST_SPAN:
        raise ValueError("a duration must be longer than 0 and at most ten years")
    return text


Time = Annotated[
    str,
    AfterValidator(_is_time),
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-05-01T10:00:00Z"]),
]
Duration = Annotated[
    str, AfterValidator(_is_duration), Field(pattern=_DURATION, examples=["15m", "1h30m"])
]
Word = Annotated[str, Field(min_length=1, max_length=200)]
Sentence = Annotated[str, Field(min_length=1, max_length=2000)]
Glob = Annotated[str, Field(min_length=1, max_length=1000)]
FilePath = Annotated[str, Field(min_length=1, max_length=4096)]
StackNameText = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\s/][^/\n]*$")]
SeverityWord = Literal["low", "medium", "high", "critical"]
KindWord = Literal["changed", "missing", "unmanaged", "unreadable"]
RoleWord = Literal["viewer", "operator", "approver", "admin", "auditor", "agent", "reporter"]
ActionWord = Literal["auto_correct", "quarantine", "manual_review"]


class Body(BaseModel):
    """A body: no key more, and no text where a number stands."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class TemplateBody(Body):
    """A template to be kept."""

    resource_type: Word = Field(examples=["aws_security_group"])
    template_definition: dict[str, Any] = Field(examples=[{"ingress": [{"from_port": 443}]}])
    name: str = Field(default="", max_length=200)
    applies_to: list[Glob] = Field(default_factory=list, max_length=100, examples=[["web/*"]])


class ReportBody(Body):
    """Drift that another source saw; `resource_id` is `STACK/ADDRESS`.

    `healed` says that what this source reported of the resource before is gone.
    """

    resource_id: str = Field(
        min_length=3, max_length=2000, pattern=r"^[^/]+/.+$", examples=["web/aws_vpc.main"]
    )
    drift_details: dict[str, Any] = Field(default_factory=dict, examples=[{"changes": []}])
    healed: bool = False
    drift_hash: str | None = Field(default=None, min_length=1, max_length=200)
    template_id: Word | None = None
    timestamp: Time | None = None
    type: str = Field(default="", max_length=200)
    kind: Literal["changed", "missing", "unmanaged"] = "changed"
    severity: SeverityWord = "medium"


class RemediationBody(Body):
    """Which report's drift is to be corrected."""

    report_id: Word
    action_type: ActionWord | None = None


class ApproveBody(Body):
    """The yes to exactly one plan."""

    plan_digest: str = Field(min_length=1, max_length=200)


class SplitBody(Body):
    """Which of a remediation's resources are to be decided alone."""

    addresses: list[Glob] = Field(min_length=1, max_length=1000)


class ReasonBody(Body):
    """Why."""

    reason: Sentence


class SuppressBody(ReasonBody):
    """Why, and until when; without `until` for as long as the drift stays as it is."""

    until: Time | None = None


class StackBody(Body):
    """A stack to be watched. Paths are the daemon's host's; other keys are its tool's options."""

    model_config = ConfigDict(extra="allow")

    directory: FilePath
    name: StackNameText | None = None
    tool: Word | None = None
    interval: Duration = "15m"
    adaptive: bool = False
    engine: Literal["auto", "plugin", "cli"] = "auto"
    env_file: FilePath | None = None


class HoldBody(Body):
    """The kill switch: why, and until when."""

    reason: str = Field(default="", max_length=2000)
    until: Time | None = None


class TokenBody(Body):
    """A token to be made."""

    name: Word
    role: RoleWord
    expires_in: Duration | None = Field(default=None, examples=["90d"])


class ListQuery(BaseModel):
    """One page of a list."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    limit: int = Field(default=USUAL_PAGE, ge=1, le=LARGEST_PAGE)
    cursor: str | None = Field(default=None, max_length=2000)


class TemplatesQuery(ListQuery):
    """Which templates."""

    resource_type: Word | None = None
    stack: Word | None = None


class ReportsQuery(ListQuery):
    """Which reports."""

    resource_id: str | None = Field(default=None, min_length=1, max_length=4096)
    template_id: Word | None = None
    since: Time | None = None


class RemediationsQuery(ListQuery):
    """Which remediations; `state=open` is every state that is no end."""

    state: Literal["open", *(phase.value for phase in Phase)] | None = None  # type: ignore[valid-type]
    stack: Word | None = None


class FindingsQuery(ListQuery):
    """Which findings, in the filter language."""

    filter: str = Field(default="", max_length=2000, examples=["stack:web* severity:>=high"])


class RunsQuery(ListQuery):
    """Which runs."""

    stack: Word | None = None
    remediation_id: Word | None = None


class AuditQuery(ListQuery):
    """Whose history."""

    subject: str | None = Field(default=None, min_length=1, max_length=4096)


class LogQuery(BaseModel):
    """From which byte of a log on."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    offset: int = Field(default=0, ge=0, le=2**40)


class EventsQuery(BaseModel):
    """Which events: words separated by commas, each a type or the beginning of some."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    types: str | None = Field(default=None, max_length=1000, examples=["drift.,remediation."])


def severity(word: str) -> Severity:
    """Return the severity of that word."""
    return Severity[word.upper()]
