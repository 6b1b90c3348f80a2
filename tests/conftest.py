"""Fixtures every suite may use. What a machine may lack goes through `tests.parts.require`."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Final

import hypothesis
import pytest

from iac_adapters.terraform.executable import Executable, locate
from tests.cases import rows_in
from tests.makers import makers_mirror
from tests.parts import require
from tests.postgres import find_postgres, running_postgres
from tests.simulator import Simulator, copy_stack, running_simulator, tool_environment
from tests.warm.process import forking
from tests.worlds.pulumi.tools import PulumiTools, find_tools

# A machine that nobody watches tries the same examples every time; a person's tries new ones.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("person", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "person")

# A shell that starts us in the background has us ignore Ctrl-C, and every child inherits it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ToolEnvironment = Callable[[str], dict[str, str]]

# As it is before a test gets folders of its own, in which no tool is installed.
_ENVIRONMENT: Final = dict(os.environ)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Make no garbage collection while six thousand tests are collected, nor of them later.

    What is made then stays. Looking through it again and again is two fifths of the time that
    collecting takes, and every worker collects.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let commands and daemons be forks, but where how they start is what is tested.

    Around the whole test, since fixtures of a module start them as well.
    """
    with forking(wanted=item.get_closest_marker("cold") is None):
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name each test that failed in a line of its own, last: of a long output the end is kept."""
    for kind in ("failed", "error"):
        for report in terminalreporter.stats.get(kind, ()):
            crash = getattr(report.longrepr, "reprcrash", None)
            reason = " ".join(crash.message.split())[:100] if crash else ""
            terminalreporter.write_line(f"{kind} in {report.when}: {report.nodeid}: {reason}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as `case` each test that stands for a row by its docstring or its module's."""
    modules: dict[object, bool] = {}
    for item in items:
        module = getattr(item, "module", None)
        if module not in modules:
            modules[module] = bool(rows_in(getattr(module, "__doc__", None)))
        if modules[module] or rows_in(getattr(getattr(item, "obj", None), "__doc__", None)):
            item.add_marker("case")


@pytest.fixture(scope="session")
def simulator() -> Iterator[Simulator]:
    """A simulated cloud shared by a session; tests on it use names of their own."""
    with running_simulator() as running:
        yield running


@pytest.fixture(params=["terraform", "tofu"], scope="session")
def tool(request: pytest.FixtureRequest) -> Executable:
    """Each of the two tools in turn."""
    return _tool(request.param)


@pytest.fixture(scope="session")
def terraform() -> Executable:
    """The real terraform."""
    return _tool("terraform")


@pytest.fixture(scope="session")
def tofu() -> Executable:
    """The real OpenTofu."""
    return _tool("tofu")


@pytest.fixture(scope="session")
def pulumi() -> PulumiTools:
    """The real Pulumi CLI, its language hosts, and the bridge to Terraform providers."""
    lack = "`make setup TOOLS=all` obtains the CLI, its parts and the bridge"
    return require("pulumi", find_tools(_ENVIRONMENT), lack=lack)


@pytest.fixture(scope="session")
def makers() -> Path:
    """A mirror of small real providers: local, archive, external, random, rabbitmq and others."""
    lack = "TRUEUP_PROVIDER_MIRROR names a mirror that holds hashicorp/local and its like"
    return require("makers", makers_mirror(_ENVIRONMENT), lack=lack)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL's empty database, shared by a session."""
    programs = require("postgres", find_postgres(), lack="neither on PATH nor in /usr/lib")
    with running_postgres(programs) as address:
        yield address


@pytest.fixture
def tool_settings(simulator: Simulator, tmp_path: Path) -> ToolEnvironment:
    """Return, by a tool's name, an environment with the mirrors and the simulated cloud."""

    def environment(name: str) -> dict[str, str]:
        return tool_environment(name, endpoint=simulator.endpoint, folder=tmp_path / "rc")

    return environment


@pytest.fixture
def workdir(tmp_path: Path) -> Callable[[Path], Path]:
    """Copy a stack to a place of the test's own, and return that place."""

    def copy(source: Path) -> Path:
        return copy_stack(source, tmp_path / "work" / source.name)

    return copy


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test out of the user's own data and state; the cache of tools is shared."""
    own = tmp_path_factory.mktemp("xdg")
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(own / name.lower()))
    for name in tuple(os.environ):
        if name.startswith("PULUMI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PULUMI_HOME", str(own / "pulumi"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{own}/stacks")
    monkeypatch.setenv("TRUEUP_NO_DOWNLOAD", "1")


def _tool(name: str) -> Executable:
    return require(name, locate(name, os.environ), lack="`make setup TOOLS=all` builds OpenTofu")
