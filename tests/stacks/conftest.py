"""Each project run once as it stands; one process per worker pays for it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stacks.program import AWS, AZURE, GCP, HOSTS, PROJECTS, Project, Ran


@pytest.fixture(scope="session")
def aws() -> Ran:
    """The AWS intake with the defaults of its Pulumi.yaml."""
    return AWS.run()


@pytest.fixture(scope="session")
def azure() -> Ran:
    """The Azure intake, likewise."""
    return AZURE.run()


@pytest.fixture(scope="session")
def gcp() -> Ran:
    """The Google Cloud intake, likewise."""
    return GCP.run()


@pytest.fixture(scope="session")
def hosts() -> Ran:
    """The host baselines, likewise."""
    return HOSTS.run()


@pytest.fixture(params=PROJECTS, ids=lambda project: project.folder.name)
def project(request: pytest.FixtureRequest) -> Project:
    """Each project in turn."""
    found: Project = request.param
    return found


@pytest.fixture
def ran(project: Project, request: pytest.FixtureRequest) -> Ran:
    """What that project registers with its defaults."""
    names = {AWS: "aws", AZURE: "azure", GCP: "gcp", HOSTS: "hosts"}
    found: Ran = request.getfixturevalue(names[project])
    return found


@pytest.fixture(scope="session")
def host() -> Iterator[Any]:
    """The component package of the host baselines, as a program imports it."""
    yield from _imported(HOSTS, "trueup_host")


def _imported(project: Project, module: str) -> Iterator[Any]:
    """Import a module of a project, and leave no trace of it behind."""
    package = module.partition(".")[0]
    sys.path.insert(0, str(project.folder))
    try:
        yield importlib.import_module(module)
    finally:
        sys.path.remove(str(project.folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == package]:
            del sys.modules[name]


@pytest.fixture(scope="session")
def arguments() -> Iterator[dict[str, Any]]:
    """What makes the arguments of each cloud's intake, by the cloud's name."""
    clouds = {
        "aws": _imported(AWS, "intake_aws.arguments"),
        "azure": _imported(AZURE, "intake_azure.arguments"),
        "gcp": _imported(GCP, "intake_gcp.arguments"),
    }
    yield {cloud: next(imported).IntakeArguments for cloud, imported in clouds.items()}
    for imported in clouds.values():
        next(imported, None)
