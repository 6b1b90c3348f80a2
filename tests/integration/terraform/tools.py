"""Which tool and which engine a test runs with, where it is not each with each.

Without a mark a test of `stack` runs with both tools.
"""

from __future__ import annotations

from typing import Final

import pytest

BY_TERRAFORM: Final = pytest.mark.parametrize("tool", ["terraform"], indirect=True, scope="session")
"""For what is ours alone: both tools have the same part in it, which other tests show of either."""

ENGINES: Final = pytest.mark.parametrize(
    ("tool", "engine"),
    [("terraform", "plugin"), ("terraform", "cli"), ("tofu", "plugin")],
    indirect=["tool"],
    scope="session",
)
"""For what either engine must say: how OpenTofu prints a plan, `test_cli_engine` shows."""

EACH_ENGINE: Final = pytest.mark.parametrize("engine", ["plugin", "cli"])
"""For what the tools plan, or print of a plan, in ways of their own."""
