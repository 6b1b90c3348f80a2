"""What policies say of a finding now, from what the daemon answered of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

from reconciler.wire import models as wire

if TYPE_CHECKING:
    from reconciler.domain import policy as domain
    from reconciler.domain.records import Template

Action = Literal["auto_correct", "quarantine", "manual_review", "below", "observe", "unknown"]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be done about a finding, and the policy that says so.

    `below` is a policy whose threshold is not reached, `observe` that no policy selects it. It is
    `unknown` where a policy uses a word that this version does not have.
    """

    action: Action
    policy: wire.Policy | None = None


_UNKNOWN: Final = Proposal("unknown")


class Proposals:
    """Decides as the daemon does; `templates` are the uploaded ones that policies name."""

    def __init__(
        self, policies: Sequence[wire.Policy] = (), templates: Sequence[wire.Template] = ()
    ) -> None:
        self._shown = {policy.policy_id: policy for policy in policies}
        self._templates = tuple(map(template_of, templates))
        self._policies = _stated(policies)

    def of(self, finding: wire.Finding, *, now: datetime) -> Proposal:
        """Return what the first policy says that selects `finding`."""
        from reconciler.domain.policy import Act, Below, action_on, decide  # noqa: PLC0415

        if self._policies is None:
            return _UNKNOWN
        if not self._policies:
            return Proposal("observe")
        try:
            subject = subject_of(finding, self._templates)
        except (KeyError, ValueError):
            return _UNKNOWN
        decision = decide(subject, self._policies, now=now)
        match decision:
            case Act(policy=policy):
                action: Action = action_on(decision, subject).value  # type: ignore[assignment]
                return Proposal(action, self._shown[policy.policy_id])
            case Below(policy=policy):
                return Proposal("below", self._shown[policy.policy_id])
            case _:
                return Proposal("observe")


def writer_of(finding: wire.Finding) -> str | None:
    """Return the other system that may have written the resource, as its live tags say."""
    from reconciler.domain.ownership import other_writer  # noqa: PLC0415 - few ask for it

    return other_writer(finding.as_json())


def _stated(policies: Sequence[wire.Policy]) -> tuple[domain.Policy, ...] | None:
    """Return the policies as they are asked; None where one cannot be understood."""
    if not policies:
        return ()  # nor is the model of policies imported, as long as none was read
    from reconciler.domain.policy import ActionType, Policy, PolicyId  # noqa: PLC0415
    from reconciler.wire.policies import as_stated  # noqa: PLC0415

    try:
        return tuple(
            as_stated(
                Policy(PolicyId(shown.policy_id), shown.name, ActionType.MANUAL_REVIEW), shown
            )
            for shown in policies
        )
    except (KeyError, ValueError):
        return None


def template_of(shown: wire.Template) -> Template:
    """Return an uploaded template as the rules of policies take it, without its definition."""
    from reconciler.domain.records import Template, TemplateId  # noqa: PLC0415

    return Template(
        template_id=TemplateId(shown.template_id),
        resource_type=shown.resource_type,
        template_definition={},
        created_at=shown.created_at,
        updated_at=shown.updated_at,
        resource_id=shown.resource_id,
        applies_to=tuple(shown.applies_to),
    )


def subject_of(finding: wire.Finding, uploaded: Sequence[Template]) -> domain.Subject:
    """Return what policies ask about a finding; `uploaded` are the templates that they may name."""
    from reconciler.domain.coverage import covering  # noqa: PLC0415
    from reconciler.domain.model import Kind, Origin, Severity  # noqa: PLC0415
    from reconciler.domain.policy import Subject  # noqa: PLC0415
    from reconciler.domain.records import TemplateId  # noqa: PLC0415

    named = covering(uploaded, f"{finding.stack}/{finding.address}", finding.type)
    own = {TemplateId(finding.template_id)} if finding.template_id else set()
    return Subject(
        stack=finding.stack,
        address=finding.address,
        type=finding.type,
        kind=Kind(finding.kind),
        severity=Severity[finding.severity.upper()],
        score=finding.score,
        paths=tuple(change.path for change in finding.changes),
        templates=frozenset({*named, *own}),
        only_undo=finding.origin == Origin.OUT_OF_BAND.value,
        host_groups=tuple(finding.host_groups),
    )
