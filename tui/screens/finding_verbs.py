"""What can be decided about findings, wherever some are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from tui.screens.page import Page
from tui.store.rows import Row


class FindingVerbs(Page):
    """A page with findings that verbs are about; `chosen` says which."""

    permissions: ClassVar[dict[str, str]] = {
        "approve": "remediations:decide",
        "reject": "remediations:decide",
        "correct": "remediations:request",
        "quarantine": "remediations:request",
        "release": "remediations:decide",
        "ignore": "remediations:request",
        "divide": "remediations:decide",
        "plan": "stacks:plan",
    }

    def chosen(self) -> Sequence[Row]:
        """Return the rows that a verb is about."""
        return ()

    def action_approve(self) -> None:
        """Approve the plans that wait for what is chosen."""
        if self.may("approve"):
            self.ours.approve_rows(self.chosen())

    def action_reject(self) -> None:
        """Reject the remediations of what is chosen."""
        if self.may("reject"):
            self.ours.reject_rows(self.chosen())

    def action_correct(self) -> None:
        """Request a correction of what is chosen."""
        if self.may("correct"):
            self.ours.request_rows(self.chosen(), "manual_review")

    def action_quarantine(self) -> None:
        """Request that what is chosen be isolated."""
        if self.may("quarantine"):
            self.ours.request_rows(self.chosen(), "quarantine")

    def action_release(self) -> None:
        """Connect what is isolated because of what is chosen."""
        if self.may("release"):
            self.ours.release_rows(self.chosen())

    def action_divide(self) -> None:
        """Have what is chosen planned and decided apart from the rest of its remediation."""
        if self.may("divide"):
            self.ours.divide_rows(self.chosen())

    def action_ignore(self) -> None:
        """Ignore what is chosen, with a reason."""
        if self.may("ignore"):
            self.ours.ignore_rows(self.chosen())
