"""Decisions: asked for on a page, confirmed in a dialog, sent, and what came of each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final

from textual import work

from reconciler.wire.remediations import Remediation
from tui import intents
from tui.ink import line
from tui.lines.asked import asked_lines
from tui.requesting import RequestingApp
from tui.store.rows import Row
from tui.verbs import NO_PLAN, Asked, Target, approval_of, target_of

_FELT: Final = {
    "reject": "what is dangerous stays connected, and the same drift is not proposed again",
    "retry": "it begins anew, with a fresh plan; one that a policy allows is applied unasked",
    "suppress": "its findings are off the list; what is dangerous stays connected",
}
"""What a decision does to the world where it ends or repeats what protects it."""


class DecidingApp(RequestingApp):
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
            self.flash(NO_PLAN)
            return
        own = [found for found in waiting if self.session.own_request(found)]
        waiting = [found for found in waiting if found not in own]
        if not waiting:
            self.flash((self.session.own_request(own[0]), "high"))
            return
        asked = approval_of(waiting, production=self.session.options.production)
        store = self.session.store
        lines = list(asked_lines(asked, waiting, store.policies, store.stacks))
        if own:
            left_out = f"{len(own)} left out: {self.session.own_request(own[0])}"
            lines.insert(1, line((left_out, "medium")))
        self.confirm(asked, lines, "remediations:decide", lambda: self._approve(asked))

    @work(group="decide", exit_on_error=False)
    async def _approve(self, asked: Asked) -> None:
        done = await intents.approve(self.session, asked)
        self.tell("approved", done)
        if len(asked.targets) == 1 and not done.failed:
            self.follow(asked.targets[0].id)

    def reject_rows(self, rows: Sequence[Row]) -> None:
        """Reject the remediations of these rows."""
        self.decide_with_reason("reject", [row.remediation_id for row in rows])

    def decide_with_reason(self, verb: str, ids: Sequence[str]) -> None:
        """Ask for a reason, then do `verb` to each remediation as it is seen now."""
        chosen = list(dict.fromkeys(each for each in ids if each))
        if not chosen:
            self.flash("no remediation here; ", ("C", "key"), " requests one")
            return
        known = self.session.store.remediations
        # Exactly what is seen now: while the reason is typed, another plan may take its place.
        found = [known[each] for each in chosen if each in known]
        unread = [each for each in chosen if each not in known]
        question = line((f"{verb} {len(chosen)}", "strong"), ": why? (kept in the audit)")
        self.prompt(question, lambda reason: self._decide_surely(verb, found, unread, reason))

    def _decide_surely(
        self, verb: str, found: Sequence[Remediation], unread: Sequence[str], reason: str
    ) -> None:
        """Decide; in production what changes the world is confirmed by a name before."""
        targets = tuple(map(target_of, found))
        decide = partial(self._decide, verb, targets, reason, unread)
        production = self.session.options.production
        if not (production and any(map(partial(_is_felt, verb), found))):
            decide()
            return
        asked = self.asked_about(verb, [each.stack for each in found], *targets)
        lines = [
            line((f"{verb} ", "strong"), each.action_type.replace("_", " "), f"  {each.stack}  ",
                 (", ".join(each.addresses[:3]), "strong"))
            for each in found
        ]  # fmt: skip
        lines += [line(_FELT[verb]), line(("reason: ", "dim"), reason)]
        self.confirm(asked, lines, "remediations:decide", decide)

    @work(group="decide", exit_on_error=False)
    async def _decide(
        self, verb: str, targets: Sequence[Target], reason: str, unread: Sequence[str] = ()
    ) -> None:
        done = await intents.decide(self.session, verb, targets, reason)
        # No page has shown it, and it may be a quarantine.
        done.failed += [(each, "not read yet, so not decided; r reads it") for each in unread]
        self.tell(f"{verb}: done", done)

    def cancel(self, remediation: Remediation) -> None:
        """Cancel a remediation when that is confirmed."""
        target = target_of(remediation)
        asked = self.asked_about("cancel", [remediation.stack], target)
        lines = [
            line(("cancel ", "strong"), remediation.stack),
            line("a run that is under way is asked once to stop where it safely can;"),
            line("what it has done by then stays done, and is read again afterwards"),
        ]
        self.confirm(
            asked,
            lines,
            "remediations:cancel",
            lambda: self._decide("cancel", [target], ""),
        )


def _is_felt(verb: str, remediation: Remediation) -> bool:
    """Whether the world is another one after it: to end a correction leaves it as it is."""
    return verb == "retry" or (verb in _FELT and remediation.action_type == "quarantine")
