"""Every operation of the API in one table: its route, its handler, its permission."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reconciler.api.operation import Operation
from reconciler.api.resources import (
    agents,
    alerts,
    audit,
    channels,
    drift,
    events,
    findings,
    health,
    hold,
    ignores,
    policies,
    quarantines,
    remediations,
    report,
    runs,
    settings,
    stacks,
    templates,
    tokens,
    whoami,
)
from reconciler.domain.principals import Permission as May
from reconciler.wire import routes
from reconciler.wire.route import PREFIX

# fmt: off
OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(routes.LIST_TEMPLATES, templates.list_templates, May.READ_TEMPLATES),
    Operation(routes.CREATE_TEMPLATE, templates.create_template, May.WRITE_TEMPLATES, status=201,
              yaml=True),
    Operation(routes.READ_TEMPLATE, templates.read_template, May.READ_TEMPLATES),
    Operation(routes.UPDATE_TEMPLATE, templates.update_template, May.WRITE_TEMPLATES, yaml=True,
              conflicts=True),
    Operation(routes.DELETE_TEMPLATE, templates.delete_template, May.WRITE_TEMPLATES, status=204,
              conflicts=True),
    Operation(routes.LIST_REVISIONS, templates.list_revisions, May.READ_TEMPLATES),

    Operation(routes.LIST_REPORTS, drift.list_reports, May.READ_REPORTS),
    Operation(routes.SUBMIT_REPORT, drift.submit, May.REPORT, status=201),
    Operation(routes.READ_REPORT, drift.read_report, May.READ_REPORTS),

    Operation(routes.LIST_REMEDIATIONS, remediations.list_remediations, May.READ_REMEDIATIONS),
    Operation(routes.REQUEST_REMEDIATION, remediations.request_remediation, May.REQUEST,
              status=201),
    Operation(routes.READ_REMEDIATION, remediations.read_remediation, May.READ_REMEDIATIONS),
    Operation(routes.APPROVE_REMEDIATION, remediations.approve, May.DECIDE),
    Operation(routes.SPLIT_REMEDIATION, remediations.split, May.DECIDE, status=201),
    Operation(routes.REJECT_REMEDIATION, remediations.reject, May.DECIDE),
    Operation(routes.CANCEL_REMEDIATION, remediations.cancel, May.CANCEL),
    Operation(routes.RELEASE_QUARANTINE, remediations.release, May.DECIDE, status=201),
    Operation(routes.RETRY_REMEDIATION, remediations.retry, May.DECIDE),
    Operation(routes.SUPPRESS_REMEDIATION, remediations.suppress, May.DECIDE),

    Operation(routes.LIST_QUARANTINES, quarantines.list_quarantines, May.READ_REMEDIATIONS),

    Operation(routes.LIST_POLICIES, policies.list_policies, May.READ_POLICIES),
    Operation(routes.CREATE_POLICY, policies.create_policy, May.WRITE_POLICIES, status=201),
    Operation(routes.READ_POLICY, policies.read_policy, May.READ_POLICIES),
    Operation(routes.UPDATE_POLICY, policies.update_policy, May.WRITE_POLICIES, conflicts=True),
    Operation(routes.DELETE_POLICY, policies.delete_policy, May.WRITE_POLICIES, status=204,
              conflicts=True),

    Operation(routes.LIST_STACKS, stacks.list_stacks, May.READ_STACKS),
    Operation(routes.REGISTER_STACK, stacks.register_stack, May.WRITE_STACKS, status=201),
    Operation(routes.READ_STACK, stacks.read_stack, May.READ_STACKS),
    Operation(routes.UPDATE_STACK, stacks.update_stack, May.WRITE_STACKS, conflicts=True),
    Operation(routes.REMOVE_STACK, stacks.remove_stack, May.WRITE_STACKS, status=204,
              conflicts=True),
    Operation(routes.SCAN_STACK, stacks.scan_stack, May.SCAN, status=202),
    Operation(routes.ACCEPT_STATE, stacks.accept_state, May.ACCEPT_STATE),
    Operation(routes.PLAN_STACK, stacks.plan, May.PLAN),
    Operation(routes.LIST_STACK_FINDINGS, stacks.list_stack_findings, May.READ_FINDINGS),

    Operation(routes.LIST_FINDINGS, findings.list_findings, May.READ_FINDINGS),
    Operation(routes.READ_FINDING, findings.read_finding, May.READ_FINDINGS),
    Operation(routes.IGNORE_FINDING, findings.ignore, May.DECIDE),
    Operation(routes.NOTE_FINDING, findings.note, May.REQUEST),
    Operation(routes.LIST_IGNORES, ignores.list_ignores, May.READ_FINDINGS),
    Operation(routes.UNSUPPRESS_FINDING, findings.unsuppress, May.DECIDE),
    Operation(routes.ACCEPT_FINDING, findings.accept, May.DECIDE),
    Operation(routes.UNDO_ACCEPT, findings.undo_accept, May.DECIDE),
    Operation(routes.READ_DECLARATION, findings.declaration, May.READ_FINDINGS, conflicts=True),
    Operation(routes.PLAN_FINDING, findings.plan, May.PLAN),

    Operation(routes.LIST_RUNS, runs.list_runs, May.READ_RUNS),
    Operation(routes.READ_RUN, runs.read_run, May.READ_RUNS),
    Operation(routes.READ_LOG, runs.read_log, May.READ_RUNS),

    Operation(routes.FOLLOW_EVENTS, events.follow_events, May.READ_EVENTS,
              media_type="text/event-stream"),
    Operation(routes.VERIFY_AUDIT, audit.verify_audit, May.READ_AUDIT),
    Operation(routes.LIST_AUDIT, audit.list_audit, May.READ_AUDIT),

    Operation(routes.READ_HOLD, hold.read_hold, May.READ_HOLD),
    Operation(routes.SET_HOLD, hold.pull, May.SET_HOLD),
    Operation(routes.RELEASE_HOLD, hold.release, May.RELEASE_HOLD, status=204),

    Operation(routes.LIST_AGENTS, agents.list_agents, May.READ_AGENTS),
    Operation(routes.CREATE_ENROLL_TOKEN, agents.create_enroll_token, May.WRITE_AGENTS, status=201,
              secret_answer=True),
    Operation(routes.ENROLL_HOST, agents.enroll_host, None, status=201),
    Operation(routes.TAKE_REPORT, agents.take_report, None, raw=True),
    Operation(routes.ROTATE_AGENT_KEY, agents.rotate_key_of, May.WRITE_AGENTS),
    Operation(routes.ACCEPT_HOST, agents.accept_host_as_it_is, May.DECIDE),
    Operation(routes.UNDO_ACCEPT_HOST, agents.undo_accept, May.DECIDE),
    Operation(routes.READ_HOST_TEMPLATE, agents.read_host_template, May.READ_AGENTS),
    Operation(routes.REVOKE_AGENT, agents.revoke_agent, May.WRITE_AGENTS, status=204),

    Operation(routes.READ_FLEET_REPORT, report.read_report, May.READ_FINDINGS),

    Operation(routes.LIST_ALERTS, alerts.list_alerts, May.READ_CHANNELS),
    Operation(routes.READ_ALERT, alerts.read_alert, May.READ_CHANNELS),
    Operation(routes.MUTE_ALERT, alerts.mute_alert, May.DECIDE),
    Operation(routes.UNMUTE_ALERT, alerts.unmute_alert, May.DECIDE),
    Operation(routes.LIST_CHANNELS, channels.list_channels, May.READ_CHANNELS),
    Operation(routes.TAKE_PRESS, channels.take_press, None, raw=True),
    Operation(routes.TEST_CHANNEL, channels.test_channel, May.TEST_CHANNELS),

    Operation(routes.LIST_TOKENS, tokens.list_tokens, May.READ_TOKENS),
    Operation(routes.CREATE_TOKEN, tokens.create_token, May.WRITE_TOKENS, status=201,
              secret_answer=True),
    Operation(routes.REMOVE_TOKEN, tokens.remove_token, May.WRITE_TOKENS, status=204,
              conflicts=True),

    Operation(routes.WHOAMI, whoami.whoami, May.READ_SELF),

    Operation(routes.RELOAD, settings.reload, May.RELOAD),
)
OPERATIONAL: Final[tuple[Operation, ...]] = (
    Operation(routes.HEALTHZ, health.healthz, None),
    Operation(routes.READYZ, health.readyz, None),
    Operation(routes.METRICS, health.metrics, May.READ_METRICS, media_type="text/plain"),
)
# fmt: on


def all_operations(*, open_metrics: bool = False) -> dict[tuple[str, str], Operation]:
    """Return every operation by method and whole path."""
    found = {(operation.method, PREFIX + operation.path): operation for operation in OPERATIONS}
    found |= {(operation.method, operation.path): operation for operation in OPERATIONAL}
    if open_metrics:
        found["GET", "/metrics"] = replace(found["GET", "/metrics"], open_on_loopback=True)
    return found
