"""Stacks of the test provider for either tool, and worlds of the real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from tests.integration.terraform.scanner import schemas_kept
from tests.world_stack import WorldStack, copied, initialised
from tests.worlds.session import Worlds, worlds_in

Template = Callable[[Executable], Path]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return an initialised root module to copy; `init` takes its time once per tool."""

    @cache
    def made(tool: Executable) -> Path:
        return initialised(tool, tmp_path_factory.mktemp(f"world-{tool.name}"))

    return made


@pytest.fixture(scope="session")
def world_template(tool: Executable, template: Template) -> Path:
    """The root module of each of the two tools."""
    return template(tool)


@pytest.fixture
def stack(world_template: Path, tool: Executable, tmp_path: Path) -> WorldStack:
    """A stack of the test's own, initialised and empty."""
    return copied(world_template, tmp_path, tool)


@pytest.fixture(scope="session")
def deployed_worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """Worlds of this session, each applied once; a test that changes one puts it back."""
    with (
        worlds_in(tmp_path_factory.mktemp("worlds")) as worlds,
        schemas_kept(tmp_path_factory.mktemp("schemas")),
    ):
        yield worlds
