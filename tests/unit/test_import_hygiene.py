"""What a static graph cannot see: imports that happen late, in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def loaded_after(*modules: str) -> set[str]:
    code = f"import sys, json, {', '.join(modules)}; print(json.dumps(sorted(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout))


def modules_of(package: str) -> list[str]:
    folder = ROOT / package.replace(".", "/")
    files = (path.relative_to(ROOT).with_suffix("") for path in folder.rglob("*.py"))
    names = (".".join(file.parts).removesuffix(".__init__") for file in files)
    # Alembic alone can run its own environment file.
    return sorted(name for name in names if not name.endswith(".migrations.env"))


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("reconciler.domain", {"asyncio", "subprocess", "pydantic", "structlog", "grpc", "rich"}),
        ("iac_adapters.plugin_host", {"iac_adapters.terraform", "reconciler.engine"}),
        ("iac_adapters", {"reconciler.engine", "reconciler.bootstrap", "reconciler.cli", "click"}),
        ("reconciler", {"textual"}),
    ],
)
def test_a_package_loads_nothing_it_must_not_know(package: str, forbidden: set[str]) -> None:
    assert not loaded_after(*modules_of(package)) & forbidden
