"""A real agent reports to a running daemon; the drift is the declaring resource's."""

from __future__ import annotations

import json
import shutil
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.terraform.executable import Executable
from tests.certificates import self_signed
from tests.daemon import Daemon
from tests.e2e.lone_daemon import LoneDaemon, look_at
from tests.e2e.reporting_host import RIGHT, SSHD, WRONG, ReportingHost, sha256
from tests.e2e.shop import until_state
from tests.ports import free_port

MOST_WAITING_BYTES = 12 * 2**20
CODE = """
resource "terraform_data" "web_1" {{
  input = {{
    trueup_host = {{
      host  = "web-1"
      files = [{{
        path = "{path}", sha256 = "{sha256}", mode = "0600", owner = "root", group = "root"
      }}]
    }}
  }}
  provisioner "local-exec" {{
    command = "echo '{content}' > {file} && chmod 600 {file}"
  }}
}}
"""


@pytest.fixture
def host(tmp_path: Path) -> ReportingHost:
    made = ReportingHost(tmp_path / "web-1")
    made.account()
    made.write(SSHD, RIGHT, mode=0o600)
    return made


@pytest.fixture
def hosts_stack(lone: LoneDaemon, terraform: Executable, host: ReportingHost) -> LoneDaemon:
    """A daemon whose only stack declares the host, applied by the real tool."""
    directory = lone.stack("hosts")
    (directory / "main.tf").write_text(
        CODE.format(
            path=SSHD,
            sha256=sha256(RIGHT),
            file=host.root / SSHD.lstrip("/"),
            content=RIGHT.strip(),
        )
    )
    for command in (["init", "-input=false"], ["apply", "-auto-approve", "-input=false"]):
        subprocess.run(
            [terraform.path, *command], cwd=directory, check=True, capture_output=True, timeout=120
        )
    lone.settings({"hosts": 'interval = "1h"'})
    return lone


def open_findings(daemon: Daemon) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.ask("/findings")["items"]
    return found


def until_scanned(daemon: Daemon) -> None:
    daemon.until("a scan", lambda: look_at(daemon, "hosts")["verified_at"])


def test_what_is_edited_by_hand_is_a_finding_of_the_stack_until_it_is_put_back(
    hosts_stack: LoneDaemon, host: ReportingHost
) -> None:
    with hosts_stack.serving() as daemon:
        until_scanned(daemon)
        agent_id = host.enroll(daemon)
        host.report()
        assert open_findings(daemon) == []

        host.write(SSHD, WRONG, mode=0o600)
        evidence = host.folder / "evidence.json"
        host.agent("once", f"--snapshot={evidence}")
        taken = json.loads(evidence.read_text())
        assert taken["root"] == daemon.ask("/agents")["items"][0]["root"]
        leaves = dict(taken["sections"]["files"]["changed"])
        assert leaves[SSHD]["sha256"] == sha256(WRONG)
        (finding,) = open_findings(daemon)
        assert finding["resource_id"] == "hosts/terraform_data.web_1"
        assert (finding["seen_by"], finding["severity"]) == (f"agent:{agent_id}", "high")
        (change,) = finding["changes"]
        assert change["path"] == f'files["{SSHD}"].sha256'
        assert (change["declared"], change["live"]) == (sha256(RIGHT), sha256(WRONG))
        assert f"! sha256 is to be {sha256(RIGHT)}, is {sha256(WRONG)}" in host.agent(
            "explain", SSHD
        )

        host.write(SSHD, RIGHT, mode=0o600)
        host.report()
        assert open_findings(daemon) == []
        quiet = host.report()
        assert (quiet["turns"], quiet["bytes_sent"] < 256) == (1, True)
        (listed,) = daemon.ask("/agents")["items"]
        assert (listed["host"], listed["state"], listed["gaps"]) == ("web-1", "active", 0)


def test_a_revoked_agent_is_refused_by_name_and_its_findings_end(
    hosts_stack: LoneDaemon, host: ReportingHost
) -> None:
    with hosts_stack.serving() as daemon:
        until_scanned(daemon)
        agent_id = host.enroll(daemon)
        host.write(SSHD, WRONG, mode=0o600)
        host.report()
        assert len(open_findings(daemon)) == 1
        daemon.ask(f"/agents/{agent_id}", method="DELETE")
        assert open_findings(daemon) == []
        assert "this agent was revoked" in host.agent("once", fails=True)


def test_it_reports_unasked_and_holds_next_to_nothing_while_it_waits(
    hosts_stack: LoneDaemon, host: ReportingHost
) -> None:
    def edited() -> list[dict[str, Any]]:
        # Until it waits for hints, an edit would be found after an hour.
        host.write(SSHD, WRONG, mode=0o600)
        return open_findings(daemon)

    every = "1h" if sys.platform == "linux" else "10s"
    with hosts_stack.serving() as daemon:
        until_scanned(daemon)
        host.enroll(daemon)
        with host.running(f"--interval={every}") as waiting:
            daemon.until("a report", lambda: daemon.ask("/agents")["items"][0]["seq"])
            daemon.until("the finding", edited)
            assert waiting.memory_info().rss <= MOST_WAITING_BYTES
        assert daemon.ask("/agents")["items"][0]["gaps"] == 0


def test_what_happens_while_the_daemon_is_away_is_reported_when_it_is_back(
    hosts_stack: LoneDaemon, host: ReportingHost
) -> None:
    with hosts_stack.serving() as daemon:
        until_scanned(daemon)
        host.enroll(daemon)
        host.report()
    for text in (WRONG, RIGHT):
        host.write(SSHD, text, mode=0o600)
        assert "does not answer" in host.agent("once", fails=True)
    with hosts_stack.serving() as daemon:
        assert open_findings(daemon) == []
        assert host.report()["turns"] == 3
        (was,) = daemon.ask("/findings?filter=state:healed")["items"]
        assert (was["resource_id"], was["severity"]) == ("hosts/terraform_data.web_1", "high")
        assert open_findings(daemon) == []
        assert daemon.ask("/agents")["items"][0]["gaps"] == 1


def test_a_host_restored_from_a_backup_begins_anew_by_itself(
    hosts_stack: LoneDaemon, host: ReportingHost, tmp_path: Path
) -> None:
    with hosts_stack.serving() as daemon:
        until_scanned(daemon)
        host.enroll(daemon)
        host.report()
        shutil.copytree(host.state, tmp_path / "backup")
        host.write(SSHD, WRONG, mode=0o600)
        host.report()
        shutil.rmtree(host.state)
        shutil.copytree(tmp_path / "backup", host.state)
        host.write(SSHD, RIGHT, mode=0o600)
        host.report()
        assert open_findings(daemon) == []
        assert daemon.ask("/agents")["items"][0]["state"] == "active"


def test_a_host_is_corrected_by_the_stack_that_declares_it_and_its_next_report_ends_it(
    hosts_stack: LoneDaemon, host: ReportingHost
) -> None:
    with hosts_stack.serving() as daemon:
        until_scanned(daemon)
        host.enroll(daemon)
        host.write(SSHD, WRONG, mode=0o600)
        host.report()
        (finding,) = open_findings(daemon)
        asked = daemon.ask("/remediations", {"report_id": finding["report_id"]})
        waiting = until_state(daemon, asked["id"], "awaiting_approval")
        (planned,) = waiting["plan"]["resources"]
        assert (planned["address"], planned["action"]) == ("terraform_data.web_1", "replace")
        assert host.read(SSHD) == WRONG
        digest = {"plan_digest": waiting["plan_digest"]}
        daemon.ask(f"/remediations/{asked['id']}/approve", digest)
        verifying = until_state(daemon, asked["id"], "verifying")
        daemon.until("the file as declared", lambda: host.read(SSHD) == RIGHT)
        assert len(open_findings(daemon)) == 1
        host.report()
        assert open_findings(daemon) == []
        done = until_state(daemon, asked["id"], "converged")
        assert done["run_id"] == verifying["run_id"]


def test_an_agent_on_another_machine_reports_over_tls_and_a_renewed_certificate_is_taken(
    hosts_stack: LoneDaemon, host: ReportingHost, tmp_path: Path
) -> None:
    made = self_signed(tmp_path / "tls", days=30)
    port = free_port()
    hosts_stack.settings(
        {"hosts": 'interval = "1h"'},
        daemon=f'tls_listen = "127.0.0.1:{port}"\ntls_certificate = "{made.certificate}"\n'
        f'tls_key = "{made.key}"',
    )
    with hosts_stack.serving() as daemon:
        until_scanned(daemon)
        address = f"https://127.0.0.1:{port}"
        host.enroll(daemon, server=address, options=[f"--ca-file={made.certificate}"])
        host.report()
        renewed = self_signed(tmp_path / "tls", days=60)
        daemon.process.send_signal(signal.SIGHUP)
        daemon.until(
            "the new certificate",
            lambda: (
                ssl.get_server_certificate(("127.0.0.1", port)) == renewed.certificate.read_text()
            ),
        )
        host.report()
        assert daemon.ask("/agents")["items"][0]["gaps"] == 0
