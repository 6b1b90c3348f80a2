"""A plan of terraform holds secrets: it lies where the next process sweeps it after a kill."""

from __future__ import annotations

import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, cast

import pytest

from iac_adapters.plugin_host.private_folder import PrivateFolder
from iac_adapters.terraform import cli_engine
from iac_adapters.terraform.cli_engine import plan_by_cli
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.recorder import attempt as attempting
from iac_adapters.terraform.recorder import refreshed
from iac_adapters.terraform.recorder.attempt import attempt
from iac_adapters.terraform.recorder.order import RecordingOrder
from iac_adapters.terraform.recorder.refreshed import refreshed_plan

ORDER: Final = RecordingOrder(Path(), Path("terraform"), (), None)


class _EndedError(Exception):
    """The tool was run; nothing follows."""


class _Context:
    executable = directory = Path()
    called_from = None
    environment: Final[dict[str, str]] = {}
    plan_arguments = exclusions = ()


PLANNING: Final[dict[Any, Callable[[], Awaitable[object]]]] = {
    cli_engine: lambda: plan_by_cli(cast(Context, _Context())),
    attempting: lambda: attempt(ORDER, schemas=cast(Any, None), start=cast(Any, None)),
    refreshed: lambda: refreshed_plan(
        ORDER, cast(Any, None), schemas=cast(Any, None), start=cast(Any, None)
    ),
}


@pytest.mark.parametrize("module", PLANNING, ids=lambda module: module.__name__.split(".")[-1])
async def test_a_plan_lies_in_a_folder_that_is_held(
    module: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path] = []

    async def run_tool(_program: Path, arguments: list[str], **_: Any) -> None:
        (file,) = (word.partition("=")[2] for word in arguments if word.startswith("-out="))
        folder = Path(file).parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        # What is not held goes.
        PrivateFolder.create().remove()
        assert (folder / "lock").exists()
        seen.append(folder)
        raise _EndedError

    monkeypatch.setattr(module, "run_tool", run_tool)
    with pytest.raises(_EndedError):
        await PLANNING[module]()
    (folder,) = seen
    assert not folder.exists()
