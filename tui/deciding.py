"""Decisions: asked for on a page, confirmed in a dialog, sent, and what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from textual import work

from reconciler.wire.remediations import Remediation
from tui import intents
from tui.ages import clock
from tui.asking import when_answered
from tui.ink import Line, line
from tui.lines.asked import asked_lines
from tui.lines.words import counted
from tui.modals.confirm import Confirm
from tui.reversible import ReversibleApp
from tui.store.rows import Row
from tui.verbs import Asked, Target, Tier, about, approval_of, moved, request_of, target_of

_FELT: Final = {
    "reject": "what is dangerous stays connected, and the same drift is not proposed again",
    "retry": "it begins anew, with a fresh plan; one that a policy allows is applied unasked",
    "suppress": "its findings are off the list; what is dangerous stays connected",
}
"""What a decision does to the world where it ends or repeats what protects it."""


class DecidingApp(ReversibleApp):
    """The part of the app that decides about remediations."""

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
        store = self.session.store
        lines = list(asked_lines(asked, waiting, store.policies, store.stacks))
        self._confirm(asked, lines, "remediations:decide", lambda: self._approve(asked))

    @work(group="decide", exit_on_error=False)
    async def _approve(self, asked: Asked) -> None:
        done = await intents.approve(self.session, asked)
        self.tell("approved", done)
        if len(asked.targets) == 1 and not done.failed:
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

    def divide_rows(self, rows: Sequence[Row]) -> None:
        """Give the chosen rows a remediation and a plan of their own, apart from the others.

        In production, and of many at once, that is confirmed by a name before: what waited for
        an approval is gone, and both parts are planned under the lock of the state.
        """
        known = self.session.store.remediations
        parts = _parts_of(rows, known)
        if not parts:
            self.flash("nothing to divide: no plan that waits here is about others as well")
            return
        found = [known[each] for each in parts]
        asked = request_of(
            [each.stack for each in found],
            sum(map(len, parts.values())),
            production=self.session.options.production,
            verb="divide",
            targets=tuple(map(target_of, found)),
        )
        if asked.tier < Tier.SERIOUS:
            self._divide(parts)
            return
        lines = list(_division_lines(found, parts))
        self._confirm(asked, lines, "remediations:decide", lambda: self._divide(parts))

    @work(group="decide", exit_on_error=False)
    async def _divide(self, parts: Mapping[str, Sequence[str]]) -> None:
        self.tell("divided; each part gets a plan of its own",
                  await intents.divide(self.session, parts))  # fmt: skip

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
        self.prompt(question, lambda reason: self._decide_surely(verb, chosen, reason))

    def _decide_surely(self, verb: str, ids: Sequence[str], reason: str) -> None:
        """Decide; in production what changes the world is confirmed by a name before.

        What was not read is not decided there: no dialog has shown it, and it may be a quarantine.
        """
        if not self.session.options.production:
            self._decide(verb, ids, reason)
            return
        known = self.session.store.remediations
        found = [known[each] for each in ids if each in known]
        unread = [each for each in ids if each not in known]
        decide = partial(self._decide, verb, [each.id for each in found], reason, unread)
        if not any(map(partial(_is_felt, verb), found)):
            decide()
            return
        stacks = [each.stack for each in found]
        asked = self._about(verb, stacks, *(target_of(each) for each in found))
        lines = [
            line((f"{verb} ", "strong"), each.action_type.replace("_", " "), f"  {each.stack}  ",
                 (", ".join(each.addresses[:3]), "strong"))
            for each in found
        ]  # fmt: skip
        lines += [line(_FELT[verb]), line(("reason: ", "dim"), reason)]
        self._confirm(asked, lines, "remediations:decide", decide)

    @work(group="decide", exit_on_error=False)
    async def _decide(
        self, verb: str, ids: Sequence[str], reason: str, unread: Sequence[str] = ()
    ) -> None:
        done = await intents.decide(self.session, verb, ids, reason)
        done.failed += [(each, "not read yet, so not decided; r reads it") for each in unread]
        self.tell(f"{verb}: done", done)

    def request_rows(self, rows: Sequence[Row], action: str) -> None:
        """Request a remediation of each row; nothing is changed before its plan is approved.

        In production, and of many at once, that is confirmed by a name before.
        """
        if not rows:
            return
        stacks = [row.stack for row in rows]
        asked = request_of(stacks, len(rows), production=self.session.options.production)
        if asked.tier < Tier.SERIOUS:
            self._request(rows, action)
            return
        what = "quarantine" if action == "quarantine" else "correction"
        lines = [line(("request ", "strong"), counted(len(rows), what))]
        lines += [line(f"  {row.stack}  ", (row.address, "strong")) for row in rows]
        lines.append(line("each gets a plan; nothing is changed before that is approved"))
        confirmed = partial(self._request, tuple(rows), action)
        self._confirm(asked, lines, "remediations:request", confirmed)

    @work(group="decide", exit_on_error=False)
    async def _request(self, rows: Sequence[Row], action: str) -> None:
        done = await intents.request(self.session, [row.report_id for row in rows], action)
        self.tell("requested", done)

    def release_rows(self, rows: Sequence[Row]) -> None:
        """Connect again what is isolated because of these rows, when that is confirmed."""
        isolated = [row for row in rows if row.state == "quarantined"]
        if not isolated:
            self.flash("nothing here is in quarantine; ", ("Q", "key"), " requests that")
            return
        lines = [line(("release ", "strong"), f"{row.stack}  {row.address}") for row in isolated]
        lines.append(line("what isolates it is undone; the drift itself stays as it is"))
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


def _parts_of(rows: Sequence[Row], known: Mapping[str, Remediation]) -> Mapping[str, Sequence[str]]:
    """Return the addresses of `rows` by the waiting remediation that is about others as well."""
    parts: dict[str, list[str]] = {}
    for row in rows:
        found = known.get(row.remediation_id)
        if found is not None and found.state == "awaiting_approval":
            parts.setdefault(found.id, []).append(row.address)
    return {each: some for each, some in parts.items() if {*known[each].addresses} - {*some}}


def _division_lines(
    remediations: Sequence[Remediation], parts: Mapping[str, Sequence[str]]
) -> Iterator[Line]:
    """Yield what is taken out of which remediation, and what that does."""
    for each in remediations:
        others = len({*each.addresses} - {*parts[each.id]})
        rest = counted(others, "other resource")
        yield line(("divide ", "strong"), f"{each.stack}: apart from {rest}")
        for address in parts[each.id]:
            yield line("  ", (address, "strong"))
    yield line("the plan that waits is gone; each part gets one, to be approved anew")


def _is_felt(verb: str, remediation: Remediation) -> bool:
    """Whether the world is another one after it: to end a correction leaves it as it is."""
    return verb == "retry" or (verb in _FELT and remediation.action_type == "quarantine")
