"""Going from page to page: each view keeps what is open in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import ClassVar, Final

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui.ink import Palette
from tui.keymap import key_name
from tui.palettes import Glyphs, palette
from tui.screens.drift import DriftPage
from tui.screens.page import Page
from tui.session import Session
from tui.views import View

_PLACES: Final[Mapping[str, str]] = {
    "drift": "drift.DriftPage",
    "approvals": "approvals.ApprovalsPage",
    "runs": "runs.RunsPage",
    "audit": "audit.AuditPage",
    "stacks": "stacks.StacksPage",
    "policies": "policies.PoliciesPage",
    "agents": "agents.AgentsPage",
    "ignores": "ignores.IgnoresPage",
}
"""Where the page of each view is; it is imported when somebody goes there."""
VIEWS: Final = tuple(_PLACES)


def page_of(view: str) -> type[Page]:
    """Return the page of a view."""
    module, _, name = _PLACES[view].partition(".")
    found: type[Page] = getattr(import_module(f"tui.screens.{module}"), name)
    return found


def _opened(view: str) -> Page:
    return page_of(view)()


class PagedApp(App[None]):
    """The part of the app that leads from page to page."""

    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {
        view: partial(_opened, view) for view in VIEWS
    }
    DEFAULT_MODE = "drift"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(place), f"view('{name}')", name.capitalize(), show=False, id=f"view.{name}")
            for place, name in enumerate(VIEWS, 1)
        ),
        Binding("minus", "last_view", "Page before", show=False, id="view.last"),
    ]
    session: Session
    palette: Palette
    glyphs: Glyphs

    def __init__(self, *, ansi_color: bool = False) -> None:
        super().__init__(ansi_color=ansi_color)
        self._last_view = ""

    @property
    def front(self) -> Page | None:
        """The page that is seen, also behind a dialog; None while the app starts or ends."""
        pages = (screen for screen in reversed(self.screen_stack) if isinstance(screen, Page))
        return next(pages, None)

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
        keys = (bound.key for bound in page.bound if bound.action == action)
        return " ".join((*(key_name(key) for key in keys), title))

    def back(self) -> None:
        """Leave a page where one lies below."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def follow(self, remediation_id: str) -> None:
        """Open the page of a remediation, unless it is in front or a dialog is open.

        An approval may be answered late; its page would cover a question that was asked meanwhile.
        """
        from tui.screens.run import RunPage  # noqa: PLC0415 - imported when it is opened

        page = self.screen
        if not isinstance(page, Page):
            return
        if not (isinstance(page, RunPage) and page.remediation_id == remediation_id):
            self.push_screen(RunPage(remediation_id))

    def open_finding(self, finding_id: str, *, tab: str = "diff") -> None:
        """Open the page of a finding, unless a dialog is open."""
        from tui.screens.finding import FindingPage  # noqa: PLC0415 - imported when it is opened

        if isinstance(self.screen, Page):
            self.push_screen(FindingPage(finding_id, tab=tab))

    def show_drift(self, text: str) -> None:
        """Go to the fleet, filtered by `text`."""
        if (page := self._fleet()) is not None:
            page.set_filter(text)

    def show_view(self, view: View) -> None:
        """Go to the fleet, and look at it in this way."""
        if (page := self._fleet()) is not None:
            page.show_view(view)

    def group_by(self, name: str) -> None:
        """Go to the fleet, and group it."""
        if (page := self._fleet()) is not None:
            page.group_by(name)

    def _fleet(self) -> DriftPage | None:
        """Go to the list of the fleet at once: a key that is typed next is about its rows."""
        self._go("drift")
        while not isinstance(self.screen, DriftPage) and len(self.screen_stack) > 1:
            self.pop_screen()
        return self.screen if isinstance(self.screen, DriftPage) else None

    def flash(self, *parts: str | tuple[str, str]) -> None:
        """Say what just happened on the page in front."""
        if (page := self.front) is not None:
            page.flash(*parts)

    def use_theme(self, name: str) -> None:
        """Draw every page with another palette, those behind as well."""
        self.palette = palette(name, ascii_only=self.session.options.ascii_only)
        for page in self._open_pages():
            page.repaint()

    def _open_pages(self) -> Iterator[Page]:
        for view in VIEWS:
            with suppress(KeyError):  # nobody has been there yet
                stack = self.get_screen_stack(view)
                yield from (screen for screen in stack if isinstance(screen, Page))
