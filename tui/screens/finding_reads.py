"""What is read of one finding: itself, and what only one of its tabs shows."""

from __future__ import annotations

from typing import Final

from textual import work
from textual.timer import Timer

from reconciler.client.errors import DeniedError, NotFoundError, ReconcilerError
from reconciler.wire.findings import Finding
from reconciler.wire.plans import Plan
from reconciler.wire.remediations import Remediation
from tui.background import read_background, remediations_of
from tui.deciders import read_deciders
from tui.lines.tabs import Known
from tui.reading import Reading
from tui.screens.document import DocumentPage
from tui.store.catch_up import DENIED_S, LATER_S
from tui.store.changes import Changes

_UNDER_WAY: Final = frozenset({"queued", "planning", "applying", "verifying", "unknown", "held"})
"""Where a remediation goes on with the plan it has, if it has one."""


class FindingReads(DocumentPage):
    """A page of one finding that is read again whenever it changes.

    What only one tab shows is read where that is the tab looked at.
    """

    def __init__(self, finding_id: str, *, tab: str) -> None:
        super().__init__()
        self.finding_id = finding_id
        self.tab = tab
        self.finding: Finding | None = None
        self.error = ""
        self.removed = False
        self._known = Known()
        self._planned: tuple[str, str] | None = None
        """The drift that the preview was asked for."""
        self._later: Timer | None = None
        self._reading = Reading(self._read_finding)
        self._reading_background = Reading(self._read_around)
        self._reading_deciders = Reading(self._read_deciders)

    def on_mount(self) -> None:
        """Read the finding."""
        self.read()

    def on_screen_resume(self) -> None:
        """Read it again: what changed while another page was in front was told to that one."""
        if self.finding is not None:
            self.read()

    def read(self) -> None:
        """Read the finding; while it is read already, once more after that."""
        if self._reading.wanted():
            self.run_worker(self._reading.run(), group="finding", exit_on_error=False)

    async def _read_finding(self) -> None:
        try:
            self.finding = await self.session.client.findings.get(self.finding_id)
            self.error, self.removed = "", False
        except NotFoundError:
            self.removed = True
        except ReconcilerError as error:
            self.error = str(error)
            self._read_later(DENIED_S if isinstance(error, DeniedError) else LATER_S)
        self.show()
        self.read_tab()

    def _read_later(self, pause_s: float) -> None:
        if self._later is not None:
            self._later.stop()
        self._later = self.set_timer(pause_s, self.read)

    def store_changed(self, changes: Changes) -> None:
        """Read it again when it changed; what is being read stays where it is."""
        if self.finding_id in changes.findings or changes.everything:
            self._known.revisions, self._known.revisions_error = None, ""
            self.read()
        elif changes.remediations or changes.others:
            self._read_background()
            self._read_who_decided()
            self._make_preview()
            self.show()

    def known(self) -> Known:
        """Return what was read, with what the store knows by now of its remediations."""
        self._known.waiting = self.waiting_plan()
        self._known.under_way = self._under_way()
        if self.tab == "history":
            self._known.remediations = remediations_of(self.session, self.finding_id)
        return self._known

    def read_tab(self) -> None:
        """Read what only one tab shows, where that is the one looked at."""
        self._read_revisions()
        self._read_background()
        self._read_who_decided()
        self._make_preview()

    def _read_background(self) -> None:
        if self.tab == "why" and self._reading_background.wanted():
            work = self._reading_background.run()
            self.run_worker(work, group="background", exit_on_error=False)

    async def _read_around(self) -> None:
        finding = self.finding
        if self.tab != "why" or finding is None:
            return
        self._known.background = await read_background(self.session, finding)
        self.show()

    def _read_who_decided(self) -> None:
        if self.tab == "history" and self._reading_deciders.wanted():
            work = self._reading_deciders.run()
            self.run_worker(work, group="deciders", exit_on_error=False)

    async def _read_deciders(self) -> None:
        shown = remediations_of(self.session, self.finding_id)
        self._known.deciders = await read_deciders(self.session, shown, self._known.deciders)
        self.show()

    @work(exclusive=True, group="template", exit_on_error=False)
    async def _read_revisions(self) -> None:
        """Read them where they are looked at."""
        template_id = self.finding.template_id if self.finding else None
        if self.tab != "template" or not template_id:
            return
        try:
            self._known.revisions = await self.session.client.templates.revisions(template_id)
            self._known.revisions_error = ""
        except ReconcilerError as error:
            self._known.revisions_error = str(error)
        self.show()

    def waiting_plan(self) -> Plan | None:
        """Return the plan that waits for an approval; None where none does."""
        found = self.waiting()
        return found.plan if found and found.state == "awaiting_approval" else None

    def _under_way(self) -> Remediation | None:
        """Return the remediation whose plan is being carried out; None where none is."""
        found = self.waiting()
        return found if found and found.plan and found.state in _UNDER_WAY else None

    def preview_again(self) -> None:
        """Make the preview anew, where the tab would show one."""
        self._planned = None
        self._make_preview()

    def _make_preview(self) -> None:
        """Make the preview where the tab shows one and has none of this drift."""
        finding = self.finding
        if self.tab != "plan" or finding is None or finding.state == "healed":
            return
        # A drift that comes back is another one, also where its report is the same.
        drift = finding.report_id, finding.state
        if self.waiting_plan() or self._under_way() or drift == self._planned:
            return
        self._planned = drift
        self._known.preview = self._known.preview_error = None
        self.make_plan()

    @work(exclusive=True, group="plan", exit_on_error=False)
    async def make_plan(self) -> None:
        """Have the daemon plan a correction of it; nothing is changed."""
        try:
            self._known.preview = await self.session.client.findings.plan(self.finding_id)
            self._known.preview_error = None
        except ReconcilerError as error:
            self._known.preview_error = str(error), error.remedy or ""
        self.show()

    def waiting(self) -> Remediation | None:
        """Return its remediation."""
        row = self.session.store.rows.get(self.finding_id)
        return self.session.store.remediations.get(row.remediation_id) if row else None
