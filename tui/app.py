"""The app: it wires pages, keys and decisions; what is true stands in the session's store."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Sequence
from typing import ClassVar

from textual import work
from textual.app import ScreenStackError
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.widgets import Input

from tui.clipboard import fit_for_terminal
from tui.garbage import COLLECTING
from tui.modals.confirm import Confirm
from tui.modals.menu import Choice
from tui.modals.prompt import Prompt
from tui.offering import OfferingApp
from tui.palettes import ASCII, UNICODE, palette
from tui.session import Session
from tui.store.changes import Changes
from tui.widgets.scroll_bar import AsciiScrollBar


class TrueupApp(OfferingApp):
    """The terminal UI of one daemon."""

    TITLE = "trueup"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Keys", id="app.help"),
        Binding("colon", "command", "Command line", show=False, id="app.command"),
        Binding("ctrl+p", "palette", "Commands", show=False, id="app.palette"),
        Binding("at", "calls", "Calls made", show=False, id="app.calls"),
        Binding("q", "quit", "Quit", id="app.quit"),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, id="app.suspend"),
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
    ModalScreen { background: transparent; }
    LineTable, Document {
        scrollbar-background: ansi_default; scrollbar-background-hover: ansi_default;
        scrollbar-background-active: ansi_default; scrollbar-color: ansi_bright_black;
        scrollbar-color-hover: ansi_white; scrollbar-color-active: ansi_white;
        scrollbar-corner-color: ansi_default;
    }
    #preview { width: 40%; border-left: solid ansi_bright_black; padding-left: 1; }
    .ascii Framed > Vertical { border: ascii; }
    .ascii #preview { border-left: ascii; }
    #list { width: 1fr; }
    #document, #filter { padding-left: 1; }
    Input, Input:focus { background: ansi_default; color: ansi_default; }
    """

    def __init__(self, session: Session) -> None:
        super().__init__(ansi_color=True)
        self.session = session
        ascii_only = session.options.ascii_only
        self.palette = palette(session.options.theme or "terminal", ascii_only=ascii_only)
        self.glyphs = ASCII if ascii_only else UNICODE
        self._was_loaded = False
        self.animation_level = "none"
        self.theme = "ansi-dark"
        self.set_class(ascii_only, "ascii")
        ScrollBar.renderer = AsciiScrollBar if ascii_only else ScrollBarRender
        self.set_keymap(dict(session.options.keymap))

    def get_driver_class(self) -> type[Driver]:
        """Return what draws and reads keys; where signals stop programs, ours."""
        found = super().get_driver_class()
        if found.__name__ != "LinuxDriver":
            return found
        from tui.terminal_driver import TerminalDriver  # noqa: PLC0415 - not every system has it

        return TerminalDriver

    def on_mount(self) -> None:
        """Begin to follow the daemon, once the first screen is drawn."""
        self.session.listen(self._changed)
        # The first call imports what it needs, for which nobody should wait before a dark screen.
        self.call_after_refresh(self._pump)
        # Ended by its default, the terminal would be left without echo and on the other screen.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.exit)
        self.app_resume_signal.subscribe(self, self._draw_anew)

    def _draw_anew(self, _app: object) -> None:
        """Draw all of the screen: the terminal forgot it while another program had it."""
        self.refresh(layout=True)

    @work(exclusive=True, group="pump", exit_on_error=True)
    async def _pump(self) -> None:
        COLLECTING.settle()
        await self.session.pump.run()

    def _changed(self, changes: Changes) -> None:
        """Show what changed where it is seen; pages behind do it when they come to the front."""
        if self.session.pump.loaded and not self._was_loaded:
            self._was_loaded = True
            COLLECTING.settle()  # the rows of the fleet stay
        # While a page comes or goes, parts of it are not there; it shows everything once it is up.
        with contextlib.suppress(NoMatches, ScreenStackError):
            if (page := self.front) is not None:
                page.store_changed(changes)
                page.show_frame()
            if isinstance(self.screen, Confirm):
                self.screen.store_changed(changes)

    def action_calls(self) -> None:
        """Show the calls that were made, the newest first; the one chosen is copied."""
        noted = self.session.calls.noted()
        if not noted:
            self.flash("no call was made yet")
            return
        choices = [
            Choice(
                str(place),
                f"{call.at:%H:%M:%S} {call.method}",
                f"{call.path}  {call.took_ms:.0f} ms  {call.outcome}",
                style="" if call.outcome == "ok" else "high",
            )
            for place, call in enumerate(noted)
        ]
        self.choose(
            "calls made; enter copies one as curl",
            choices,
            lambda place: self.copy_text(noted[int(place)].curl),
        )

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
        if self.screen.selections:
            selected = self.screen.get_selected_text()
            # What is copied is done with: the same key once more quits.
            self.screen.clear_selection()
            if selected:
                self.copy_text(selected)
            else:
                self.flash("no text in what was selected; ^c once more quits")
            return
        if isinstance(self.focused, Input) and self.focused.selected_text:
            self.copy_text(self.focused.selected_text)
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
