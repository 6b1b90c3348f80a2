"""Terraform stacks with all that is needed to correct them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from iac_adapters.terraform.adapter import TerraformAdapter
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.ports import AdapterSetup, StackReference
from tests.integration.correcting import Corrector
from tests.world_stack import KEY, WorldStack


@asynccontextmanager
async def corrector_of(
    reference: StackReference, *, cache: Path, folder: Path
) -> AsyncIterator[Corrector]:
    """Open an adapter on the stack; what a test leaves running is the test's to end."""
    adapter = TerraformAdapter(AdapterSetup(data_dir=cache / "data", cache_dir=cache, key=KEY))
    try:
        yield Corrector(adapter, reference, folder, ProcessRunner(), KEY)
    finally:
        await adapter.close()


@asynccontextmanager
async def corrector(stack: WorldStack, **more: Any) -> AsyncIterator[Corrector]:
    reference = stack.reference(**more)
    try:
        async with corrector_of(reference, cache=stack.cache, folder=stack.cache.parent) as made:
            yield made
    finally:
        # Nothing that a failed test began may wait for it for ever.
        stack.while_applying(web=None)
