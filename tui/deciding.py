"""Decisions: asked for on a page, confirmed in a dialog, sent, and what came of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import work

from reconciler.wire.remediations import Remediation
from tui import intents
from tui.ages import clock
from tui.asking import when_answered
from tui.ink import Line, line
from tui.lines.asked import asked_lines
from tui.modals.confirm import Confirm
from tui.reversible import ReversibleApp
from tui.screens.run import RunPage
from tui.store.rows import Row
from tui.verbs import Asked, Target, about, approval_of, moved, target_of


class DecidingApp(ReversibleApp):
    """The part of the app that decides about remediations."""

    def follow(self, remediation_id: str) -> None:
        """Open the page of a remediation."""
        raise NotImplementedError

    def approve_rows(self, rows: Sequence[Row]) -> None:
        """Approve the plans that wait for these rows."""
        store = self.session.store
        ids = dict.fromkeys(row.remediation_id for row in rows if row.remediation_id)
        found = [store.remediations[each] for each in ids if each in store.remediations]
        self.approve(found)

    def approve(self, remediations: Sequence[Remediation]) -> None:
        """Approve exactly the plans that are seen now, when that is confirmed."""
        waiting = [found for found in remediations if found.state == "awaiting_approval"]
        if not waiting:
            self.flash("no plan waits for an approval here; ", ("C", "key"), " requests one")
            return
        asked = approval_of(waiting, production=self.session.options.production)
        lines = list(asked_lines(asked, waiting, self.session.store.policies))
        self._confirm(asked, lines, "remediations:decide", lambda: self._approve(asked))

    @work(group="decide", exit_on_error=False)
    async def _approve(self, asked: Asked) -> None:
        done = await intents.approve(self.session, asked)
        self.tell("approved", done)
        if len(asked.targets) == 1 and not done.failed and not isinstance(self.screen, RunPage):
            self.follow(asked.targets[0].id)

    def _about(self, verb: str, stacks: Sequence[str], *targets: Target) -> Asked:
        production = self.session.options.production
        return about(verb, stacks, production=production, targets=targets)

    def _confirm(
        self,
        asked: Asked,
        lines: Sequence[Line],
        permission: str,
        confirmed: Callable[[], object],
    ) -> None:
        """Open the dialog at once, so that it gets every key that is typed after the one for it.

        From a worker it would open a moment later, and that key would do something else here.
        """
        environment = self.session.options.environment
        style = "prod" if self.session.options.production else "strong"
        modal = Confirm(
            asked,
            [*([line((f" {environment.upper()} ", style))] if environment else []), *lines],
            palette=self.palette,
            moved=lambda: moved(asked, self.session.store),
            why_not=lambda: self.session.why_not(permission),
        )
        self.push_screen(modal, when_answered(lambda _yes: confirmed()))

    def reject_rows(self, rows: Sequence[Row]) -> None:
        """Reject the remediations of these rows."""
        self.decide_with_reason("reject", [row.remediation_id for row in rows])

    def decide_with_reason(self, verb: str, ids: Sequence[str]) -> None:
        """Ask for a reason, then do `verb` to each remediation."""
        chosen = list(dict.fromkeys(each for each in ids if each))
        if not chosen:
            self.flash("no remediation here; ", ("C", "key"), " requests one")
            return
        question = line((f"{verb} {len(chosen)}", "strong"), ": why? (kept in the audit)")
        self.prompt(question, lambda reason: self._decide(verb, chosen, reason))

    @work(group="decide", exit_on_error=False)
    async def _decide(self, verb: str, ids: Sequence[str], reason: str) -> None:
        self.tell(f"{verb}: done", await intents.decide(self.session, verb, ids, reason))

    @work(group="decide", exit_on_error=False)
    async def request_rows(self, rows: Sequence[Row], action: str) -> None:
        """Request a remediation of each row; nothing is changed before its plan is approved."""
        if not rows:
            return
        done = await intents.request(self.session, [row.report_id for row in rows], action)
        self.tell("requested", done)

    def release_rows(self, rows: Sequence[Row]) -> None:
        """Connect again what is isolated because of these rows, when that is confirmed."""
        isolated = [row for row in rows if row.state == "quarantined"]
        if not isolated:
            self.flash("nothing here is in quarantine; ", ("Q", "key"), " requests that")
            return
        lines = [line(("release ", "strong"), f"{row.stack}  {row.address}") for row in isolated]
        lines.append(
            line("what was detached or swapped comes back; the drift itself stays as it is")
        )
        asked = self._about("release", [row.stack for row in isolated])
        ids = [row.id for row in isolated]
        self._confirm(asked, lines, "remediations:decide", lambda: self._release(ids))

    @work(group="decide", exit_on_error=False)
    async def _release(self, finding_ids: Sequence[str]) -> None:
        self.tell("release requested", await intents.release(self.session, finding_ids))

    def cancel(self, remediation: Remediation) -> None:
        """Cancel a remediation when that is confirmed."""
        asked = self._about("cancel", [remediation.stack], target_of(remediation))
        lines = [
            line(("cancel ", "strong"), remediation.stack),
            line("a run that is under way is asked once to stop where it safely can;"),
            line("what it has done by then stays done, and is read again afterwards"),
        ]
        self._confirm(
            asked,
            lines,
            "remediations:cancel",
            lambda: self._decide("cancel", [remediation.id], ""),
        )

    @work(group="decide", exit_on_error=False)
    async def scan(self, stacks: Sequence[str]) -> None:
        """Have stacks scanned now."""
        self.tell("scans asked for", await intents.scan(self.session, stacks))

    def hold_or_resume(self) -> None:
        """Pause all corrections with a reason, or let them go on when that is confirmed."""
        hold = self.session.store.hold
        if hold is None:
            self.prompt(line(("hold all corrections", "strong"), ": why?"), self._hold)
            return
        lines = [
            line(("release the hold", "strong"), f" of {hold.by}, since {clock(hold.since)}"),
            line(hold.reason),
            line("corrections that wait begin at once"),
        ]
        asked = self._about("release", [self.session.options.environment or "all"])
        self._confirm(asked, lines, "hold:release", self._resume)

    @work(group="decide", exit_on_error=False)
    async def _hold(self, reason: str) -> None:
        self.tell("hold set", await intents.hold(self.session, reason))

    @work(group="decide", exit_on_error=False)
    async def _resume(self) -> None:
        self.tell("hold released", await intents.resume(self.session))
