"""A saved plan holds secrets in plain text: where it lies, and for how long."""

from __future__ import annotations

import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from iac_adapters.plugin_host.command import ToolRun
from iac_adapters.plugin_host.private_folder import PrivateFolder
from iac_adapters.pulumi.checkpoint import STACK_TYPE, StateResource
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.evaluating import evaluate
from iac_adapters.pulumi.refreshed_preview import run_refreshed

STACK = StateResource("urn:pulumi:dev::kv::x::y", STACK_TYPE, False, "", {}, {}, "", "", {})  # noqa: FBT003 - custom


class _EndedError(Exception):
    """The CLI was run; nothing follows."""


@dataclass
class _Cli:
    """Notes where a plan would be saved, and ends there."""

    seen: list[Path] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    async def run(self, *command: str, **_: Any) -> ToolRun:
        (file,) = (word.partition("=")[2] for word in command if word.startswith("--save-plan="))
        folder = Path(file).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        # What others sweep is left alone as long as it is held.
        PrivateFolder.create().remove()
        assert folder.exists()
        assert (folder / "lock").exists()
        self.seen.append(folder)
        raise _EndedError


@pytest.mark.parametrize(
    "saving",
    [evaluate, partial(run_refreshed, options=(), secretive=STACK, timeout_s=1)],
    ids=["evaluate", "follow"],
)
async def test_a_saved_plan_lies_where_the_next_process_sweeps_it(
    saving: Callable[[Cli], Awaitable[object]],
) -> None:
    told = _Cli()
    with pytest.raises(_EndedError):
        await saving(cast(Cli, told))
    (folder,) = told.seen
    assert not folder.exists()
