"""Nothing draws that need not, and the terminal UI knows nothing of the server."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

_LOADED: Final = """
import json, sys
import {module}
print(json.dumps(sorted(sys.modules)))
"""


def loaded_by(module: str) -> set[str]:
    arguments = [sys.executable, "-c", _LOADED.format(module=module)]
    done = subprocess.run(arguments, capture_output=True, check=True, text=True)
    return set(json.loads(done.stdout))


def test_the_command_line_does_not_load_textual() -> None:
    for module in ("reconciler.cli.main", "reconciler.cli.tui", "reconciler.api.app"):
        assert not [name for name in loaded_by(module) if name.split(".")[0] in {"textual", "tui"}]


def test_the_terminal_ui_loads_nothing_of_the_server() -> None:
    found = loaded_by("tui.app")
    server = ("api", "engine", "storage", "bootstrap", "dispatch", "cli", "settings", "stores")
    assert not found & {f"reconciler.{name}" for name in server}
    assert not [name for name in found if name.split(".")[0] in {"iac_adapters", "sqlalchemy"}]
    assert "pydantic" not in found


_STARTED: Final = """
import json, sys
from reconciler.client import Daemon
from tui.app import TrueupApp
from tui.session import Options, Session
TrueupApp(Session(Daemon("http://127.0.0.1:9", "tu_none.none"), Options()))
print(json.dumps(sorted(sys.modules)))
"""


def test_the_first_screen_waits_for_no_connection_and_for_no_page_behind_it() -> None:
    done = subprocess.run([sys.executable, "-c", _STARTED], capture_output=True, check=True)
    found = set(json.loads(done.stdout))
    assert "tui.screens.drift" in found
    for late in (
        "httpx", "reconciler.domain.events", "reconciler.domain.policy", "tui.keymap_check",
        "tui.screens.finding", "tui.screens.run", "tui.screens.stacks", "tui.lines.why",
    ):  # fmt: skip
        assert late not in found
