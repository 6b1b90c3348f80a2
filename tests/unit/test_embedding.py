"""An embedding program and a daemon: one of them applies, and the other is told so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from reconciler import Reconciler
from reconciler.domain.errors import ConflictError
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.plan import Action, Plan, PlannedResource

A: Final = ResourceAddress("null_resource.a")
PLAN: Final = Plan(StackName("shop"), (A,), (PlannedResource(A, "null_resource", Action.CREATE),))
HOLDS: Final = """
import sys
from pathlib import Path
from reconciler.bootstrap.instance import only_daemon

with only_daemon(Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


@contextmanager
def a_daemon(data_dir: Path) -> Iterator[int]:
    """Hold `data_dir` as a daemon does, in a process of its own."""
    argv = [sys.executable, "-c", HOLDS, str(data_dir)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


async def test_an_apply_beside_a_daemon_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "main.tf").write_text('resource "null_resource" "a" {}\n')
    data_dir = tmp_path / "data"
    config = tmp_path / "trueup.toml"
    config.write_text(
        f'[daemon]\ndata_dir = "{data_dir}"\n[[stack]]\nname = "shop"\ndirectory = "shop"\n'
    )
    with a_daemon(data_dir) as pid:
        async with Reconciler.from_config(config) as engine:
            with pytest.raises(ConflictError) as caught:
                await engine.apply(PLAN, approved_digest=PLAN.digest)
    assert caught.value.code == "daemon-running"
    assert f"process {pid}" in str(caught.value)
    assert "trueup approve" in (caught.value.remedy or "")
    assert not list((data_dir / "runs").iterdir() if (data_dir / "runs").exists() else ())
