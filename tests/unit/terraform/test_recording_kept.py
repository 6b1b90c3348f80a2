"""A recording that cannot be kept: its providers end with it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import MagicMock

import pytest

from iac_adapters.terraform import assembly as assembling
from iac_adapters.terraform import evaluation
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.recorder import record as recording
from reconciler.domain.errors import PermanentError
from tests.unit.terraform.test_recording_despite import Running, made


async def test_providers_end_where_what_they_were_told_fits_no_state(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provider = Running()

    async def record(*_: Any, **__: Any) -> Any:
        return made(provider)

    def join(*_: Any, **__: Any) -> Any:
        message = "it does not fit"
        raise PermanentError(message, remedy="none")

    monkeypatch.setattr(recording, "record", record)
    monkeypatch.setattr(evaluation, "join", join)
    monkeypatch.setattr(evaluation, "order_of", MagicMock())
    monkeypatch.setattr(assembling, "_starter", MagicMock())
    monkeypatch.setattr(Assembly, "_schema_store", MagicMock())
    parts = {"providers": MagicMock(), "recorded": MagicMock(), "progress": MagicMock()}
    assembly = Assembly(tmp_path, key=b"k" * 32, **cast("Any", parts))
    context = SimpleNamespace(directory=tmp_path, managed_instances=())

    with pytest.raises(PermanentError, match="it does not fit"):
        await assembly.record(cast("Any", context))

    assert provider.closed
