"""A Pulumi stack of things to copy for each test, and shops on a simulated cloud."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts import require
from tests.pulumi_world import PulumiStack, copied, initialised
from tests.worlds.pulumi.session import Shops, shops_in
from tests.worlds.pulumi.tools import PulumiTools, find_aws_provider


@pytest.fixture(scope="session")
def things(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> PulumiStack:
    """The template; for copying only."""
    return initialised(tmp_path_factory.mktemp("things"), pulumi)


@pytest.fixture
def stack(things: PulumiStack, tmp_path: Path) -> PulumiStack:
    """A stack of one's own, in which every thing is as the program asks for it."""
    folder = tmp_path / "own"
    folder.mkdir()
    return copied(things, folder)


@pytest.fixture(scope="session")
def shops(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    """Shops of this session, each brought up once; a test that changes one puts it back."""
    lack = "the real one is looked for in offline mirrors"
    provider = require("aws provider", find_aws_provider(), lack=lack)
    with shops_in(tmp_path_factory.mktemp("shops"), tools=pulumi, provider=provider) as shops:
        yield shops
