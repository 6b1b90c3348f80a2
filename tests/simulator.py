"""The simulated cloud, and terraform or tofu working on it.

Usable from tests, benchmarks and the demo alike: nothing here needs pytest.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import psutil

from reconciler.mirrors import provider_mirrors
from tests.ports import free_port
from tests.tool_mirrors import tofu_mirror, write_cli_configuration

_START_LIMIT_S: Final = 60.0
_ATTEMPTS: Final = 3
_TOOL_LIMIT_S: Final = 280.0
_LOCKED_HASHES: Final = re.compile(r"\n  hashes = \[.*?\]", re.DOTALL)
_SECRET_PREFIXES: Final = ("AWS_", "ARM_", "GOOGLE_", "TF_", "PULUMI_")
_SERVER: Final = Path(__file__).with_name("moto_server.py")


class SimulatorError(Exception):
    """The simulated cloud did not come up; the message ends with its log."""


class ToolError(Exception):
    """A terraform or tofu command failed; the message holds what it printed."""


@dataclass(frozen=True, slots=True)
class Simulator:
    """A running simulated AWS; `pid` is its process, `log` what it printed."""

    endpoint: str
    pid: int
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a provider or boto3 needs to talk to this simulator and to nothing else."""
        return aws_environment(self.endpoint)

    def reset(self) -> None:
        """Empty the cloud."""
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset", method="POST")
        with urllib.request.urlopen(request, timeout=30) as response:
            response.read()


def aws_environment(endpoint: str) -> dict[str, str]:
    """Return the variables that point AWS clients to `endpoint`, with credentials of no account."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@contextmanager
def running_simulator(*, account: str | None = None) -> Iterator[Simulator]:
    """Start a simulated cloud of one's own on a free loopback port; stop it at the end.

    `account` is the number of the account that everybody is in, when not the customary one.

    Raises:
        SimulatorError: it did not answer in time.
    """
    with tempfile.TemporaryDirectory(prefix="trueup-simulator-") as folder:
        process, simulator = start_simulator(Path(folder) / "moto.log", account=account)
        try:
            yield simulator
        finally:
            stop_simulator(process)


def start_simulator(
    log: Path, *, account: str | None = None, stays: bool = False
) -> tuple[subprocess.Popen[bytes], Simulator]:
    """Start a simulated cloud that goes on until it is stopped; one that `stays` outlives us.

    Raises:
        SimulatorError: it did not answer in time.
    """
    process, endpoint = _start(log, account, stays=stays)
    return process, Simulator(endpoint=endpoint, pid=process.pid, log=log)


def stop_simulator(process: subprocess.Popen[bytes]) -> None:
    """End it; stopping twice is stopping once."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tool_environment(
    name: str, *, endpoint: str | None = None, folder: Path, offline: bool = True
) -> dict[str, str]:
    """Return an environment for `terraform` or `tofu` that knows the mirrors and no account.

    A CLI configuration is written into `folder`. Without any mirror, or with `offline` false,
    providers come from their registry.
    """
    found = provider_mirrors(os.environ)
    mirrors = [tofu_mirror(one, os.environ) for one in found] if name == "tofu" else list(found)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_SECRET_PREFIXES)}
    configuration = write_cli_configuration(
        folder / f"{name}.rc", mirrors, direct=not (offline and mirrors)
    )
    return {
        **kept,
        "TF_CLI_CONFIG_FILE": str(configuration),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        **(aws_environment(endpoint) if endpoint else {}),
    }


def run_tool(
    executable: Path, directory: Path, *arguments: str, environment: Mapping[str, str]
) -> str:
    """Run `executable ARGUMENTS...` in `directory`; return its standard output.

    Raises:
        ToolError: it failed or took too long.
    """
    command = f"{executable.name} {' '.join(arguments)}"
    try:
        result = subprocess.run(
            [str(executable), *arguments],
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=_TOOL_LIMIT_S,
        )
    except subprocess.TimeoutExpired as error:
        message = f"{command} took longer than {_TOOL_LIMIT_S:.0f} s in {directory}"
        raise ToolError(message) from error
    if result.returncode != 0:
        message = f"{command} ended {result.returncode}:\n{result.stdout}\n{result.stderr}"
        raise ToolError(message)
    return result.stdout


def initialise(
    executable: Path, directory: Path, *, environment: Mapping[str, str], hashes: bool = False
) -> None:
    """Leave `directory` initialised: backend, modules, providers, lock file.

    Without `hashes` the lock file names versions alone. With them, each command of the tool
    reads the 707 MB of the AWS provider again: 0.55 s of processor time of the 2.4 s of a plan.
    """
    run_tool(executable, directory, "init", "-no-color", environment=environment)
    lock = directory / ".terraform.lock.hcl"
    if lock.exists() and not hashes:
        lock.write_text(_LOCKED_HASHES.sub("", lock.read_text()))


def apply(executable: Path, directory: Path, *options: str, environment: Mapping[str, str]) -> None:
    """Leave `directory` initialised and deployed as its code says."""
    initialise(executable, directory, environment=environment)
    arguments = ("apply", "-auto-approve", "-no-color", *options)
    run_tool(executable, directory, *arguments, environment=environment)


def copy_stack(source: Path, target: Path) -> Path:
    """Copy a stack's code, without what a tool left in it; return `target`."""
    ignored = shutil.ignore_patterns(".terraform", "*.tfstate", "*.tfstate.*")
    shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    return target


def _start(log: Path, account: str | None, *, stays: bool) -> tuple[subprocess.Popen[bytes], str]:
    """Start on a free port; another program may take that port first, so try again."""
    for attempt in range(1, _ATTEMPTS + 1):
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, str(_SERVER), "-H", "127.0.0.1", "-p", str(port)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=stays,
                env={
                    **os.environ,
                    "PYTHONWARNINGS": "ignore",
                    **({"MOTO_ACCOUNT_ID": account} if account else {}),
                },
            )
        endpoint = f"http://127.0.0.1:{port}"
        if _answers(process, endpoint):
            return process, endpoint
        stop_simulator(process)
        if attempt == _ATTEMPTS:
            break
    message = f"the simulator did not answer:\n{log.read_text(errors='replace')[-2000:]}"
    raise SimulatorError(message)


def _answers(process: subprocess.Popen[bytes], endpoint: str) -> bool:
    """Wait until it answers; False when it ended or the time is over.

    What answers may be another's simulator that took the port first, while ours still starts.
    """
    limit = time.monotonic() + _START_LIMIT_S
    while process.poll() is None and time.monotonic() < limit:
        try:
            with urllib.request.urlopen(f"{endpoint}/moto-api/data.json", timeout=_START_LIMIT_S):
                if _listens(process.pid, urlsplit(endpoint).port):
                    return True
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.1)
    return False


def _listens(pid: int, port: int | None) -> bool:
    try:
        there = psutil.Process(pid).net_connections(kind="tcp4")
    except psutil.Error:
        return False
    return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in there)
