"""What a static graph cannot see: imports that happen late, in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.storage.old_databases import migrate_to

ROOT = Path(__file__).parents[2]


def loaded_after(*modules: str) -> set[str]:
    return loaded_by(f"import {', '.join(modules)}")


def loaded_by(code: str) -> set[str]:
    # None stands for a module that somebody made sure is never loaded.
    tell = "print(json.dumps(sorted(name for name, one in sys.modules.items() if one)))"
    code = f"import sys, json\n{code}\n{tell}"
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


def test_asking_the_daemon_loads_nothing_that_draws_or_checks() -> None:
    loaded = loaded_by(
        "from reconciler.cli import status\n"
        "from reconciler.cli.client.api import Api\n"
        "from reconciler.cli.client.endpoint import Daemon\n"
        'with Api(Daemon("http://127.0.0.1:1", "token", "here")): pass'
    )
    assert "http.client" in loaded
    assert not loaded & {"asyncio", "httpx", "rich", "pygments", "pydantic", "sqlalchemy"}


def test_the_typed_client_loads_no_command_line_of_its_library() -> None:
    loaded = loaded_by(
        "import asyncio\n"
        "from reconciler.client import Client, Daemon, UnreachableError\n"
        'client = Client(Daemon("http://127.0.0.1:1", "token"))\n'
        "assert 'httpx' not in sys.modules\n"
        "try:\n"
        "    asyncio.run(client.whoami())\n"
        "except UnreachableError:\n"
        "    pass\n"
    )
    assert "httpx" in loaded
    assert not loaded & {"click", "pygments", "rich"}


NOT_BEFORE_A_READ = {
    "grpc",
    "iac_adapters.terraform.recorder.record",
    "iac_adapters.terraform.recorder.tunnel",
    "iac_adapters.terraform.recorder.refreshed",
    "iac_adapters.terraform.following",
    "iac_adapters.terraform.cli_engine",
    "iac_adapters.terraform.cli_verdict",
    "iac_adapters.terraform.planning",
    "iac_adapters.terraform.plan_json",
    "iac_adapters.terraform.correction",
    "iac_adapters.terraform.outcome",
    "iac_adapters.terraform.run_log",
    "iac_adapters.terraform.diagnostics_text",
    "iac_adapters.redaction.redactor",
    "iac_adapters.pulumi.adapter",
    "reconciler.cli.render",
    "reconciler.cli.scan_output",
    "reconciler.client",
    "reconciler.domain.records",
    "reconciler.storage",
    "reconciler.runner",
    "psutil",
    "pulumi",
    "yaml",
}


NOT_FOR_DEFAULTS = {
    "difflib",
    "email",
    "importlib.metadata",
    "pydantic",
    "reconciler.domain.guardrails",
    "reconciler.section_reading",
    "reconciler.settings_channels",
    "reconciler.settings_guardrails",
    "reconciler.settings_ignores",
    "reconciler.settings_policies",
    "reconciler.wire.model",
    "zipfile",
}


def test_a_scan_has_loaded_nothing_that_it_needs_only_after_its_first_read() -> None:
    loaded = loaded_after(
        "reconciler.cli.main", "reconciler.cli.scan", "iac_adapters.terraform.adapter"
    )
    assert "google.protobuf" in loaded
    assert not loaded & NOT_BEFORE_A_READ


@pytest.mark.parametrize(("file", "tool"), [("main.tf", "terraform"), ("Pulumi.yaml", "pulumi")])
def test_a_scan_without_settings_loads_nothing_that_checks_them(
    tmp_path: Path, file: str, tool: str
) -> None:
    """What a scan does before its adapter loads the stack; see docs/benchmarks.md."""
    stack = tmp_path / "stack"
    stack.mkdir()
    (stack / file).touch()
    loaded = loaded_by(
        "import os\n"
        f"os.environ['HOME'] = {str(tmp_path)!r}\n"
        f"os.environ.update(XDG_DATA_HOME='', XDG_CONFIG_HOME='', XDG_CACHE_HOME='')\n"
        f"os.chdir({str(stack)!r})\n"
        "from reconciler.bootstrap.adapters import adapter_setup\n"
        "from reconciler.bootstrap.targets import Targets\n"
        "from reconciler.cli.scan import prepared\n"
        "from reconciler.registry import InstalledTools\n"
        "tools = InstalledTools()\n"
        "(reference,), judging, data_dir = prepared(None, Targets(), tools)\n"
        f"assert reference.tool == {tool!r}\n"
        "tools.open(reference.tool, adapter_setup(data_dir=data_dir, key=judging.key))"
    )
    assert f"iac_adapters.{tool}.adapter" in loaded
    assert not loaded & NOT_FOR_DEFAULTS


def test_a_pulumi_scan_loads_nothing_of_terraform() -> None:
    loaded = loaded_after("reconciler.cli.scan", "iac_adapters.pulumi.adapter")
    assert not loaded & {"psutil", "pulumi", "pydantic"}
    assert not [name for name in loaded if name.startswith("iac_adapters.terraform")]


def test_only_a_database_that_is_behind_is_opened_with_alembic(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    migrate_to(old, "0003")
    assert "alembic" in loaded_by(_opening(old))
    assert "alembic" not in loaded_by(_opening(old))
    assert "alembic" not in loaded_by(_opening(new))


def _opening(database: Path) -> str:
    return (
        "import asyncio, pathlib\n"
        "from reconciler.storage.sqlite import open_store\n"
        "async def run():\n"
        f"    await (await open_store(pathlib.Path({str(database)!r}))).close()\n"
        "asyncio.run(run())"
    )


@pytest.mark.parametrize("tool", ["terraform", "pulumi"])
def test_naming_a_tool_loads_none_of_its_adapter(tool: str) -> None:
    loaded = loaded_by(f"import iac_adapters.{tool}.factory")
    assert not loaded & {
        "grpc",
        "pulumi",
        "hcl2",
        "google.protobuf",
        f"iac_adapters.{tool}.adapter",
    }
