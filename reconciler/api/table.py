"""Every operation of the API in one table: where it is, who may, what it answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reconciler.api.listing import Listing
from reconciler.api.operation import Operation
from reconciler.api.resources import (
    audit,
    drift,
    events,
    findings,
    health,
    hold,
    policies,
    remediations,
    runs,
    stacks,
    templates,
    tokens,
)
from reconciler.domain.records import Role
from reconciler.wire import models as wire

PREFIX: Final = "/api/v1"
_VIEWER, _OPERATOR, _APPROVER, _ADMIN = Role.VIEWER, Role.OPERATOR, Role.APPROVER, Role.ADMIN

# fmt: off
OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation("GET", "/templates", templates.list_templates, _VIEWER, Listing[wire.Template]),
    Operation("POST", "/templates", templates.create_template, _ADMIN, wire.Template,
              status=201, yaml=True),
    Operation("GET", "/templates/{template_id}", templates.read_template, _VIEWER,
              wire.Template),
    Operation("PUT", "/templates/{template_id}", templates.update_template, _ADMIN,
              wire.Template, yaml=True, conflicts=True),
    Operation("DELETE", "/templates/{template_id}", templates.delete_template, _ADMIN,
              status=204, conflicts=True),
    Operation("GET", "/templates/{template_id}/revisions", templates.list_revisions, _VIEWER,
              Listing[wire.Template]),

    Operation("GET", "/drift/reports", drift.list_reports, _VIEWER, Listing[wire.Report]),
    Operation("POST", "/drift/reports", drift.submit, _OPERATOR, wire.Report, status=201),
    Operation("GET", "/drift/reports/{report_id}", drift.read_report, _VIEWER, wire.Report),

    Operation("GET", "/remediations", remediations.list_remediations, _VIEWER,
              Listing[wire.Remediation]),
    Operation("POST", "/remediations", remediations.request_remediation, _OPERATOR,
              wire.Remediation, status=201),
    Operation("GET", "/remediations/{remediation_id}", remediations.read_remediation, _VIEWER,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/approve", remediations.approve, _APPROVER,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/reject", remediations.reject, _APPROVER,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/cancel", remediations.cancel, _OPERATOR,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/retry", remediations.retry, _APPROVER,
              wire.Remediation),
    Operation("POST", "/remediations/{remediation_id}/suppress", remediations.suppress,
              _APPROVER, wire.Remediation),

    Operation("GET", "/policies", policies.list_policies, _VIEWER, Listing[wire.Policy]),
    Operation("POST", "/policies", policies.create_policy, _ADMIN, wire.Policy, status=201),
    Operation("GET", "/policies/{policy_id}", policies.read_policy, _VIEWER, wire.Policy),
    Operation("PUT", "/policies/{policy_id}", policies.update_policy, _ADMIN, wire.Policy,
              conflicts=True),
    Operation("DELETE", "/policies/{policy_id}", policies.delete_policy, _ADMIN, status=204,
              conflicts=True),

    Operation("GET", "/stacks", stacks.list_stacks, _VIEWER, Listing[wire.Stack]),
    Operation("POST", "/stacks", stacks.register_stack, _ADMIN, wire.Stack, status=201),
    Operation("GET", "/stacks/{name}", stacks.read_stack, _VIEWER, wire.Stack),
    Operation("PUT", "/stacks/{name}", stacks.update_stack, _ADMIN, wire.Stack,
              conflicts=True),
    Operation("DELETE", "/stacks/{name}", stacks.remove_stack, _ADMIN, status=204,
              conflicts=True),
    Operation("POST", "/stacks/{name}/scan", stacks.scan_stack, _OPERATOR, wire.Queued,
              status=202),
    Operation("POST", "/stacks/{name}/accept-state", stacks.accept_state, _APPROVER,
              wire.Stack),
    Operation("POST", "/stacks/{name}/plan", stacks.plan, _OPERATOR, wire.Plan),
    Operation("GET", "/stacks/{name}/findings", stacks.list_stack_findings, _VIEWER,
              Listing[wire.Finding]),

    Operation("GET", "/findings", findings.list_findings, _VIEWER, Listing[wire.Finding]),
    Operation("GET", "/findings/{finding_id}", findings.read_finding, _VIEWER, wire.Finding),
    Operation("POST", "/findings/{finding_id}/plan", findings.plan, _OPERATOR, wire.Plan),

    Operation("GET", "/runs", runs.list_runs, _VIEWER, Listing[wire.Run]),
    Operation("GET", "/runs/{run_id}", runs.read_run, _VIEWER, wire.Run),
    Operation("GET", "/runs/{run_id}/log", runs.read_log, _VIEWER, wire.Log),

    Operation("GET", "/events", events.follow_events, _VIEWER, media_type="text/event-stream"),
    Operation("GET", "/audit", audit.list_audit, _VIEWER, Listing[wire.AuditEntry]),

    Operation("GET", "/hold", hold.read_hold, _VIEWER, wire.HoldState),
    Operation("POST", "/hold", hold.pull, _OPERATOR, wire.HoldState),
    Operation("DELETE", "/hold", hold.release, _ADMIN, status=204),

    Operation("GET", "/tokens", tokens.list_tokens, _ADMIN, Listing[wire.Token]),
    Operation("POST", "/tokens", tokens.create_token, _ADMIN, wire.NewToken, status=201,
              secret_answer=True),
    Operation("DELETE", "/tokens/{token_id}", tokens.remove_token, _ADMIN, status=204,
              conflicts=True),
)
OPERATIONAL: Final[tuple[Operation, ...]] = (
    Operation("GET", "/healthz", health.healthz, None, wire.Status),
    Operation("GET", "/readyz", health.readyz, None, wire.Status),
    Operation("GET", "/metrics", health.metrics, _VIEWER, media_type="text/plain"),
)
# fmt: on


def all_operations(*, open_metrics: bool = False) -> dict[tuple[str, str], Operation]:
    """Return every operation by method and whole path."""
    found = {(one.method, PREFIX + one.path): one for one in OPERATIONS}
    found |= {(one.method, one.path): one for one in OPERATIONAL}
    if open_metrics:
        found["GET", "/metrics"] = replace(found["GET", "/metrics"], open_on_loopback=True)
    return found
