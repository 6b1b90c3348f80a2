"""The `:` line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tui.palettes import PALETTES
from tui.store.arrange import GROUPS

if TYPE_CHECKING:
    from tui.app import TrueupApp

COMMANDS: Final = " drift FILTER, approvals, runs, audit, stacks, group BY, theme NAME, scan, q"
"""What the line takes, as the prompt says it."""

_VIEWS: Final = {
    "drift": "drift", "d": "drift", "approvals": "approvals", "a": "approvals", "runs": "runs",
    "audit": "audit", "stacks": "stacks", "fleet": "stacks", "policies": "policies",
    "agents": "agents",
}  # fmt: skip


def run_command(app: TrueupApp, text: str) -> None:
    """Do what the line says; what is not understood is said."""
    name, _, rest = text.strip().partition(" ")
    if name in {"q", "quit"}:
        app.exit()
    elif name in {"drift", "d", "view"}:
        app.show_drift(rest)
    elif name in _VIEWS:
        app.switch_mode(_VIEWS[name])
    elif name == "theme" and rest in PALETTES:
        app.use_theme(rest)
    elif name == "theme":
        app.flash((f"themes: {', '.join(PALETTES)}", "high"))
    elif name == "group" and rest in GROUPS:
        app.group_by(rest)
    elif name == "group":
        app.flash((f"group by: {', '.join(GROUPS)}", "high"))
    elif name == "calls":
        app.action_calls()
    elif name == "scan":
        app.scan([rest] if rest else sorted(app.session.store.stacks))
    else:
        app.flash((f"there is no command {name!r}", "high"), "; ? shows the keys")
