"""Every operation of the API, named once: the daemon serves these, and both clients call them."""

from __future__ import annotations

from types import NoneType
from typing import Final

from reconciler.wire import models as wire
from reconciler.wire.route import Route

PLAN_WAIT_S: Final = 1800.0


def _nothing() -> type[None]:
    return NoneType


# fmt: off
LIST_TEMPLATES: Final = Route("GET", "/templates", lambda: wire.Template, paged=True)
CREATE_TEMPLATE: Final = Route("POST", "/templates", lambda: wire.Template,
                               lambda: wire.TemplateBody)
READ_TEMPLATE: Final = Route("GET", "/templates/{template_id}", lambda: wire.Template)
UPDATE_TEMPLATE: Final = Route("PUT", "/templates/{template_id}", lambda: wire.Template,
                               lambda: wire.TemplateBody)
DELETE_TEMPLATE: Final = Route("DELETE", "/templates/{template_id}", _nothing)
LIST_REVISIONS: Final = Route("GET", "/templates/{template_id}/revisions", lambda: wire.Template,
                              paged=True)

LIST_REPORTS: Final = Route("GET", "/drift/reports", lambda: wire.Report, paged=True)
SUBMIT_REPORT: Final = Route("POST", "/drift/reports", lambda: wire.Report, lambda: wire.ReportBody)
READ_REPORT: Final = Route("GET", "/drift/reports/{report_id}", lambda: wire.Report)

LIST_REMEDIATIONS: Final = Route("GET", "/remediations", lambda: wire.Remediation, paged=True)
REQUEST_REMEDIATION: Final = Route("POST", "/remediations", lambda: wire.Remediation,
                                   lambda: wire.RemediationBody)
READ_REMEDIATION: Final = Route("GET", "/remediations/{remediation_id}", lambda: wire.Remediation)
APPROVE_REMEDIATION: Final = Route("POST", "/remediations/{remediation_id}/approve",
                                   lambda: wire.Remediation, lambda: wire.ApproveBody)
SPLIT_REMEDIATION: Final = Route("POST", "/remediations/{remediation_id}/split",
                                 lambda: wire.Remediation, lambda: wire.SplitBody)
REJECT_REMEDIATION: Final = Route("POST", "/remediations/{remediation_id}/reject",
                                  lambda: wire.Remediation, lambda: wire.DecisionBody)
CANCEL_REMEDIATION: Final = Route("POST", "/remediations/{remediation_id}/cancel",
                                  lambda: wire.Remediation)
RELEASE_QUARANTINE: Final = Route("POST", "/remediations/{remediation_id}/release",
                                  lambda: wire.Remediation)
RETRY_REMEDIATION: Final = Route("POST", "/remediations/{remediation_id}/retry",
                                 lambda: wire.Remediation, lambda: wire.DecisionBody)
SUPPRESS_REMEDIATION: Final = Route("POST", "/remediations/{remediation_id}/suppress",
                                    lambda: wire.Remediation, lambda: wire.SuppressBody)

LIST_QUARANTINES: Final = Route("GET", "/quarantines", lambda: wire.Quarantine, paged=True)

LIST_POLICIES: Final = Route("GET", "/policies", lambda: wire.Policy, paged=True)
CREATE_POLICY: Final = Route("POST", "/policies", lambda: wire.Policy, lambda: wire.PolicyBody)
READ_POLICY: Final = Route("GET", "/policies/{policy_id}", lambda: wire.Policy)
UPDATE_POLICY: Final = Route("PUT", "/policies/{policy_id}", lambda: wire.Policy,
                             lambda: wire.PolicyBody)
DELETE_POLICY: Final = Route("DELETE", "/policies/{policy_id}", _nothing)

LIST_STACKS: Final = Route("GET", "/stacks", lambda: wire.Stack, paged=True)
REGISTER_STACK: Final = Route("POST", "/stacks", lambda: wire.Stack, lambda: wire.StackBody)
READ_STACK: Final = Route("GET", "/stacks/{name}", lambda: wire.Stack)
UPDATE_STACK: Final = Route("PUT", "/stacks/{name}", lambda: wire.Stack, lambda: wire.StackBody)
REMOVE_STACK: Final = Route("DELETE", "/stacks/{name}", _nothing)
SCAN_STACK: Final = Route("POST", "/stacks/{name}/scan", lambda: wire.Queued)
ACCEPT_STATE: Final = Route("POST", "/stacks/{name}/accept-state", lambda: wire.Stack)
PLAN_STACK: Final = Route("POST", "/stacks/{name}/plan", lambda: wire.Plan, wait_s=PLAN_WAIT_S)
LIST_STACK_FINDINGS: Final = Route("GET", "/stacks/{name}/findings", lambda: wire.Finding,
                                   paged=True)

LIST_FINDINGS: Final = Route("GET", "/findings", lambda: wire.Finding, paged=True)
READ_FINDING: Final = Route("GET", "/findings/{finding_id}", lambda: wire.Finding)
IGNORE_FINDING: Final = Route("POST", "/findings/{finding_id}/ignore", lambda: wire.Finding,
                              lambda: wire.IgnoreBody)
NOTE_FINDING: Final = Route("POST", "/findings/{finding_id}/notes", lambda: wire.Finding,
                            lambda: wire.NoteBody)
LIST_IGNORES: Final = Route("GET", "/ignores", lambda: wire.IgnoreRule, paged=True)
UNSUPPRESS_FINDING: Final = Route("POST", "/findings/{finding_id}/unsuppress", lambda: wire.Finding)
ACCEPT_FINDING: Final = Route("POST", "/findings/{finding_id}/accept", lambda: wire.Acceptance,
                              lambda: wire.AcceptBody)
UNDO_ACCEPT: Final = Route("POST", "/findings/{finding_id}/undo-accept", lambda: wire.Acceptance)
READ_DECLARATION: Final = Route("GET", "/findings/{finding_id}/declaration",
                                lambda: wire.DeclarationText)
PLAN_FINDING: Final = Route("POST", "/findings/{finding_id}/plan", lambda: wire.Plan,
                            wait_s=PLAN_WAIT_S)

LIST_RUNS: Final = Route("GET", "/runs", lambda: wire.Run, paged=True)
READ_RUN: Final = Route("GET", "/runs/{run_id}", lambda: wire.Run)
READ_LOG: Final = Route("GET", "/runs/{run_id}/log", lambda: wire.Log)

FOLLOW_EVENTS: Final = Route("GET", "/events", _nothing)
VERIFY_AUDIT: Final = Route("GET", "/audit/verify", lambda: wire.AuditVerified)
LIST_AUDIT: Final = Route("GET", "/audit", lambda: wire.AuditEntry, paged=True)

READ_HOLD: Final = Route("GET", "/hold", lambda: wire.HoldState)
SET_HOLD: Final = Route("POST", "/hold", lambda: wire.HoldState, lambda: wire.HoldBody)
RELEASE_HOLD: Final = Route("DELETE", "/hold", _nothing)

LIST_AGENTS: Final = Route("GET", "/agents", lambda: wire.Agent, paged=True)
CREATE_ENROLL_TOKEN: Final = Route("POST", "/agents/enroll-tokens", lambda: wire.NewEnrollToken,
                                   lambda: wire.EnrollTokenBody, repeats=False)
ENROLL_HOST: Final = Route("POST", "/agents/enroll", lambda: wire.Enrolled, lambda: wire.EnrollBody)
TAKE_REPORT: Final = Route("POST", "/agents/reports", _nothing)
ROTATE_AGENT_KEY: Final = Route("POST", "/agents/{agent_id}/rotate", lambda: wire.Agent)
ACCEPT_HOST: Final = Route("POST", "/agents/{agent_id}/accept", lambda: wire.HostAccepted,
                           lambda: wire.AcceptHostBody)
UNDO_ACCEPT_HOST: Final = Route("POST", "/agents/{agent_id}/undo-accept",
                                lambda: wire.HostAccepted)
READ_HOST_TEMPLATE: Final = Route("GET", "/agents/{agent_id}/template", lambda: wire.HostTemplate)
REVOKE_AGENT: Final = Route("DELETE", "/agents/{agent_id}", _nothing)

READ_FLEET_REPORT: Final = Route("GET", "/report", lambda: wire.FleetReport)

LIST_ALERTS: Final = Route("GET", "/alerts", lambda: wire.Alert, paged=True)
READ_ALERT: Final = Route("GET", "/alerts/{alert_id}", lambda: wire.Alert)
MUTE_ALERT: Final = Route("POST", "/alerts/{alert_id}/mute", lambda: wire.Alert,
                          lambda: wire.MuteBody)
UNMUTE_ALERT: Final = Route("POST", "/alerts/{alert_id}/unmute", lambda: wire.Alert)
LIST_CHANNELS: Final = Route("GET", "/channels", lambda: wire.Channel, paged=True)
TAKE_PRESS: Final = Route("POST", "/channels/{name}/slack", _nothing)
TEST_CHANNEL: Final = Route("POST", "/channels/{name}/test", lambda: wire.ChannelTried,
                            repeats=False)

LIST_TOKENS: Final = Route("GET", "/tokens", lambda: wire.Token, paged=True)
CREATE_TOKEN: Final = Route("POST", "/tokens", lambda: wire.NewToken, lambda: wire.TokenBody,
                            repeats=False)
REMOVE_TOKEN: Final = Route("DELETE", "/tokens/{token_id}", _nothing)

WHOAMI: Final = Route("GET", "/whoami", lambda: wire.WhoAmI)

RELOAD: Final = Route("POST", "/reload", lambda: wire.Reloaded)

OPENAPI: Final = Route("GET", "/openapi.json", _nothing)
HEALTHZ: Final = Route("GET", "/healthz", lambda: wire.Status)
READYZ: Final = Route("GET", "/readyz", lambda: wire.Status)
METRICS: Final = Route("GET", "/metrics", _nothing)
# fmt: on
