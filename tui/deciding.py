"""Decisions: asked for on a page, confirmed in a dialog, sent, and what came of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from textual import work
from textual.app import App

from reconciler.wire.findings import Finding
from reconciler.wire.remediations import Remediation
from tui import intents
from tui.ink import Line, Palette, line
from tui.lines.asked import asked_lines
from tui.modals.confirm import Confirm
from tui.modals.prompt import Prompt
from tui.screens.run import RunPage
from tui.session import Session
from tui.store.rows import Row
from tui.verbs import Asked, Tier, approval_of, moved, target_of

T = TypeVar("T")


class DecidingApp(App[None]):
    """The part of the app that decides; where it stands and what it says is the app's own."""

    session: Session
    palette: Palette

    def flash(self, *parts: str | tuple[str, str]) -> None:
        """Say what just happened."""
        raise NotImplementedError

    def follow(self, remediation_id: str) -> None:
        """Open the page of a remediation."""
        raise NotImplementedError

    def show_text(self, title: str, lines: Sequence[Line]) -> None:
        """Show lines to read."""
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
        lines = list(asked_lines(asked, waiting))
        self._confirm(asked, lines, "remediations:decide", lambda: self._approve(asked))

    @work(group="decide", exit_on_error=False)
    async def _approve(self, asked: Asked) -> None:
        done = await intents.approve(self.session, asked)
        self._tell("approved", done)
        if len(asked.targets) == 1 and not done.failed and not isinstance(self.screen, RunPage):
            self.follow(asked.targets[0].id)

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
        modal = Confirm(
            asked,
            lines,
            palette=self.palette,
            moved=lambda: moved(asked, self.session.store),
            why_not=lambda: self.session.why_not(permission),
        )
        self.push_screen(modal, when_answered(lambda _yes: confirmed()))

    def _tell(self, verb: str, done: intents.Done) -> None:
        if not done.failed:
            self.flash((f"{verb}: {len(done.ok)}", "good"))
            return
        lines = [
            line((f"{verb} {len(done.ok)} of {len(done.ok) + len(done.failed)}", "strong"), "")
        ]
        for target, reason in done.failed:
            lines.append(line(("x ", "high"), f"{target[:12]}  ", (reason, "high")))
        self.show_text("not everything was done", lines)

    def reject_rows(self, rows: Sequence[Row]) -> None:
        """Reject the remediations of these rows."""
        self.decide_with_reason("reject", [row.remediation_id for row in rows])

    def ignore_rows(self, rows: Sequence[Row]) -> None:
        """Ignore these rows until their drift changes, with a reason."""
        if not rows:
            return
        ids = [row.id for row in rows]
        question = line((f"ignore {len(ids)}", "strong"), ": why? (until the drift changes)")
        self.prompt(question, lambda reason: self._ignore(ids, reason))

    @work(group="decide", exit_on_error=False)
    async def _ignore(self, ids: Sequence[str], reason: str) -> None:
        self._tell("ignored", await intents.ignore(self.session, ids, reason))

    @work(group="decide", exit_on_error=False)
    async def list_again(self, ids: Sequence[str]) -> None:
        """Put ignored findings on the list again."""
        self._tell("listed again", await intents.list_again(self.session, ids))

    def accept_live(self, finding: Finding) -> None:
        """Say that the live values of an undeclared finding are right, with a reason."""
        question = line(("accept what is live", "strong"), " as right from now on: why?")
        self.prompt(question, lambda reason: self._accept(finding, reason))

    @work(group="decide", exit_on_error=False)
    async def _accept(self, finding: Finding, reason: str) -> None:
        done = await intents.accept(self.session, finding, reason)
        self._tell("accepted (z takes it back)", done)

    @work(group="decide", exit_on_error=False)
    async def undo_accept(self, finding_id: str) -> None:
        """Put the baseline back to what it was before a finding was accepted."""
        self._tell("taken back", await intents.undo_accept(self.session, finding_id))

    def decide_with_reason(self, verb: str, ids: Sequence[str]) -> None:
        """Ask for a reason, then do `verb` to each remediation."""
        chosen = list(dict.fromkeys(each for each in ids if each))
        if not chosen:
            self.flash("no remediation here; ", ("C", "key"), " requests one")
            return
        question = line((f"{verb} {len(chosen)}", "strong"), ": why? (kept in the audit)")
        self.prompt(question, lambda reason: self._decide(verb, chosen, reason))

    def prompt(self, question: Line, answered: Callable[[str], object]) -> None:
        """Ask for a line of text, and call `answered` with it; not when the dialog is left."""
        prompt = Prompt(question, palette=self.palette)
        self.push_screen(prompt, when_answered(answered))

    @work(group="decide", exit_on_error=False)
    async def _decide(self, verb: str, ids: Sequence[str], reason: str) -> None:
        self._tell(f"{verb}: done", await intents.decide(self.session, verb, ids, reason))

    @work(group="decide", exit_on_error=False)
    async def request_rows(self, rows: Sequence[Row], action: str) -> None:
        """Request a remediation of each row; nothing is changed before its plan is approved."""
        if not rows:
            return
        done = await intents.request(self.session, [row.report_id for row in rows], action)
        self._tell("requested", done)

    def release_rows(self, rows: Sequence[Row]) -> None:
        """Connect again what is isolated because of these rows, when that is confirmed."""
        isolated = [row for row in rows if row.state == "quarantined"]
        if not isolated:
            self.flash("nothing here is in quarantine; ", ("Q", "key"), " requests that")
            return
        lines = [line(("release ", "strong"), f"{row.stack}  {row.address}") for row in isolated]
        lines.append(line("what was detached is attached again; the drift itself stays as it is"))
        asked = Asked("release", (), Tier.PLAIN)
        ids = [row.id for row in isolated]
        self._confirm(asked, lines, "remediations:decide", lambda: self._release(ids))

    @work(group="decide", exit_on_error=False)
    async def _release(self, finding_ids: Sequence[str]) -> None:
        self._tell("release requested", await intents.release(self.session, finding_ids))

    def cancel(self, remediation: Remediation) -> None:
        """Cancel a remediation when that is confirmed."""
        asked = Asked("cancel", (target_of(remediation),), Tier.PLAIN)
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
        self._tell("scans asked for", await intents.scan(self.session, stacks))

    def hold_or_resume(self) -> None:
        """Pause all corrections with a reason, or let them go on."""
        if self.session.store.hold is not None:
            self._resume()
            return
        self.prompt(line(("hold all corrections", "strong"), ": why?"), self._hold)

    @work(group="decide", exit_on_error=False)
    async def _hold(self, reason: str) -> None:
        self._tell("hold set", await intents.hold(self.session, reason))

    @work(group="decide", exit_on_error=False)
    async def _resume(self) -> None:
        self._tell("hold released", await intents.resume(self.session))


def when_answered(answered: Callable[[T], object]) -> Callable[[T | None], None]:
    """Return what calls `answered`, unless a dialog was left without an answer."""

    def answer(value: T | None) -> None:
        if value:
            answered(value)

    return answer
