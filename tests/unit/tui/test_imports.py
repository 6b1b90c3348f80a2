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
