"""What no code declares, changed on a real PostgreSQL: the rule knows no provider by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import Origin, StackReport
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import AdapterSetup
from tests.bed.postgresql import Database, variables
from tests.makers import MakersStack

pytestmark = pytest.mark.slow
KEY = b"k" * 32
SHOP = "postgresql_database.shop"

CODE = """
terraform {
  required_providers {
    postgresql = { source = "cyrilgdn/postgresql" }
  }
}

variable "port" {}

provider "postgresql" {
  host     = "127.0.0.1"
  port     = var.port
  username = "trueup"
  sslmode  = "disable"
}

resource "postgresql_role" "stranger" { name = "stranger" }
resource "postgresql_database" "shop" { name = "shop" }
"""


async def test_a_database_given_to_somebody_else_is_found_and_stays_found(
    postgres: str, makers: Path, terraform: Executable, tmp_path: Path
) -> None:
    stack = MakersStack.made(tmp_path / "stack", mirror=makers, terraform=terraform.path, code=CODE)
    told = variables(postgres)
    stack.apply(**told)
    reference = stack.reference(environment=told)
    adapter = TerraformAdapter(AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path, key=KEY))
    scanning = Scanning(adapter, SystemClock(), judging(KEY))
    kept: dict[str, KeptBaseline] = {}

    async def scan() -> StackReport:
        held = replace(scanning, yardstick=Yardstick(kept, keep=True))
        report = await scan_stack(reference, scanning=held)
        kept.update({one.key: one for one in report.begun})
        return report

    def found(report: StackReport) -> list[tuple[str, str, object]]:
        return [
            (finding.address, str(change.path), change.live)
            for finding in report.findings
            for change in finding.changes
            if finding.origin is Origin.UNDECLARED
        ]

    try:
        assert (await scan()).findings == ()
        sql = Database(postgres).sql
        sql("ALTER DATABASE shop OWNER TO stranger")()
        assert found(await scan()) == [(SHOP, "owner", "stranger")]
        stack.run("apply", "-refresh-only", "-auto-approve", "-input=false", **told)
        assert found(await scan()) == [(SHOP, "owner", "stranger")]
        sql("ALTER DATABASE shop OWNER TO trueup")()
        assert (await scan()).findings == ()
    finally:
        await adapter.close()
