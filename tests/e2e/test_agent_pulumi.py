"""A host in a real Pulumi stack: edited by hand, found, approved, corrected, equal again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon import serving
from tests.e2e.reporting_host import RIGHT, SSHD, WRONG, ReportingHost, sha256
from tests.e2e.shop import until_state
from tests.ports import free_port
from tests.worlds.pulumi.project import PulumiProject
from tests.worlds.pulumi.tools import PulumiTools

COMPONENT = Path(__file__).parents[2] / "stacks/host_baseline/trueup_host"


@pytest.fixture
def host(tmp_path: Path) -> ReportingHost:
    made = ReportingHost(tmp_path / "web-1")
    made.account()
    made.write(SSHD, "")
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class HostProject(PulumiProject):
    """The project with our component beside its program, as a user would copy it."""

    def brought_about(self) -> HostProject:
        self.found()
        shutil.copytree(COMPONENT, self.directory / "trueup_host")
        self.run("stack", "init")
        self.up()
        return self


@pytest.fixture
def project(pulumi: PulumiTools, tmp_path: Path, host: ReportingHost) -> HostProject:
    made = HostProject(
        folder=tmp_path / "pulumi",
        program=pulumi.cli,
        name="hosts",
        extra={"TRUEUP_HOST_ROOT": str(host.root)},
    )
    return made.brought_about()


def settings(folder: Path, project: PulumiProject, port: int) -> Path:
    environment: Mapping[str, str] = project.environment
    (folder / "hosts.env").write_text(
        "".join(f"{name}={value}\n" for name, value in environment.items())
    )
    file = folder / "trueup.toml"
    file.write_text(
        f'[daemon]\nlisten = "127.0.0.1:{port}"\ndata_dir = "data"\n\n[[stack]]\nname = "hosts"\n'
        f'directory = "{project.directory}"\npulumi_stack = "dev"\ninterval = "1h"\n'
        'env_file = "hosts.env"\ndynamic_providers = true\n\n[[policy]]\nname = "web"\n'
        'match = {host_group = "web"}\naction_type = "manual_review"\n'
    )
    return file


def test_a_host_template_of_pulumi_is_found_drifted_corrected_and_equal_again(
    project: HostProject, host: ReportingHost, caches: Path, tmp_path: Path
) -> None:
    assert host.read(SSHD) == RIGHT
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(caches),
        "XDG_STATE_HOME": str(tmp_path / "s"),
    }
    file = settings(tmp_path, project, free_port())
    with serving(
        file, data_dir=tmp_path / "data", environment=environment, directory=tmp_path
    ) as daemon:
        daemon.until("a scan", lambda: daemon.ask("/stacks/hosts")["verified_at"])
        agent_id = host.enroll(daemon)
        host.report()
        assert daemon.ask("/findings")["items"] == []

        host.write(SSHD, WRONG, mode=0o600)
        host.report()
        (finding,) = daemon.ask("/findings")["items"]
        assert finding["address"] == "urn:pulumi:dev::hosts::trueup:host:Baseline::web-1"
        assert finding["seen_by"] == f"agent:{agent_id}"
        assert [(one["declared"], one["live"]) for one in finding["changes"]] == [
            (sha256(RIGHT), sha256(WRONG))
        ]

        (asked,) = daemon.until("a proposal", lambda: daemon.ask("/remediations")["items"])
        waiting = until_state(daemon, asked["id"], "awaiting_approval", "failed", "needs_human")
        assert waiting["state"] == "awaiting_approval", waiting["note"]
        assert [one["action"] for one in waiting["plan"]["resources"]] == ["replace"]
        digest = {"plan_digest": waiting["plan_digest"]}
        daemon.ask(f"/remediations/{asked['id']}/approve", digest)
        ended = until_state(daemon, asked["id"], "verifying", "failed", "needs_human")
        assert (ended["state"], host.read(SSHD)) == ("verifying", RIGHT), ended["note"]
        host.report()
        assert daemon.ask("/findings")["items"] == []
        until_state(daemon, asked["id"], "converged")
        assert host.report()["turns"] == 1
