"""What is asked for about findings: a plan, one of their own, a release; and scans and the hold."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from textual import work

from reconciler.client.errors import ReconcilerError
from reconciler.wire.remediations import Remediation
from tui import intents
from tui.ages import clock
from tui.confirming import ConfirmingApp
from tui.in_thread import in_thread
from tui.ink import Line, line
from tui.lines.next_steps import Step
from tui.lines.words import counted
from tui.modals.menu import Choice
from tui.store.rows import Row
from tui.verbs import Seen, Tier, request_of, seen_of, target_of


class RequestingApp(ConfirmingApp):
    """The part of the app that has something planned, scanned or held."""

    _starting = False

    @abstractmethod
    def copy_text(self, text: str) -> None:
        """Put `text` into the terminal's clipboard."""

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
        self.confirm(asked, lines, "remediations:decide", lambda: self._divide(parts))

    @work(group="decide", exit_on_error=False)
    async def _divide(self, parts: Mapping[str, Sequence[str]]) -> None:
        self.tell("divided; each part gets a plan of its own",
                  await intents.divide(self.session, parts))  # fmt: skip

    def request_rows(self, rows: Sequence[Row], action: str) -> None:
        """Request a remediation of each row; nothing is changed before its plan is approved.

        In production, and of many at once, that is confirmed by a name before. It is about the
        drift that is seen now: what changes while the name is typed is not requested.
        """
        if not rows:
            return
        seen = tuple(map(seen_of, rows))
        production = self.session.options.production
        asked = request_of([row.stack for row in rows], len(rows), production=production, seen=seen)
        if asked.tier < Tier.SERIOUS:
            self._request(seen, action)
            return
        what = "quarantine" if action == "quarantine" else "correction"
        lines = [line(("request ", "strong"), counted(len(rows), what))]
        lines += [line(f"  {row.stack}  ", (row.address, "strong")) for row in rows]
        lines.append(line("each gets a plan; nothing is changed before that is approved"))
        confirmed = partial(self._request, seen, action)
        self.confirm(asked, lines, "remediations:request", confirmed)

    @work(group="decide", exit_on_error=False)
    async def _request(self, seen: Sequence[Seen], action: str) -> None:
        self.tell("requested", await intents.request(self.session, seen, action))

    def release_rows(self, rows: Sequence[Row]) -> None:
        """Connect again what is isolated because of these rows, when that is confirmed."""
        isolated = [row for row in rows if row.state == "quarantined"]
        if not isolated:
            self.flash("nothing here is in quarantine; ", ("Q", "key"), " requests that")
            return
        lines = [line(("release ", "strong"), f"{row.stack}  {row.address}") for row in isolated]
        lines.append(line("what isolates it is undone; the drift itself stays as it is"))
        seen = tuple(map(seen_of, isolated))
        asked = self.asked_about("release", [row.stack for row in isolated], seen=seen)
        self.confirm(asked, lines, "remediations:decide", lambda: self._release(seen))

    @work(group="decide", exit_on_error=False)
    async def _release(self, seen: Sequence[Seen]) -> None:
        self.tell("release requested", await intents.release(self.session, seen))

    @work(group="decide", exit_on_error=False)
    async def scan(self, stacks: Sequence[str]) -> None:
        """Have stacks scanned now."""
        self.tell("scans asked for", await intents.scan(self.session, stacks))

    def choose_step(self, steps: Sequence[Step]) -> None:
        """Choose what to do next: start the daemon, scan, or copy a command."""
        if not steps:
            self.flash("nothing has to be done next")
            return
        off = {"scan": self.session.why_not("stacks:scan")}
        choices = [
            Choice(str(place), step.does, f"{step.value}   {step.words}", off.get(step.does, ""))
            for place, step in enumerate(steps)
        ]
        self.choose("next step", choices, lambda place: self._take_step(steps[int(place)]))

    def _take_step(self, step: Step) -> None:
        match step.does:
            case "start":
                self._start()
            case "scan":
                self.scan([step.value])
            case _:
                self.copy_text(step.value)

    def _start(self) -> None:
        if self._starting:
            self.flash("trueup serve is being started already")
        elif self.session.can_start:
            self._starting = True
            self.flash("starting trueup serve")
            self._started()

    @work(group="start", exit_on_error=False)
    async def _started(self) -> None:
        start = self.session.options.start
        if start is None:
            self._starting = False
            return
        try:
            self.flash(await in_thread(start))
        except ReconcilerError as error:
            lines = [line((str(error), "high")), line(error.remedy or "")]
            self.show_text("the daemon could not be started", lines)
        finally:
            self._starting = False

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
        asked = self.asked_about("release", [self.session.options.environment or "all"])
        self.confirm(asked, lines, "hold:release", self._resume)

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
