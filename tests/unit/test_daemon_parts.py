"""What the daemon puts together, without one that runs."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from iac_adapters.plugin_host.command import run_command
from reconciler.bootstrap.daemon import DaemonOrder, _Daemon
from reconciler.domain.errors import InvalidError, PermanentError
from reconciler.domain.model import StackName
from reconciler.domain.records import StackRecord
from reconciler.engine.stacks import StackDraft, _check
from reconciler.settings import Settings


async def test_a_stack_whose_directory_is_gone_has_an_adapter_for_its_old_logs(
    tmp_path: Path,
) -> None:
    order = DaemonOrder(
        settings=Settings(), data_dir=tmp_path, reload=Settings, ready=print,
        crashed=lambda _error: None,
    )  # fmt: skip
    daemon = _Daemon(order, bytes(32), AsyncExitStack())
    gone = StackRecord(
        name=StackName("gone"),
        tool="terraform",
        directory=str(tmp_path / "gone"),
        interval=timedelta(minutes=15),
    )
    adapter = daemon._adapter_of(gone)
    assert adapter.progress(b"", stack=gone.name) is None
    await daemon._close_adapters()


async def test_a_directory_that_went_away_is_named_and_not_the_tool(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(PermanentError, match=f"{gone}: is not there any more"):
        await run_command(Path("/bin/true"), [], directory=gone, environment={}, timeout_s=30)


@pytest.mark.parametrize("name", [".", "..", "a\u202eb", "a\x9bb", "a/b"])
def test_a_name_that_means_something_else_is_no_stacks(name: str) -> None:
    with pytest.raises(InvalidError):
        _check(StackDraft(directory="/srv/web", name=name))
