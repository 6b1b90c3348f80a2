"""A terminal UI starts with the client: what importing it costs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

_PROGRAM: Final = """
import json, sys, time
began = time.process_time()
from reconciler.client import Client, Daemon
heavy = {"httpx", "pydantic", "sqlalchemy", "fastapi", "structlog", "rich", "click", "grpc"}
print(json.dumps([time.process_time() - began, sorted(heavy & set(sys.modules))]))
"""
_MOST_S: Final = 0.25
"""Of processor time, on a machine that others use too; alone it is a quarter of that."""


def imported() -> tuple[float, list[str]]:
    """Return what importing the client took, and what heavy it brought."""
    arguments = [sys.executable, "-c", _PROGRAM]
    done = subprocess.run(arguments, capture_output=True, check=True, text=True)
    took_s, heavy = json.loads(done.stdout)
    return took_s, heavy


def test_the_client_imports_nothing_heavy_and_is_there_at_once() -> None:
    # The least of three: what else the machine does, and bytecode not yet written, only add to it.
    measured = [imported() for _ in range(3)]
    assert [heavy for _, heavy in measured] == [[], [], []]
    assert min(took_s for took_s, _ in measured) < _MOST_S
