"""The dialog of a decision, and what makes it one that cannot be confirmed any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.asking import when_answered
from tui.ink import Line, line
from tui.modals.confirm import Confirm
from tui.reversible import ReversibleApp
from tui.verbs import Asked, Seen, Target, about, moved


class ConfirmingApp(ReversibleApp):
    """The part of the app that has a decision confirmed."""

    def asked_about(
        self, verb: str, stacks: Sequence[str], *targets: Target, seen: Sequence[Seen] = ()
    ) -> Asked:
        """Return a decision that destroys nothing."""
        production = self.session.options.production
        return about(verb, stacks, production=production, targets=targets, seen=tuple(seen))

    def confirm(
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
