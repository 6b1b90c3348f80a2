"""Keys in the order they were typed: each is done before the next one is looked at.

Textual hands every key to what has the focus when it arrives, and looks for its binding later, on
whatever is in front by then. Of `/web` that arrives at once, as over a slow line, the letters were
keys of the list: `i` opened a dialog and `C` requested a correction. Of `/web`, enter, `A` the `A`
was a part of the filter.
"""

from __future__ import annotations

from collections import deque
from typing import Final, TypeAlias

from textual import events

from tui.modals.confirm import Confirm
from tui.modals.frame import Framed
from tui.paged import PagedApp
from tui.screens.page import Page
from tui.widgets.field import Field

_Typed: TypeAlias = events.Key | events.Paste
_TOUCHES: Final = (events.MouseDown, events.MouseScrollDown, events.MouseScrollUp)


class TypedKeysApp(PagedApp):
    """The part of the app that takes keys; those for a page or a dialog that is not up yet wait."""

    def __init__(self, *, ansi_color: bool = False) -> None:
        super().__init__(ansi_color=ansi_color)
        self._typed: deque[_Typed] = deque()

    async def on_event(self, event: events.Event) -> None:
        """Take what is typed or pasted in its turn; everything else at once."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._typed.append(event)
            await self.take_keys()
            return
        if isinstance(event, _TOUCHES) and (page := self.front) is not None:
            page.touched()
        await super().on_event(event)

    def press(self, key: str) -> None:
        """Have a key done as if it were typed, after those that were."""
        self.post_message(events.Key(key.partition(",")[0], None))

    async def take_keys(self) -> None:
        """Do the first of what was typed, then the rest; a page calls it when it is up.

        The rest waits for a turn of its own: what a dialog answered is done between two turns, and
        a key after `:drift web` and enter is about what that shows.
        """
        if not (self._typed and self._is_up):
            return
        await self._take(self._typed.popleft())
        if self._typed:
            self.call_later(self.take_keys)

    async def on_framed_up(self) -> None:
        """Do what was typed for a dialog that was not there yet."""
        await self.take_keys()

    async def _on_key(self, event: events.Key) -> None:
        """Look for no binding of a key that nothing took; it was looked for in its turn.

        Textual would do it on the page that is in front by now: `C1` on the stacks requested a
        correction of the drift.
        """
        event.prevent_default()

    @property
    def _is_up(self) -> bool:
        if not self.screen_stack:
            return False
        screen = self.screen
        return screen.ready if isinstance(screen, Page | Framed) else True

    async def _take(self, typed: _Typed) -> None:
        screen, field = self.screen, self.focused
        if (page := self.front) is not None:
            page.touched()
        if isinstance(typed, events.Paste):
            if isinstance(field, Field):
                field.paste(typed.text)
            return
        if isinstance(screen, Confirm):
            screen.note_key(typed.time)
        if typed.key == "escape" and screen.selections:
            screen.clear_selection()
            return
        if isinstance(field, Field) and typed.is_printable and typed.character:
            field.write(typed.character)
            return
        for priority in (True, False):
            if await self._check_bindings(typed.key, priority=priority):
                return
        await super().on_event(typed)
