"""What may be asked of lists: queries, each key checked and none ignored."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from reconciler.domain.remediation_states import RemediationState
from reconciler.wire.rules import Time, Word

LARGEST_PAGE: Final = 500
USUAL_PAGE: Final = 100
OPEN_STATE: Final = "open"


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

    state: Literal["open", *(state.value for state in RemediationState)] | None = None  # type: ignore[valid-type]
    stack: Word | None = None


class QuarantinesQuery(ListQuery):
    """Which quarantines; `state=open` is every one that is not released."""

    state: Literal["open"] | None = None


class FindingsQuery(ListQuery):
    """Which findings, in the filter language."""

    filter: str = Field(default="", max_length=2000, examples=["stack:web* severity:>=high"])


class RunsQuery(ListQuery):
    """Which runs."""

    stack: Word | None = None
    remediation_id: Word | None = None


class HostTemplateQuery(BaseModel):
    """Which sections, and which paths of files; each a list with commas between."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    sections: str = Field(default="", max_length=200, examples=["files,firewall"])
    paths: str = Field(default="", max_length=4000, examples=["/etc/ssh/*"])


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a list with commas between."""
    return tuple(word for word in (part.strip() for part in text.split(",")) if word)


class ReportQuery(BaseModel):
    """Since when."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    since: Time | None = None


class AlertsQuery(ListQuery):
    """Which alerts."""

    state: Literal["open", "resolved"] | None = None


class AuditQuery(ListQuery):
    """Whose history."""

    subject: str | None = Field(default=None, min_length=1, max_length=4096)


class HoldQuery(BaseModel):
    """Which hold: of one resource of a stack, of one stack, or of everything."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    stack: Word | None = None
    address: str | None = Field(default=None, min_length=1, max_length=4096)


class LogQuery(BaseModel):
    """From which byte of a log on."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    offset: int = Field(default=0, ge=0, le=2**40)


class EventsQuery(BaseModel):
    """Which events: words separated by commas, each a type or the beginning of some."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    types: str | None = Field(default=None, max_length=1000, examples=["drift.,remediation."])
