"""A data source that answers otherwise: the code is evaluated again where that reaches it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import Executable
from reconciler.domain.model import Drifted, InSync
from reconciler.ports import AdapterSetup
from tests.bed.files import Answering, running_web
from tests.makers import MakersStack, verdicts

_CODE: Final = """
data "http" "a" {{ url = "{endpoint}" }}
resource "null_resource" "a" {{
  triggers = {{ answer = {use} }}
}}
"""
_STATUS: Final = "data.http.a.status_code"
_VERSION: Final = 'data.http.a.response_headers["Server"]'
_BODY: Final = "data.http.a.response_body"


@pytest.fixture
def web() -> Iterator[Answering]:
    """A web server; each of its answers has another text, and a date."""
    numbers = count()
    with running_web() as server:
        server.numbered = lambda: f"{server.text} {next(numbers)}"
        yield server


@pytest.fixture
async def adapter(tmp_path: Path) -> AsyncIterator[TerraformAdapter]:
    """An adapter that stays open."""
    setup = AdapterSetup(data_dir=tmp_path, cache_dir=tmp_path / "cache", key=b"k" * 32)
    opened = TerraformAdapter(setup)
    yield opened
    await opened.close()


def _stack(
    folder: Path, makers: Path, terraform: Executable, code: str
) -> tuple[MakersStack, Path]:
    """Return an applied stack, and a file with a line for each plan made since."""
    made = MakersStack.made(folder, mirror=makers, terraform=terraform.path, code=code)
    made.apply()
    log = folder / "calls"
    noting = folder / "noting"
    noting.write_text(f'#!/bin/sh\n[ "$1" != plan ] || echo >> {log}\nexec {terraform.path} "$@"\n')
    noting.chmod(0o755)
    return replace(made, terraform=noting), log


def _plans(log: Path) -> int:
    return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.mark.parametrize("use", [_STATUS, _VERSION])
async def test_what_reaches_no_resource_costs_no_plan(
    makers: Path, terraform: Executable, tmp_path: Path, web: Answering,
    adapter: TerraformAdapter, use: str,
) -> None:  # fmt: skip
    """Row V9."""
    code = _CODE.format(endpoint=web.endpoint, use=use)
    stack, log = _stack(tmp_path / "s", makers, terraform, code)
    for _ in range(3):
        assert await verdicts(adapter, stack.reference()) == {"null_resource.a": InSync()}
    assert _plans(log) == 1


async def test_what_reaches_a_resource_is_drift(
    makers: Path, terraform: Executable, tmp_path: Path, web: Answering,
    adapter: TerraformAdapter,
) -> None:  # fmt: skip
    """Row V9."""
    web.numbered = lambda: web.text
    code = _CODE.format(endpoint=web.endpoint, use=_BODY)
    stack, log = _stack(tmp_path / "s", makers, terraform, code)
    assert await verdicts(adapter, stack.reference()) == {"null_resource.a": InSync()}
    web.say(json.dumps("two"))
    (found,) = (await verdicts(adapter, stack.reference())).values()
    assert isinstance(found, Drifted)
    assert [change.path for change in found.changes] == ["triggers.answer"]
    assert _plans(log) == 2
