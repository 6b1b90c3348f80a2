"""What every page has: the status above, the keys below, and a line for what just happened."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget

from reconciler.wire.remediations import Remediation
from tui.ink import Line, Palette, Span, line
from tui.keymap import Bound, bound_actions, key_name
from tui.lines.hints import Hint, hint_spans, key_at, whole_hints
from tui.opening import Opening
from tui.palettes import Glyphs
from tui.selecting import under_mouse
from tui.session import Session
from tui.status import status_line
from tui.store.changes import Changes
from tui.widgets.bar import Bar
from tui.widgets.document import Document
from tui.widgets.table import LineTable

if TYPE_CHECKING:
    from tui.app import TrueupApp

_FLASH_S: Final = 8.0
_BACK: Final = Bound("escape", "back", "back", "page.back")
_PERMISSIONS: Final = {"undo": "remediations:decide", "hold": "hold:set"}
"""What the actions of every page need."""


class Page(Screen[None]):
    """A screen with the frame around it; `hints` names the actions its last row shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", show=False, id="page.back"),
        Binding("r", "refresh", "Read again", show=False, id="page.refresh"),
        Binding("y", "copy_menu", "Copy...", id="page.copy"),
        Binding("o", "open_with", "Open in pager, editor...", show=False, id="page.open"),
        Binding("z", "undo", "Take back", show=False, id="page.undo"),
        Binding("H", "hold", "Hold or resume...", show=False, id="page.hold"),
    ]
    hints: ClassVar[tuple[str, ...]] = ()
    permissions: ClassVar[dict[str, str]] = {}
    """The permission that an action needs, by the action's name."""

    def __init__(self) -> None:
        super().__init__()
        self._ready = False
        self._flash: Line = ()
        self._flash_until = 0.0
        self.bound: Sequence[Bound] = ()
        """What keys do here, as of when the frame was drawn last."""
        self._drawn: Sequence[Hint] = ()
        """The keys as they stand in the last row now: none while a message does."""

    def get_widget_and_offset_at(self, x: int, y: int) -> tuple[Widget | None, Offset | None]:
        """Return what the mouse is on, and where in its text."""
        return under_mouse(self, x, y)

    def _select_all_in_widget(self, widget: Widget) -> None:
        """Select nothing by a double click: it opens a row."""

    @property
    def ours(self) -> TrueupApp:
        """The app, by its own type."""
        return cast("TrueupApp", self.app)

    @property
    def session(self) -> Session:
        """The conversation with the daemon."""
        return self.ours.session

    @property
    def palette(self) -> Palette:
        """The colours chosen."""
        return self.ours.palette

    @property
    def glyphs(self) -> Glyphs:
        """The signs chosen."""
        return self.ours.glyphs

    def compose(self) -> ComposeResult:
        """Put the body between the two bars."""
        yield Bar(self.palette, base="band", id="status")
        yield from self.body()
        yield Bar(self.palette, id="hints")

    def body(self) -> Iterable[Widget]:
        """Return what stands between the bars."""
        return ()

    def on_mount(self) -> None:
        """Show what is known, and keep the clocks of the status going."""
        self._ready = True
        self.query_one("#hints", Bar).clicked = self._press_hint
        self.set_interval(1.0, self.show_frame)
        self.show_frame()
        self.show()
        self.ours.call_later(self.ours.take_keys)

    def on_screen_resume(self) -> None:
        """Show what changed while another page was in front."""
        if self.ready:
            self.show_frame()
            self.show()

    @property
    def ready(self) -> bool:
        """Whether every part of the page is there to be drawn on."""
        return self._ready and self.is_attached

    def on_resize(self) -> None:
        """Fit the status and the keys to the new width at once."""
        self.show_frame()

    def on_unmount(self) -> None:
        """Draw nothing any more."""
        self._ready = False

    def touched(self) -> None:
        """Note that somebody is at it."""

    def show(self) -> None:
        """Show everything anew."""

    def store_changed(self, changes: Changes) -> None:
        """Show what changed."""
        del changes
        self.show()

    def show_frame(self) -> None:
        """Show the status and the keys."""
        if not (self.ready and self.app.is_running):
            return
        self.bound = tuple(bound_actions(self))
        self.query_one("#status", Bar).show(
            status_line(self.session, self.place, width=self.size.width)
        )
        # Behind a dialog its keys do nothing, and while the app ends there are none to ask for.
        if self.is_current:
            self.query_one("#hints", Bar).show(self._bottom(), whole=self._is_flashing)

    @property
    def place(self) -> str:
        """Where in the app this is."""
        return self.ours.title_of(self)

    def flash(self, *parts: str | Span | tuple[str, str]) -> None:
        """Say what just happened, for a few seconds."""
        self._flash, self._flash_until = line(" ", *parts), time.monotonic() + _FLASH_S
        self.show_frame()

    def hush(self) -> None:
        """Say no longer what just happened: it is over."""
        if self._is_flashing:
            self._flash_until = 0.0
            self.show_frame()

    def _bottom(self) -> Line:
        if self._is_flashing:
            self._drawn = ()
            return self._flash
        self._drawn = self._hints()
        return hint_spans(self._drawn)

    @property
    def _is_flashing(self) -> bool:
        return time.monotonic() < self._flash_until

    def _hints(self) -> list[Hint]:
        return whole_hints(self.hinted(), self.size.width)

    def hinted(self) -> Iterable[Hint]:
        """Return the keys that matter here, those that matter most first."""
        return map(self.hint, self.hints)

    def hint(self, name: str) -> Hint:
        """Return the key of an action with its words, struck out where it cannot be done."""
        found = _BACK if name == "back" else self._bound_to(name)
        if found is None:
            return Hint("", ())
        key, words = found.key, found.description.rstrip(".").lower()
        off = bool(self.why_off(name))
        return Hint(
            key,
            (
                Span(f" {key_name(key)}", "dim" if off else "key"),
                Span(f" {words} ", "dim.struck" if off else ""),
            ),
        )

    def _bound_to(self, name: str) -> Bound | None:
        """Return the key of an action, whatever it is given."""
        found = (each for each in self.bound if each.action.partition("(")[0] == name)
        return next(found, None)

    def _press_hint(self, x: int) -> None:
        """Press the key that is drawn at a cell of the last row, as if it were typed."""
        if key := key_at(self._drawn, x):
            self.ours.press(key)

    def permission(self, action: str) -> str:
        """Return the permission that an action of this page needs; empty where it needs none."""
        return self.permissions.get(action, _PERMISSIONS.get(action, ""))

    def why_off(self, action: str) -> str:
        """Return why an action cannot be done now; empty where it can, or needs no permission."""
        permission = self.permission(action)
        reason = self.session.why_not(permission) if permission else ""
        if action == "approve" and not reason:
            return self.session.own_request(self.waiting())
        return reason

    def waiting(self) -> Remediation | None:
        """Return the remediation that the key of an approval is about, where it is about one."""
        return None

    def may(self, action: str) -> bool:
        """Whether an action may be done now; where not, the reason is shown."""
        reason = self.why_off(action)
        if reason:
            self.flash((reason, "high"))
        return not reason

    def repaint(self) -> None:
        """Draw with the colours chosen now."""
        for bar in self.query(Bar):
            bar.repaint(self.palette)
        for document in self.query(Document):
            document.repaint(self.palette)
        for table in self.query(LineTable):
            table.repaint(self.palette, self.glyphs)
        self.show()

    def action_hold(self) -> None:
        """Pause all corrections, or let them go on."""
        if self.may("hold"):
            self.ours.hold_or_resume()

    def action_undo(self) -> None:
        """Take the latest decision back that can be."""
        if self.may("undo"):
            self.ours.undo()

    def action_back(self) -> None:
        """Leave the page, where there is one below."""
        self.ours.back()

    def action_refresh(self) -> None:
        """Read the lists again."""
        self.session.pump.read_again()
        self.flash("reading the lists again")

    def openings(self) -> Iterable[Opening]:
        """Return what can be opened in another program."""
        return ()

    def action_open_with(self) -> None:
        """Choose what to open in a pager, an editor or a browser."""
        self.ours.choose_opening(tuple(self.openings()))

    def copies(self) -> Iterable[tuple[str, str]]:
        """Return what can be copied here: its name and the text."""
        return ()

    def action_copy_menu(self) -> None:
        """Choose what to copy."""
        self.ours.choose_copy(tuple(self.copies()))
