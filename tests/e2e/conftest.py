"""An applied stack of the test provider, copied for each test, and `trueup` to scan it with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from iac_adapters.terraform.executable import Executable
from tests.e2e.as_deployed import AsDeployed
from tests.e2e.command import Trueup
from tests.e2e.lone_daemon import LoneDaemon
from tests.e2e.shop import Shop
from tests.e2e.things import Things
from tests.pulumi_processes import left_on, working_on
from tests.pulumi_world import PulumiStack
from tests.pulumi_world import copied as copied_things
from tests.pulumi_world import initialised as initialised_things
from tests.simulator import Simulator, running_simulator
from tests.world_stack import WorldStack, copied, initialised
from tests.worlds.deploy import Deployed, deploy
from tests.worlds.pulumi.tools import PulumiTools

SECRET = "hush-hush-4711"
CODE = f"""
resource "world_thing" "one" {{
  name   = "one"
  secret = "{SECRET}"
}}

resource "world_thing" "many" {{
  count  = 3
  name   = "many-${{count.index}}"
  labels = {{ team = "web" }}
}}
"""


@pytest.fixture(scope="session")
def applied(terraform: Executable, tmp_path_factory: pytest.TempPathFactory) -> WorldStack:
    template = initialised(terraform, tmp_path_factory.mktemp("template"))
    stack = copied(template, tmp_path_factory.mktemp("applied"), terraform)
    stack.apply(CODE)
    return stack


@pytest.fixture
def stack(applied: WorldStack, terraform: Executable, tmp_path: Path) -> WorldStack:
    """A stack of the test's own, applied, with a cloud of its own."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "rc").write_text(applied.rc_file.read_text())
    mine = copied(applied.directory.parent, folder, terraform)
    mine.write(CODE)
    shutil.copy(applied.cloud, mine.cloud)
    return mine


@pytest.fixture(scope="session")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of this session's own, with the tools of the user's."""
    own = tmp_path_factory.mktemp("cache")
    users = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trueup"
    (own / "trueup").mkdir()
    if (users / "toolchain").is_dir():
        (own / "trueup" / "toolchain").symlink_to(users / "toolchain")
    return own


@pytest.fixture
def trueup(stack: WorldStack, caches: Path) -> Iterator[Trueup]:
    """The command, set up for `stack`; at the end nothing it started may be left."""
    environment = {**stack.environment, "XDG_CACHE_HOME": str(caches)}
    # The program that notes its calls has another name, which messages would show.
    del environment["TRUEUP_TERRAFORM"]
    command = Trueup(environment)
    yield command
    left = command.wait_until_gone()
    for process in command.processes():
        process.kill()
    assert not left


@pytest.fixture(scope="session")
def small5(
    terraform: Executable, simulator: Simulator, tmp_path_factory: pytest.TempPathFactory
) -> Deployed:
    """Five real AWS resources; nobody changes them."""
    return deploy(
        "small5",
        tmp_path_factory.mktemp("small5"),
        simulator_endpoint=simulator.endpoint,
        executable=terraform.path,
    )


@pytest.fixture(scope="module")
def own_small5(
    terraform: Executable, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployed]:
    """Five real AWS resources on a cloud of their own, for tests that change them."""
    folder = tmp_path_factory.mktemp("shop")
    with running_simulator() as cloud:
        yield deploy("small5", folder, simulator_endpoint=cloud.endpoint, executable=terraform.path)


@pytest.fixture(scope="module")
def touched() -> Event:
    """Set while the module's own stack may be other than it was deployed."""
    return Event()


@pytest.fixture(scope="module")
def before(own_small5: Deployed) -> AsDeployed:
    """The module's own stack as it was deployed."""
    return AsDeployed.of(own_small5)


@pytest.fixture
def shop(
    own_small5: Deployed, before: AsDeployed, touched: Event, caches: Path, tmp_path: Path
) -> Shop:
    """The stack as it was deployed, and a folder for a daemon.

    The next test that takes it puts right what this one changed: by an apply where calls and the
    state of before do not do.
    """
    made = Shop(own_small5, tmp_path, caches, touched=touched, before=before)
    made.put_right()
    return made


@pytest.fixture
def lone(terraform: Executable, caches: Path, tmp_path: Path) -> LoneDaemon:
    """A daemon whose stacks need the tool and no cloud."""
    del terraform  # it skips where there is none
    return LoneDaemon(tmp_path, caches)


@pytest.fixture(scope="session")
def applied_things(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> PulumiStack:
    """A Pulumi stack that was brought about; for copying only."""
    return initialised_things(tmp_path_factory.mktemp("things"), pulumi)


@pytest.fixture
def things(applied_things: PulumiStack, caches: Path, tmp_path: Path) -> Iterator[Things]:
    """A Pulumi stack of the test's own, and a folder for a daemon.

    At the end nothing may be left of all that was started on it.
    """
    folder = tmp_path / "own"
    folder.mkdir()
    stack = copied_things(applied_things, folder).noting()
    yield Things(stack, tmp_path, caches)
    stack.while_applying(**dict.fromkeys(stack.things()))
    left = left_on(stack)
    for process in working_on(stack):
        process.kill()
    assert not left
