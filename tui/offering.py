"""What can be done here, by its key, its name, or as a command line."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from tui.asking import when_answered
from tui.commands import COMMANDS, completed, offered, run_command
from tui.deciding import DecidingApp
from tui.ink import line
from tui.keymap import bound_actions, key_name
from tui.modals.command_line import CommandLine
from tui.modals.menu import Choice
from tui.screens.page import Page

if TYPE_CHECKING:
    from tui.app import TrueupApp

_KEPT_COMMANDS: Final = 100


class OfferingApp(DecidingApp):
    """The part of the app that lists what can be done, and does what is chosen."""

    def __init__(self, *, ansi_color: bool = False) -> None:
        super().__init__(ansi_color=ansi_color)
        self._commands: deque[str] = deque(maxlen=_KEPT_COMMANDS)

    def action_help(self) -> None:
        """Show the keys that work here; enter does what one does."""
        page = self.screen
        if not isinstance(page, Page):
            return
        because = self.session.options.ascii_because
        title = "keys of this page" + (f"; drawn in ASCII: {because}" if because else "")
        self.choose(title, list(self._keys_to_choose(page)), partial(self._act, page))

    def _keys_to_choose(self, page: Page) -> Iterator[Choice]:
        for bound in bound_actions(page):
            yield Choice(
                bound.action,
                key_name(bound.key),
                f"{bound.description}  [{bound.id}]",
                off=page.why_off(bound.action),
            )

    async def _act(self, page: Page, action: str) -> None:
        """Do what was chosen before the next key is looked at."""
        for node in (page.focused, page, self):
            name = action.partition("(")[0]
            if node is not None and hasattr(node, f"action_{name}"):
                await node.run_action(action)
                return

    def action_palette(self) -> None:
        """Show everything that can be done here by its name: pages, views, commands and keys."""
        page = self.screen
        if isinstance(page, Page):
            choices = [*self._commands_to_choose(), *self._keys_to_choose(page)]
            self.choose("everything that can be done here", choices, partial(self._do, page))

    def _commands_to_choose(self) -> Iterator[Choice]:
        for offer in offered(self.session):
            off = self.session.why_not(offer.permission) if offer.permission else ""
            yield Choice(f":{offer.command}", f":{offer.command}", offer.words, off=off)

    async def _do(self, page: Page, chosen: str) -> None:
        """Do what was chosen; a command that takes something is begun."""
        command = chosen.removeprefix(":")
        if command == chosen:
            await self._act(page, chosen)
        elif command.endswith(" "):
            self.action_command(command)
        else:
            self._run_command(command)

    def action_command(self, begun: str = "") -> None:
        """Ask for a command line, of which some may be `begun`."""
        if not isinstance(self.screen, Page):
            return
        modal = CommandLine(
            line((":", "key"), COMMANDS),
            palette=self.palette,
            complete=partial(completed, cast("TrueupApp", self)),
            history=self._commands,
            begun=begun,
        )
        self.push_screen(modal, when_answered(self._run_command))

    def _run_command(self, text: str) -> None:
        self._commands.append(text)
        run_command(cast("TrueupApp", self), text)
