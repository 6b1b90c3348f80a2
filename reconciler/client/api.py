"""The client: each resource of the API by its name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self

from reconciler.client.calls import Calls
from reconciler.client.daemon import Daemon
from reconciler.client.resources import Collection, Keeping, Kept, Single
from reconciler.client.stream import EventStream
from reconciler.wire import models as wire
from reconciler.wire import routes
from reconciler.wire.decoding import decode

if TYPE_CHECKING:
    import httpx

_POLICIES: Final = Keeping(
    listing=routes.LIST_POLICIES,
    reading=routes.READ_POLICY,
    creating=routes.CREATE_POLICY,
    replacing=routes.UPDATE_POLICY,
    removing=routes.DELETE_POLICY,
)
_TEMPLATES: Final = Keeping(
    listing=routes.LIST_TEMPLATES,
    reading=routes.READ_TEMPLATE,
    creating=routes.CREATE_TEMPLATE,
    replacing=routes.UPDATE_TEMPLATE,
    removing=routes.DELETE_TEMPLATE,
)
_STACKS: Final = Keeping(
    listing=routes.LIST_STACKS,
    reading=routes.READ_STACK,
    creating=routes.REGISTER_STACK,
    replacing=routes.UPDATE_STACK,
    removing=routes.REMOVE_STACK,
)


class Client:
    """A conversation with one daemon; use it as an asynchronous context.

    Every call raises `RefusedError` when the daemon says no, and `UnreachableError` when
    nobody answered.
    """

    def __init__(
        self,
        daemon: Daemon,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        calls: Calls | None = None,
    ) -> None:
        calls = calls or Calls(daemon, transport=transport)
        self.calls = calls
        """Requests by their route, for what has no method."""
        self.hold = HoldSwitch(calls)
        self.events = EventStream(calls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End the conversation."""
        await self.calls.close()

    async def reload(self) -> wire.Reloaded:
        """Have the daemon read trueup.toml anew; what it refuses is a `RefusedError`."""
        return decode(wire.Reloaded, await self.calls.ask(routes.RELOAD))

    async def whoami(self) -> wire.WhoAmI:
        """Return whose token it is, and what it may."""
        return decode(wire.WhoAmI, await self.calls.ask(routes.WHOAMI))

    # Each is made when it is first asked for, with the models it needs.

    @cached_property
    def policies(self) -> Kept[wire.Policy, wire.PolicyBody]:
        """What is to be done about which drift, in the order they are asked."""
        return Kept(self.calls, _POLICIES)

    @cached_property
    def templates(self) -> Templates:
        """Declared forms, derived from stacks or uploaded."""
        return Templates(self.calls, _TEMPLATES)

    @cached_property
    def stacks(self) -> Stacks:
        """What is watched."""
        return Stacks(self.calls, _STACKS)

    @cached_property
    def findings(self) -> Findings:
        """What deviates."""
        return Findings(self.calls, routes.LIST_FINDINGS, routes.READ_FINDING)

    @cached_property
    def reports(self) -> Reports:
        """What was seen of each resource, and when."""
        return Reports(self.calls, routes.LIST_REPORTS, routes.READ_REPORT)

    @cached_property
    def remediations(self) -> Remediations:
        """Corrections on their way."""
        return Remediations(self.calls, routes.LIST_REMEDIATIONS, routes.READ_REMEDIATION)

    @cached_property
    def quarantines(self) -> Collection[wire.Quarantine]:
        """What is isolated; `each(state="open")`."""
        return Collection(self.calls, routes.LIST_QUARANTINES)

    @cached_property
    def runs(self) -> Runs:
        """Applies, and their logs."""
        return Runs(self.calls, routes.LIST_RUNS, routes.READ_RUN)

    @cached_property
    def audit(self) -> Audit:
        """Who did what to what."""
        return Audit(self.calls, routes.LIST_AUDIT)

    @cached_property
    def ignores(self) -> Collection[wire.IgnoreRule]:
        """The rules by which drift raises no alarm, and what each has ignored."""
        return Collection(self.calls, routes.LIST_IGNORES)

    @cached_property
    def tokens(self) -> Tokens:
        """Who may call."""
        return Tokens(self.calls, routes.LIST_TOKENS)

    @cached_property
    def agents(self) -> Agents:
        """Hosts that report what they are."""
        return Agents(self.calls, routes.LIST_AGENTS)

    async def report(self, *, since: datetime | None = None) -> wire.FleetReport:
        """Return what happened since then; of the last seven days without it."""
        query = {"since": None if since is None else since.isoformat()}
        return decode(wire.FleetReport, await self.calls.ask(routes.READ_FLEET_REPORT, query=query))

    @cached_property
    def alerts(self) -> Alerts:
        """One per cause, and where each is shown."""
        return Alerts(self.calls, routes.LIST_ALERTS, routes.READ_ALERT)

    @cached_property
    def channels(self) -> Channels:
        """Where alerts are shown."""
        return Channels(self.calls, routes.LIST_CHANNELS)


class Templates(Kept["wire.Template", "wire.TemplateBody"]):
    """Declared forms, derived from stacks or uploaded."""

    async def revisions(self, template_id: str) -> tuple[wire.Template, ...]:
        """Return what a template was, newest first."""
        found = Collection(self._calls, routes.LIST_REVISIONS, template_id)
        return (await found.page()).items


class Stacks(Kept["wire.Stack", "wire.StackBody"]):
    """What is watched."""

    async def scan(self, name: str) -> wire.Queued:
        """Have a stack scanned now rather than when it is due."""
        return await self._ask(routes.SCAN_STACK, name)

    async def accept_state(self, name: str) -> wire.Stack:
        """Say that the state the stack has now is the right one."""
        return await self._ask(routes.ACCEPT_STATE, name)

    async def plan(self, name: str) -> wire.Plan:
        """Return what correcting every finding of a stack would do; nothing is changed."""
        return await self._ask(routes.PLAN_STACK, name)

    def findings(self, name: str, *, filter: str | None = None) -> AsyncIterator[wire.Finding]:  # noqa: A002 - the API's name
        """Yield the findings of one stack, most severe first."""
        return Collection(self._calls, routes.LIST_STACK_FINDINGS, name).each(filter=filter)


class Findings(Single["wire.Finding"]):
    """What deviates; `each(filter="stack:web severity:>=high")`."""

    async def plan(self, finding_id: str) -> wire.Plan:
        """Return what correcting one finding would do; nothing is changed."""
        return await self._ask(routes.PLAN_FINDING, finding_id)

    async def ignore(
        self,
        finding_id: str,
        *,
        reason: str,
        until: datetime | None = None,
        covers: Sequence[Literal["missing", "critical"]] = (),
        key: str | None = None,
    ) -> wire.Finding:
        """Take a finding off the list until its drift changes, or `until` has passed."""
        body = wire.IgnoreBody(reason=reason, until=until, covers=list(covers))
        return await self._ask(routes.IGNORE_FINDING, finding_id, body=body, key=key)

    async def note(
        self,
        finding_id: str,
        *,
        kind: Literal["comment", "ack", "assign"],
        text: str | None = None,
        key: str | None = None,
    ) -> wire.Finding:
        """Keep in the audit what you say of a finding."""
        body = wire.NoteBody(kind=kind, text=text)
        return await self._ask(routes.NOTE_FINDING, finding_id, body=body, key=key)

    async def unsuppress(self, finding_id: str, *, key: str | None = None) -> wire.Finding:
        """Make a suppressed finding open again."""
        return await self._ask(routes.UNSUPPRESS_FINDING, finding_id, key=key)

    async def accept(
        self, finding_id: str, body: wire.AcceptBody, *, key: str | None = None
    ) -> wire.Acceptance:
        """Say that the live values of an undeclared finding are right from now on."""
        return await self._ask(routes.ACCEPT_FINDING, finding_id, body=body, key=key)

    async def undo_accept(self, finding_id: str, *, key: str | None = None) -> wire.Acceptance:
        """Put the baseline back to what it was before the finding was accepted."""
        return await self._ask(routes.UNDO_ACCEPT, finding_id, key=key)

    async def declaration(self, finding_id: str) -> wire.DeclarationText:
        """Return the code that would declare what an undeclared finding shows."""
        return await self._ask(routes.READ_DECLARATION, finding_id)


class Reports(Single["wire.Report"]):
    """What was seen of each resource, and when."""

    async def submit(self, body: wire.ReportBody, *, key: str | None = None) -> wire.Report:
        """Report drift that another source saw."""
        return await self._ask(routes.SUBMIT_REPORT, body=body, key=key)


class Remediations(Single["wire.Remediation"]):
    """Corrections on their way; `each(state="open", stack="web")`."""

    async def request(
        self, body: wire.RemediationBody, *, key: str | None = None
    ) -> wire.Remediation:
        """Ask that the drift of a report be corrected; an open remediation of it is returned."""
        return await self._ask(routes.REQUEST_REMEDIATION, body=body, key=key)

    async def approve(
        self, remediation_id: str, *, plan_digest: str, key: str | None = None
    ) -> wire.Remediation:
        """Let exactly the plan of this digest be applied."""
        body = wire.ApproveBody(plan_digest=plan_digest)
        return await self._ask(routes.APPROVE_REMEDIATION, remediation_id, body=body, key=key)

    async def split(
        self, remediation_id: str, *, addresses: Iterable[str], key: str | None = None
    ) -> wire.Remediation:
        """Give some of its resources a remediation, and a plan, of their own; return that one."""
        body = wire.SplitBody(addresses=list(addresses))
        return await self._ask(routes.SPLIT_REMEDIATION, remediation_id, body=body, key=key)

    async def reject(
        self,
        remediation_id: str,
        *,
        reason: str,
        plan_digest: str | None = None,
        key: str | None = None,
    ) -> wire.Remediation:
        """End it undone; the same drift is not proposed again. A digest says of which plan."""
        body = wire.DecisionBody(reason=reason, plan_digest=plan_digest)
        return await self._ask(routes.REJECT_REMEDIATION, remediation_id, body=body, key=key)

    async def cancel(self, remediation_id: str, *, key: str | None = None) -> wire.Remediation:
        """End it; an apply that is under way is asked once to stop."""
        return await self._ask(routes.CANCEL_REMEDIATION, remediation_id, key=key)

    async def release(self, remediation_id: str, *, key: str | None = None) -> wire.Remediation:
        """Connect what a quarantine isolates; return the remediation that does so."""
        return await self._ask(routes.RELEASE_QUARANTINE, remediation_id, key=key)

    async def retry(
        self,
        remediation_id: str,
        *,
        reason: str,
        plan_digest: str | None = None,
        key: str | None = None,
    ) -> wire.Remediation:
        """Begin anew what needed a person, with a fresh plan. A digest says which one it had."""
        body = wire.DecisionBody(reason=reason, plan_digest=plan_digest)
        return await self._ask(routes.RETRY_REMEDIATION, remediation_id, body=body, key=key)

    async def suppress(
        self,
        remediation_id: str,
        *,
        reason: str,
        until: datetime | None = None,
        plan_digest: str | None = None,
        key: str | None = None,
    ) -> wire.Remediation:
        """End it and ignore its findings until they change, or until a time."""
        body = wire.SuppressBody(reason=reason, until=until, plan_digest=plan_digest)
        return await self._ask(routes.SUPPRESS_REMEDIATION, remediation_id, body=body, key=key)


class Runs(Single["wire.Run"]):
    """Applies, and their logs."""

    async def log(self, run_id: str, *, offset: int = 0) -> wire.Log:
        """Return a run's log from a byte on."""
        part = await self._calls.ask(routes.READ_LOG, run_id, query={"offset": offset})
        return decode(wire.Log, part)


class Tokens(Collection["wire.Token"]):
    """Who may call."""

    async def create(self, body: wire.TokenBody) -> wire.NewToken:
        """Make a token; its text is in this answer and never again."""
        return await self._ask(routes.CREATE_TOKEN, body=body)

    async def remove(self, token_id: str) -> None:
        """Take a token away; it opens nothing any more."""
        await self._calls.ask(routes.REMOVE_TOKEN, token_id)


class Agents(Collection["wire.Agent"]):
    """Hosts that report what they are."""

    async def enroll_token(self, body: wire.EnrollTokenBody) -> wire.NewEnrollToken:
        """Make a token that enrolls one host; its text is in this answer and never again."""
        return await self._ask(routes.CREATE_ENROLL_TOKEN, body=body)

    async def rotate(self, agent_id: str) -> wire.Agent:
        """Give an agent another key with the answer to its next report."""
        return await self._ask(routes.ROTATE_AGENT_KEY, agent_id)

    async def accept(self, agent_id: str, body: wire.AcceptHostBody) -> wire.HostAccepted:
        """Take a host as right as it was reported last."""
        return await self._ask(routes.ACCEPT_HOST, agent_id, body=body)

    async def undo_accept(self, agent_id: str) -> wire.HostAccepted:
        """Compare a host with the code of its stack alone again."""
        return await self._ask(routes.UNDO_ACCEPT_HOST, agent_id)

    async def template(
        self, agent_id: str, *, sections: Sequence[str] = (), paths: Sequence[str] = ()
    ) -> wire.HostTemplate:
        """Return what a stack would declare for a host to be as it is; `paths` are globs."""
        query = {"sections": ",".join(sections), "paths": ",".join(paths)}
        asked = await self._calls.ask(routes.READ_HOST_TEMPLATE, agent_id, query=query)
        return decode(wire.HostTemplate, asked)

    async def revoke(self, agent_id: str) -> None:
        """Take no report of an agent any more."""
        await self._calls.ask(routes.REVOKE_AGENT, agent_id)


class Audit(Collection["wire.AuditEntry"]):
    """Who did what to what."""

    async def verify(self) -> wire.AuditVerified:
        """Return whether every entry is as it was written, and the first that is not."""
        return await self._ask(routes.VERIFY_AUDIT)


class Alerts(Single["wire.Alert"]):
    """One per cause, and where each is shown."""

    async def mute(self, alert_id: str, *, reason: str) -> wire.Alert:
        """Have nothing more shown of an alert until it is over."""
        return await self._ask(routes.MUTE_ALERT, alert_id, body=wire.MuteBody(reason=reason))

    async def unmute(self, alert_id: str) -> wire.Alert:
        """Have a muted alert shown again."""
        return await self._ask(routes.UNMUTE_ALERT, alert_id)


class Channels(Collection["wire.Channel"]):
    """Where alerts are shown."""

    async def test(self, name: str) -> wire.ChannelTried:
        """Show an alert on one and end it again; return what came back."""
        return await self._ask(routes.TEST_CHANNEL, name)


class HoldSwitch:
    """What is on hold: everything, a stack or a resource of one."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get(self) -> wire.Hold | None:
        """Return who holds everything and why; None where nobody does."""
        return decode(wire.HoldState, await self._calls.ask(routes.READ_HOLD)).hold

    async def all(self) -> list[wire.Hold]:
        """Return every hold, the widest first; the breaker is one that is `unasked`."""
        return decode(wire.HoldState, await self._calls.ask(routes.READ_HOLD)).holds

    async def pull(
        self,
        *,
        reason: str = "",
        until: datetime | None = None,
        stack: str | None = None,
        address: str | None = None,
    ) -> wire.Hold | None:
        """Let nothing begin to change what it names; return the hold on everything, if any."""
        body = wire.HoldBody(reason=reason, until=until, stack=stack, address=address)
        held = await self._calls.ask(routes.SET_HOLD, body=body.as_json())
        return decode(wire.HoldState, held).hold

    async def release(self, *, stack: str | None = None, address: str | None = None) -> None:
        """Let corrections of that scope go on; without a stack the breaker is closed as well."""
        query = {"stack": stack, "address": address}
        await self._calls.ask(routes.RELEASE_HOLD, query=query)
