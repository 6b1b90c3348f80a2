"""The app: it wires pages, keys and decisions; what is true stands in the session's store."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import events, work
from textual.app import ScreenStackError
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

from tui.asking import when_answered
from tui.clipboard import fit_for_terminal
from tui.commands import COMMANDS, completed, run_command
from tui.deciding import DecidingApp
from tui.ink import Line, Palette, line
from tui.keymap import bound_actions, key_name
from tui.modals.command_line import CommandLine
from tui.modals.confirm import Confirm
from tui.modals.menu import Choice, Reader
from tui.modals.prompt import Prompt
from tui.palettes import ASCII, UNICODE, Glyphs, palette
from tui.screens.approvals import ApprovalsPage
from tui.screens.drift import DriftPage
from tui.screens.fetched import AgentsPage, AuditPage, PoliciesPage
from tui.screens.ignores import IgnoresPage
from tui.screens.page import Page
from tui.screens.run import RunPage
from tui.screens.runs import RunsPage
from tui.screens.stacks import StacksPage
from tui.session import Session
from tui.store.store import Changes
from tui.widgets.scroll_bar import AsciiScrollBar

VIEWS: Final = ("drift", "approvals", "runs", "audit", "stacks", "policies", "agents", "ignores")
_KEPT_COMMANDS: Final = 100


class TrueupApp(DecidingApp):
    """The terminal UI of one daemon."""

    TITLE = "trueup"
    ENABLE_COMMAND_PALETTE = False
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {
        "drift": DriftPage,
        "approvals": ApprovalsPage,
        "runs": RunsPage,
        "audit": AuditPage,
        "stacks": StacksPage,
        "policies": PoliciesPage,
        "agents": AgentsPage,
        "ignores": IgnoresPage,
    }
    DEFAULT_MODE = "drift"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(place), f"view('{name}')", name.capitalize(), show=False, id=f"view.{name}")
            for place, name in enumerate(VIEWS, 1)
        ),
        Binding("minus", "last_view", "Page before", show=False, id="view.last"),
        Binding("question_mark,f1", "help", "Keys", id="app.help"),
        Binding("colon", "command", "Command line", show=False, id="app.command"),
        Binding("ctrl+p", "palette", "Commands", show=False, id="app.palette"),
        Binding("at", "calls", "Calls made", show=False, id="app.calls"),
        Binding("q", "quit", "Quit", id="app.quit"),
        Binding(
            "ctrl+c",
            "copy_or_quit",
            "Copy or quit",
            show=False,
            priority=True,
            id="app.copy_or_quit",
        ),
    ]
    CSS = """
    Screen { background: ansi_default; color: ansi_default; }
    ModalScreen { background: ansi_default 0%; }
    LineTable, Document {
        scrollbar-background: ansi_default; scrollbar-background-hover: ansi_default;
        scrollbar-background-active: ansi_default; scrollbar-color: ansi_bright_black;
        scrollbar-color-hover: ansi_white; scrollbar-color-active: ansi_white;
        scrollbar-corner-color: ansi_default;
    }
    #preview { width: 40%; border-left: solid ansi_bright_black; padding-left: 1; }
    .ascii Framed > Vertical { border: ascii; }
    .ascii #preview { border-left: ascii; }
    #fleet, #list { width: 1fr; }
    Input, Input:focus { background: ansi_default; color: ansi_default; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(ansi_color=True)
        self.session = session
        ascii_only = session.options.ascii_only
        self.palette: Palette = palette(session.options.theme or "terminal", ascii_only=ascii_only)
        self.glyphs: Glyphs = ASCII if ascii_only else UNICODE
        self._last_view = ""
        self._commands: deque[str] = deque(maxlen=_KEPT_COMMANDS)
        self.animation_level = "none"
        self.theme = "ansi-dark"
        self.set_class(ascii_only, "ascii")
        ScrollBar.renderer = AsciiScrollBar if ascii_only else ScrollBarRender
        self.set_keymap(dict(session.options.keymap))

    @classmethod
    def pages(cls) -> Iterator[type[Page]]:
        """Yield the pages that have a key."""
        for page in cls.MODES.values():
            if isinstance(page, type) and issubclass(page, Page):
                yield page

    def on_mount(self) -> None:
        """Begin to follow the daemon."""
        self.session.listen(self._changed)
        self._pump()

    @work(exclusive=True, group="pump", exit_on_error=True)
    async def _pump(self) -> None:
        await self.session.pump.run()

    def _changed(self, changes: Changes) -> None:
        """Show what changed where it is seen; pages behind do it when they come to the front."""
        # While a page comes or goes, parts of it are not there; it shows everything once it is up.
        with contextlib.suppress(NoMatches, ScreenStackError):
            for screen in reversed(self.screen_stack):
                if isinstance(screen, Page):
                    screen.store_changed(changes)
                    screen.show_frame()
                    break
            if isinstance(self.screen, Confirm):
                self.screen.store_changed(changes)

    async def on_event(self, event: events.Event) -> None:
        """Let a dialog know of every key, whatever takes it."""
        if isinstance(event, events.Key) and isinstance(self.screen, Confirm):
            self.screen.note_key(event.time)
        await super().on_event(event)

    # Going from page to page.

    def action_view(self, name: str) -> None:
        """Go to a view, which keeps what is open in it; from within it, to its list."""
        if not isinstance(self.screen, Page):
            return
        if self.current_mode != name:
            self._go(name)
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()

    def _go(self, name: str) -> None:
        """Go to a view; `action_last_view` leads back to where that was asked for."""
        if self.current_mode != name:
            self._last_view = self.current_mode
        self.switch_mode(name)

    def action_last_view(self) -> None:
        """Go back to the view before, with what is open in it."""
        if isinstance(self.screen, Page) and self._last_view:
            self._go(self._last_view)

    def title_of(self, page: Page) -> str:
        """Return a page's title, with the key that leads to it where there is one."""
        title = page.title or type(page).__name__
        if not self.screen_stack or self.screen_stack[0] is not page:
            return title
        action = f"view('{self.current_mode}')"
        keys = (bound.key for bound in bound_actions(page) if bound.action == action)
        return " ".join((*(key_name(key) for key in keys), title))

    def back(self) -> None:
        """Leave a page where one lies below."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def follow(self, remediation_id: str) -> None:
        """Open the page of a remediation."""
        self.push_screen(RunPage(remediation_id))

    def show_drift(self, text: str) -> None:
        """Go to the fleet, filtered by `text`."""
        self._go("drift")
        self.call_after_refresh(self._set_filter, text)

    def _set_filter(self, text: str) -> None:
        while not isinstance(self.screen, DriftPage) and len(self.screen_stack) > 1:
            self.pop_screen()
        if isinstance(self.screen, DriftPage):
            self.screen.set_filter(text)

    def show_text(self, title: str, lines: Sequence[Line]) -> None:
        """Show lines to read."""
        self.push_screen(Reader(title, lines, palette=self.palette))

    def flash(self, *parts: str | tuple[str, str]) -> None:
        """Say what just happened on the page in front."""
        for screen in reversed(self.screen_stack):
            if isinstance(screen, Page):
                screen.flash(*parts)
                return

    def group_by(self, name: str) -> None:
        """Group the fleet."""
        self._go("drift")
        if isinstance(self.screen, DriftPage):
            self.screen.group_by(name)

    def use_theme(self, name: str) -> None:
        """Draw with another palette."""
        self.palette = palette(name, ascii_only=self.session.options.ascii_only)
        for screen in self.screen_stack:
            if isinstance(screen, Page):
                screen.repaint()

    # Menus.

    def key_of(self, page: Page, action: str) -> tuple[str, str] | None:
        """Return the key of an action on a page and its words; None where it has none."""
        if action == "back":
            return "esc", "back"
        for bound in bound_actions(page):
            if bound.action.partition("(")[0] == action:
                return key_name(bound.key), bound.description.rstrip(".").lower()
        return None

    def action_help(self) -> None:
        """Show the keys that work here; enter does what one does."""
        page = self.screen
        if not isinstance(page, Page):
            return
        choices = [
            Choice(
                bound.action,
                key_name(bound.key),
                f"{bound.description}  [{bound.id}]",
                off=self._off(page, bound.action),
            )
            for bound in bound_actions(page)
        ]
        because = self.session.options.ascii_because
        drawn = f"drawn in ASCII: {because}" if because else "their names are for keymap files"
        title = f"keys here; {drawn}"
        self.choose(title, choices, lambda action: self._act(page, action))

    def _off(self, page: Page, action: str) -> str:
        permission = page.permission(action)
        return self.session.why_not(permission) if permission else ""

    @work(group="menu", exit_on_error=False)
    async def _act(self, page: Page, action: str) -> None:
        for node in (page.focused, page, self):
            name = action.partition("(")[0]
            if node is not None and hasattr(node, f"action_{name}"):
                await node.run_action(action)
                return

    def action_palette(self) -> None:
        """Show everything that can be done here, by name."""
        self.action_help()

    def action_command(self) -> None:
        """Ask for a command line."""
        if not isinstance(self.screen, Page):
            return
        modal = CommandLine(
            line((":", "key"), COMMANDS),
            palette=self.palette,
            complete=partial(completed, self),
            history=self._commands,
        )
        self.push_screen(modal, when_answered(self._run_command))

    def _run_command(self, text: str) -> None:
        self._commands.append(text)
        run_command(self, text)

    def action_calls(self) -> None:
        """Show the calls that were made, the newest first."""
        lines: list[Line] = []
        for call in self.session.calls.noted():
            style = "" if call.outcome == "ok" else "high"
            lines.append(
                line(
                    f"{call.at:%H:%M:%S} {call.method:<6} {call.path}  ",
                    (f"{call.took_ms:.0f} ms  {call.outcome}", style),
                )
            )
            lines.append(line("    ", (call.curl, "dim")))
        self.show_text("calls made", lines or [line("none yet")])

    def choose_copy(self, copies: Sequence[tuple[str, str]]) -> None:
        """Choose what to copy."""
        if not copies:
            self.flash("nothing to copy here")
            return
        self.choose("copy", [Choice(text, name, text) for name, text in copies], self.copy_text)

    def copy_text(self, text: str) -> None:
        """Put `text` into the terminal's clipboard, also over ssh."""
        fitting, left_out = fit_for_terminal(text)
        self.copy_to_clipboard(fitting)
        cut = f"; {left_out:,} characters too many were left out" if left_out else ""
        self.flash(f"copied {len(fitting):,} characters{cut}")

    def action_copy_or_quit(self) -> None:
        """Copy the text that is selected; without any, quit."""
        selected = self.screen.get_selected_text()
        if selected:
            self.copy_text(selected)
            return
        if isinstance(self.screen, Prompt) and self.screen.has_draft:
            # What was typed would be lost with the app; the dialog alone is left.
            self.screen.action_cancel()
            self.flash("left the dialog; ^c once more quits")
            return
        self.exit()

    @property
    def failure(self) -> Exception | None:
        """The defect that ended the app; the command line keeps it in its crash log."""
        return self._exception

    def _fatal_error(self) -> None:
        """End without textual's traceback: it prints values, and secrets of others among them."""
        self._close_messages_no_wait()

    async def action_quit(self) -> None:
        """Quit; what the daemon does goes on."""
        if isinstance(self.screen, Prompt) and self.screen.has_draft:
            return
        await asyncio.sleep(0)
        self.exit()
