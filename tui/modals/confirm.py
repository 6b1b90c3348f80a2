"""The one way to a change: what it is, then a key or a name that nobody types by accident."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from tui.ink import Line, Palette, line
from tui.lines.hints import Hint, hint_spans, key_at
from tui.modals.frame import Framed, key_hint
from tui.store.changes import Changes
from tui.verbs import Asked, Tier
from tui.widgets.bar import Bar
from tui.widgets.document import Document
from tui.widgets.field import Field

ARM_S: Final = 0.4
"""Keys that were pressed sooner after the first paint were meant for something else."""
ALONE_S: Final = 0.15
"""Within this after a `y` no other key may come: a person types it alone."""


class TypedToken(Field):
    """Takes typing and no pasting: a name that is pasted was not read."""

    def paste(self, _pasted: str) -> None:
        """Put in nothing."""

    def action_paste(self) -> None:
        """Paste nothing."""


class Confirm(Framed[bool]):
    """Shows `lines` and answers whether the decision was confirmed.

    `moved` names the targets that changed since; as soon as there is one, nothing can be
    confirmed any more.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="confirm.cancel"),
    ]
    DEFAULT_CSS = """
    Confirm > Vertical { border: heavy ansi_bright_yellow; }
    """

    def __init__(
        self,
        asked: Asked,
        lines: Sequence[Line],
        *,
        palette: Palette,
        moved: Callable[[], Sequence[str]],
        why_not: Callable[[], str],
    ) -> None:
        super().__init__()
        self._asked = asked
        self._lines = tuple(lines)
        self._palette = palette
        self._moved = moved
        self._why_not = why_not
        self._armed_at = float("inf")
        self._seen_all = False
        self._keys = 0
        self._key_at = self._key_before = float("-inf")
        self._drawn: Sequence[Hint] = ()
        """What the verdict says now; of its keys, none that confirms takes a click."""

    def compose(self) -> ComposeResult:
        """Show what would be done above how to say yes."""
        with Vertical():
            yield Document(self._palette, id="asked")
            yield Bar(self._palette, id="verdict")
            if self._asked.tier >= Tier.SERIOUS:
                yield TypedToken(id="token")

    def on_mount(self) -> None:
        """Show what is asked."""
        self.query_one("#verdict", Bar).clicked = lambda x: self._press(key_at(self._drawn, x))
        if self._asked.tier >= Tier.SERIOUS:
            self.query_one("#token", TypedToken).submitted = self._submit
        self.query_one("#asked", Document).show(self._lines, keep=False)
        self.query_one("#asked", Document).focus()
        self.set_interval(0.1, self._show_verdict)

    def on_screen_resume(self) -> None:
        """Draw, and only then begin to listen; anew each time that it comes to the front."""
        self._armed_at = float("inf")
        self.call_after_refresh(self._arm)

    def on_screen_suspend(self) -> None:
        """Take no yes while something covers it, and none from before that."""
        self._armed_at = float("inf")
        self._keys += 1

    def _arm(self) -> None:
        # What covers it by now was drawn instead.
        if self.is_active:
            self._armed_at = time.monotonic() + ARM_S
            self._show_verdict()

    @property
    def _disarmed(self) -> str:
        changed = self._moved()
        if changed:
            count = len(self._asked.targets) or len(self._asked.seen)
            told = f"{len(changed)} of {count} changed since you looked; esc, then look again"
            return f"{told}: {', '.join(changed)}" if self._asked.seen else told
        return self._why_not()

    def _show_verdict(self) -> None:
        document = self.query_one("#asked", Document)
        self._seen_all = self._seen_all or document.at_end
        self._drawn = [*self._verdict(), key_hint("escape", "cancel")]
        self.query_one("#verdict", Bar).show(hint_spans(self._drawn))

    def _verdict(self) -> Iterator[Hint]:
        if reason := self._disarmed:
            yield Hint("", line((f" {reason} ", "critical"), "  "))
        elif time.monotonic() < self._armed_at:
            yield Hint("", line(("keys typed before this was drawn do nothing   ", "dim")))
        elif self._asked.tier < Tier.SERIOUS:
            yield key_hint("y", f"{self._asked.verb} exactly this", clickable=False)
        elif not self._seen_all:
            yield Hint("", line(("scroll to the end to go on: ", "medium")))
            yield key_hint("G", "end")
        else:
            self._ask_for_token()
            yield Hint("", line("type ", (self._asked.token, "strong"),
                                f" and enter to {self._asked.verb}   "))  # fmt: skip

    def _ask_for_token(self) -> None:
        field = self.query_one("#token", Input)
        if not field.has_focus:
            field.focus()

    def note_key(self, pressed_at: float) -> None:
        """Note a key on its way in: a paste that the terminal breaks up comes as keys."""
        self._keys += 1
        self._key_before, self._key_at = self._key_at, pressed_at

    def on_key(self, event: events.Key) -> None:
        """Confirm by a `y` that stands alone; one from before the first paint is dropped."""
        if event.key not in {"y", "n"} or self._asked.tier >= Tier.SERIOUS:
            return
        event.stop()
        if event.key == "n":
            self.dismiss(result=False)
        elif self._is_armed(event.time) and event.time - self._key_before >= ARM_S:
            self.set_timer(ALONE_S, partial(self._confirm_alone, self._keys))

    def _confirm_alone(self, keys: int) -> None:
        """Confirm, unless another key came after the one that did."""
        if keys == self._keys and not self._disarmed:
            self.dismiss(result=True)

    def _submit(self, text: str) -> None:
        """Confirm by the name, typed as it is."""
        self._show_verdict()
        if not self._seen_all:
            # Tab and a click reach the field too: a name after them approved 300 lines unread.
            self.query_one("#asked", Document).focus()
        elif text.strip() == self._asked.token and self._is_armed(time.monotonic()):
            self.dismiss(result=True)
            return
        self.query_one("#token", TypedToken).value = ""

    def _is_armed(self, pressed_at: float) -> bool:
        return pressed_at >= self._armed_at and not self._disarmed

    def action_cancel(self) -> None:
        """Do nothing."""
        self.dismiss(result=False)

    def store_changed(self, changes: Changes) -> None:
        """Show at once when a target moved."""
        if changes:
            self._show_verdict()
