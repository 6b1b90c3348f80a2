"""The `:` line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from tui.completing import Takes, completions
from tui.paged import VIEWS
from tui.palettes import PALETTES
from tui.store.arrange import GROUPS
from tui.store.languages import FLEET

if TYPE_CHECKING:
    from tui.app import TrueupApp
    from tui.session import Session

COMMANDS: Final = " a command; tab completes, up and down bring back earlier ones"
"""What the prompt of the line says."""

_VIEWS: Final = {view: view for view in VIEWS} | {"d": "drift", "a": "approvals", "fleet": "stacks"}


class Offer(NamedTuple):
    """A command that can be chosen by its name; one that ends with a space takes something."""

    command: str
    words: str
    permission: str = ""


def offered(session: Session) -> Iterator[Offer]:
    """Yield every command: pages, views, groups, themes, scans, and the rest."""
    for view in VIEWS:
        yield Offer(view, f"the page {view}")
    yield Offer("drift ", "drift that passes a filter...")
    for name, kept in session.options.views.items():
        yield Offer(f"view {name}", f"the view {name}: {kept.filter or 'everything'}")
    for group in GROUPS:
        yield Offer(f"group {group}", f"drift grouped by {group}" if group != "none" else "ungroup")
    yield Offer("scan", "scan every stack now", "stacks:scan")
    for stack in session.store.stacks:
        yield Offer(f"scan {stack}", f"scan {stack} now", "stacks:scan")
    for theme in PALETTES:
        yield Offer(f"theme {theme}", f"the colours {theme}")
    yield Offer("calls", "the calls that were made")


def run_command(app: TrueupApp, text: str) -> None:
    """Do what the line says; what is not understood is said."""
    name, _, rest = text.strip().partition(" ")
    if name in _VIEWS and name not in {"drift", "d"}:
        app.action_view(_VIEWS[name])
        return
    command = _COMMANDS.get(name)
    if command is None:
        app.flash((f"there is no command {name!r}", "high"), "; ? shows the keys")
        return
    command(app, rest.strip())


_FILTERED: Final = ("drift", "d")


def completed(app: TrueupApp, text: str) -> list[str]:
    """Return what the line may become."""
    options, store = app.session.options, app.session.store
    terms = [f"{key}:" for key in FLEET.keys]
    takes: Takes = {
        **dict.fromkeys(_FILTERED, lambda: terms),
        "view": lambda: options.views,
        "theme": lambda: PALETTES,
        "group": lambda: GROUPS,
        "scan": lambda: store.stacks,
    }
    return completions(text, {*_VIEWS, *_COMMANDS}, takes, several=_FILTERED)


def _drift(app: TrueupApp, text: str) -> None:
    app.show_drift(text)


def _view(app: TrueupApp, name: str) -> None:
    views = app.session.options.views
    if name in views:
        app.show_view(views[name])
    else:
        app.flash((f"views: {', '.join(views) or 'none yet: [views] of tui.toml'}", "high"))


def _theme(app: TrueupApp, name: str) -> None:
    if name in PALETTES:
        app.use_theme(name)
    else:
        app.flash((f"themes: {', '.join(PALETTES)}", "high"))


def _group(app: TrueupApp, name: str) -> None:
    if name in GROUPS:
        app.group_by(name)
    else:
        app.flash((f"group by: {', '.join(GROUPS)}", "high"))


def _calls(app: TrueupApp, _rest: str) -> None:
    app.action_calls()


def _scan(app: TrueupApp, stack: str) -> None:
    if reason := app.session.why_not("stacks:scan"):
        app.flash((reason, "high"))
        return
    app.scan([stack] if stack else sorted(app.session.store.stacks))


def _quit(app: TrueupApp, _rest: str) -> None:
    app.exit()


_COMMANDS: Final = {
    "drift": _drift,
    "d": _drift,
    "view": _view,
    "theme": _theme,
    "group": _group,
    "calls": _calls,
    "scan": _scan,
    "q": _quit,
    "quit": _quit,
}
