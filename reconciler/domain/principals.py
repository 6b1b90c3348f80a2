"""Who asks: a principal with permissions. Each operation of the API needs exactly one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What one operation needs, as `THING:VERB`."""

    READ_SELF = "self:read"
    READ_TEMPLATES = "templates:read"
    WRITE_TEMPLATES = "templates:write"
    READ_REPORTS = "reports:read"
    REPORT = "reports:write"
    READ_FINDINGS = "findings:read"
    READ_REMEDIATIONS = "remediations:read"
    REQUEST = "remediations:request"
    CANCEL = "remediations:cancel"
    DECIDE = "remediations:decide"
    READ_POLICIES = "policies:read"
    WRITE_POLICIES = "policies:write"
    READ_STACKS = "stacks:read"
    WRITE_STACKS = "stacks:write"
    SCAN = "stacks:scan"
    PLAN = "stacks:plan"
    ACCEPT_STATE = "stacks:accept-state"
    READ_RUNS = "runs:read"
    READ_EVENTS = "events:read"
    READ_AUDIT = "audit:read"
    READ_HOLD = "hold:read"
    SET_HOLD = "hold:set"
    RELEASE_HOLD = "hold:release"
    READ_TOKENS = "tokens:read"
    WRITE_TOKENS = "tokens:write"
    READ_AGENTS = "agents:read"
    WRITE_AGENTS = "agents:write"
    READ_CHANNELS = "channels:read"
    TEST_CHANNELS = "channels:test"
    READ_METRICS = "metrics:read"
    RELOAD = "daemon:reload"


class Role(StrEnum):
    """A named set of permissions; a token has one."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"
    ADMIN = "admin"
    AUDITOR = "auditor"
    AGENT = "agent"
    REPORTER = "reporter"


class PrincipalKind(StrEnum):
    """What sort of somebody acted; the audit keeps it with the name."""

    USER = "user"
    """A person, or a program that acts for one."""
    AGENT = "agent"
    """The agent of a host."""
    REPORTER = "reporter"
    """Another system that reports drift."""
    SYSTEM = "system"
    """trueup itself, or a program that embeds it."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who asks. `subject` is unique, and what the audit records.

    `person` is who is behind it, which several subjects may have in common: what requests and
    approvals record, so that nobody approves twice.
    """

    subject: str
    kind: PrincipalKind
    role: Role
    person: str

    def may(self, permission: Permission) -> bool:
        """Whether the role has `permission`."""
        return permission in PERMISSIONS[self.role]


def kind_of(role: Role) -> PrincipalKind:
    """Return what sort of somebody has a token of that role."""
    return _KINDS.get(role, PrincipalKind.USER)


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Return the roles that have `permission`."""
    return tuple(role for role in Role if permission in PERMISSIONS[role])


_KINDS: Final = {Role.AGENT: PrincipalKind.AGENT, Role.REPORTER: PrincipalKind.REPORTER}
_READ: Final = frozenset(
    permission for permission in Permission if permission.value.endswith(":read")
)
_VIEW: Final = _READ - {Permission.READ_TOKENS}
_OPERATE: Final = _VIEW | {
    Permission.SCAN,
    Permission.PLAN,
    Permission.REPORT,
    Permission.REQUEST,
    Permission.CANCEL,
    Permission.SET_HOLD,
    Permission.TEST_CHANNELS,
}
_APPROVE: Final = _OPERATE | {Permission.DECIDE, Permission.ACCEPT_STATE}
_REPORT: Final = frozenset({Permission.REPORT})

PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.VIEWER: _VIEW,
    Role.OPERATOR: _OPERATE,
    Role.APPROVER: _APPROVE,
    Role.ADMIN: frozenset(Permission),
    Role.AUDITOR: _READ,
    Role.AGENT: _REPORT,
    Role.REPORTER: _REPORT,
}
"""What each role may. A host that reports can do nothing else, not even read findings."""
