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
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Origin,
    ResourceAddress,
    Snapshot,
    Unmanaged,
    Unreadable,
    Verdict,
)
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


async def test_what_cannot_be_read_hides_nothing_that_does_not_depend_on_it(
    makers: Path, terraform: Executable, tmp_path: Path, adapter: TerraformAdapter
) -> None:
    """The tool's plan fails; what is gone, edited and dropped elsewhere is shown all the same."""
    code = """
    data "local_file" "d" { filename = "side.txt" }
    output "d" { value = data.local_file.d.content }
    resource "terraform_data" "fed" { input = data.local_file.d.content }
    resource "local_file" "fed" {
      filename = "fed.txt"
      content  = data.local_file.d.content
    }
    resource "local_file" "like_fed" {
      filename = "fed.txt"
      content  = "one"
    }
    resource "local_file" "gone" {
      filename = "gone.txt"
      content  = "one"
    }
    resource "terraform_data" "edited" { input = %s }
    %s
    """
    stack = MakersStack.made(
        tmp_path / "s",
        mirror=makers,
        terraform=terraform.path,
        code=code % ("1", 'resource "null_resource" "dropped" {}'),
    )
    side = stack.directory / "side.txt"
    side.write_text("one")
    stack.apply()
    (stack.directory / "main.tf").write_text(code % ("2", ""))
    (stack.directory / "gone.txt").unlink()
    side.unlink()
    snapshot = await adapter.load(stack.reference())
    (warning,) = snapshot.warnings
    assert "(data.local_file.d): The file at given path cannot be read." in warning
    seen = await _seen(adapter, snapshot)
    unread = {address for address, one in seen.items() if isinstance(one, Unreadable)}
    # Of two that are recorded alike nothing tells which of them was planned.
    fed = {"local_file.fed", "local_file.like_fed", "terraform_data.fed", "output.d"}
    assert unread == {"data.local_file.d", *fed}
    assert isinstance(own := seen["data.local_file.d"], Unreadable)
    assert own.reason.startswith("Read local file data source error: The file at given path")
    assert snapshot.stopped
    # Its provider may look elsewhere: a person corrects what else is that one's.
    labels = {resource.address: resource.provider for resource in snapshot.resources}
    assert (
        labels[ResourceAddress("data.local_file.d")] == labels[ResourceAddress("local_file.gone")]
    )
    assert seen["local_file.gone"] == Missing()
    assert seen["null_resource.dropped"] == Unmanaged()
    assert isinstance(seen["terraform_data.edited"], Drifted)
    # It is asked again by the next scan, and not after ten minutes.
    side.write_text("one")
    snapshot = await adapter.load(stack.reference())
    assert snapshot.warnings == ()
    seen = await _seen(adapter, snapshot)
    assert seen["local_file.fed"] == InSync()
    assert (snapshot.stopped, seen.keys() & {"data.local_file.d"}) == (False, set())
    # The data source is unreadable where no object is.
    side.unlink()
    (stack.directory / "terraform.tfstate").unlink()
    seen = await _seen(adapter, await adapter.load(stack.reference()))
    assert isinstance(seen.pop("data.local_file.d"), Unreadable)
    assert isinstance(seen.pop("output.d"), Unreadable)
    assert seen == dict.fromkeys(
        ("local_file.gone", "local_file.like_fed", "terraform_data.edited"),
        Missing(Origin.UNAPPLIED),
    )


async def _seen(adapter: TerraformAdapter, snapshot: Snapshot) -> dict[str, Verdict]:
    return {one.address: one.verdict async for one in adapter.observe(snapshot, None)}
