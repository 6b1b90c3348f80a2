"""Keys in the order they were typed: each is done before the next one is looked at.

Textual hands every key to what has the focus when it arrives, and looks for its binding later. Of
`/web` that arrives at once, as over a slow line, the letters were keys of the list: `i` opened a
dialog and `C` requested a correction.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from textual import events
from textual.widgets import Input

from tui.modals.confirm import Confirm
from tui.modals.frame import Framed
from tui.paged import PagedApp
from tui.screens.page import Page

_TOUCHES: Final = (events.MouseDown, events.MouseScrollDown, events.MouseScrollUp)


class TypedKeysApp(PagedApp):
    """The part of the app that takes keys; those for a page or a dialog that is not up yet wait."""

    def __init__(self, *, ansi_color: bool = False) -> None:
        super().__init__(ansi_color=ansi_color)
        self._typed: deque[events.Key] = deque()

    async def on_event(self, event: events.Event) -> None:
        """Take a key in its turn; everything else at once."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            self._typed.append(event)
            await self.take_keys()
            return
        if isinstance(event, _TOUCHES) and (page := self.front) is not None:
            page.touched()
        await super().on_event(event)

    async def take_keys(self) -> None:
        """Do what was typed; a page calls it when it is up."""
        while self._typed and self._is_up:
            await self._take(self._typed.popleft())

    async def on_framed_up(self) -> None:
        """Do what was typed for a dialog that was not there yet."""
        await self.take_keys()

    @property
    def _is_up(self) -> bool:
        if not self.screen_stack:
            return False
        screen = self.screen
        return screen.ready if isinstance(screen, Page | Framed) else True

    async def _take(self, key: events.Key) -> None:
        screen = self.screen
        if isinstance(screen, Confirm):
            screen.note_key(key.time)
        if (page := self.front) is not None:
            page.touched()
        # What is typed into a field stays in the field's own order, with the enter after it.
        if not isinstance(self.focused, Input):
            for priority in (True, False):
                if await self._check_bindings(key.key, priority=priority):
                    return
        await super().on_event(key)
