"""A daemon that is started again beside the wrong cloud: no effect there, and one clear word.

Each place is looked at with `auto_correct` for everything, every ten seconds.
"""

from __future__ import annotations

import http.server
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3

from iac_adapters.terraform.executable import locate
from tests.daemon import UNLIMITED, Daemon, serving
from tests.ports import free_port
from tests.simulator import aws_environment, running_simulator
from tests.worlds.deploy import Deployed, deploy

_SETTINGS: Final = (
    """
[daemon]
listen = "127.0.0.1:{port}"
data_dir = "data"
confirm_after = "1s"

[[stack]]
name = "shop"
directory = "{directory}"
interval = "10s"
env_file = "shop.env"

[[policy]]
name = "put back"
match = {{stack = "shop"}}
action_type = "auto_correct"
"""
    + UNLIMITED
)
_REGIONS: Final = ("us-east-1", "eu-west-1")


@contextmanager
def _other_account(_right: Deployed) -> Iterator[Mapping[str, str]]:
    with running_simulator(account="999999999999") as cloud:
        yield {**aws_environment(cloud.endpoint), "AWS_ACCESS_KEY_ID": "another"}


@contextmanager
def _other_region(right: Deployed) -> Iterator[Mapping[str, str]]:
    code = right.directory / "provider.tf"
    written = code.read_text()
    code.write_text(written.replace(_REGIONS[0], _REGIONS[1]))
    try:
        yield aws_environment(right.simulator_endpoint)
    finally:
        code.write_text(written)


@contextmanager
def _empty(_right: Deployed) -> Iterator[Mapping[str, str]]:
    with running_simulator() as cloud:
        yield aws_environment(cloud.endpoint)


@contextmanager
def _garbage(_right: Deployed) -> Iterator[Mapping[str, str]]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Html)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield aws_environment(f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        thread.join()


class _Html(http.server.BaseHTTPRequestHandler):
    """A proxy that answers its own page to everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", "0")))
        page = b"<html><body>Please sign in to the network.</body></html>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_GET = do_POST  # noqa: N815 - the names the base class looks for
    do_PUT = do_POST  # noqa: N815
    do_HEAD = do_POST  # noqa: N815

    def log_message(self, *_arguments: Any) -> None:
        return


PLACES: Final[dict[str, Callable[[Deployed], AbstractContextManager[Mapping[str, str]]]]] = {
    "account": _other_account,
    "region": _other_region,
    "empty": _empty,
    "garbage": _garbage,
}


@dataclass(frozen=True, slots=True)
class Watched:
    """A deployed stack, and a folder where daemons come and go."""

    deployed: Deployed
    folder: Path
    port: int

    def serving(self, variables: Mapping[str, str]) -> AbstractContextManager[Daemon]:
        """Start a daemon whose env_file points the provider at a cloud."""
        own = {k: v for k, v in self.deployed.environment.items() if k.startswith("TF_")}
        (self.folder / "shop.env").write_text(
            "".join(f"{name}={value}\n" for name, value in {**own, **variables}.items())
        )
        settings = self.folder / "trueup.toml"
        settings.write_text(_SETTINGS.format(port=self.port, directory=self.deployed.directory))
        return serving(
            settings,
            data_dir=self.folder / "data",
            environment={**os.environ, "XDG_STATE_HOME": str(self.folder / "state")},
            directory=self.folder,
        )


def stay_in(place: str, folder: Path, *, minutes: float) -> int:
    """Watch a deployed stack through `place` for so long; 0 when nothing was done there."""
    tool = locate("terraform", os.environ)
    assert tool is not None, "terraform is missing"
    with running_simulator() as cloud:
        deployed = deploy("small5", folder, simulator_endpoint=cloud.endpoint, executable=tool.path)
        watched = Watched(deployed, folder, free_port())
        with watched.serving(aws_environment(cloud.endpoint)) as daemon:
            daemon.until("a complete scan", lambda: _shop(daemon)["verified_at"])
        there = objects(cloud.endpoint)
        with PLACES[place](deployed) as variables:
            endpoint = variables["AWS_ENDPOINT_URL"]
            elsewhere = {} if place == "garbage" else objects(endpoint)
            with watched.serving(variables) as daemon:
                broken = _watch(daemon, minutes)
            if place != "garbage" and objects(endpoint) != elsewhere:
                broken.append("something was changed in the wrong place")
        if objects(cloud.endpoint) != there:
            broken.append("something was changed in the right place")
        if not broken:
            with watched.serving(aws_environment(cloud.endpoint)) as daemon:
                daemon.ask("/stacks/shop/scan", {})
                daemon.until("the right place again", lambda: _shop(daemon)["health"] == "in_sync")
    print(f"{place}: broken: {broken or 'none'}", flush=True)
    return 1 if broken else 0


def _watch(daemon: Daemon, minutes: float) -> list[str]:
    said: list[str] = []
    stack = _shop(daemon)
    limit = time.monotonic() + minutes * 60
    while time.monotonic() < limit:
        stack = _shop(daemon)
        runs = daemon.ask("/runs")["items"]
        held = [
            one["hold"]["reason"] if one["hold"] else one["state"]
            for one in daemon.ask("/remediations")["items"]
        ]
        word = f"{stack['health']}: {stack['error']} {stack['provider_doubts']} {held}"
        if word not in said:
            said.append(word)
            print(f"  {word}", flush=True)
        if runs:
            return [f"a run began: {runs[0]}"]
        time.sleep(1.0)
    told = stack["provider_doubts"] or stack["error"]
    return [] if told else [f"nothing is said of it: {stack}"]


def objects(endpoint: str) -> dict[str, list[str]]:
    """Return the names of what the stack's types hold at a cloud, by region and service."""
    found: dict[str, list[str]] = {}
    for region in _REGIONS:
        client = _client(endpoint, region)
        found[f"{region} sqs"] = client("sqs").list_queues().get("QueueUrls", [])
        topics = client("sns").list_topics()["Topics"]
        found[f"{region} sns"] = [topic["TopicArn"] for topic in topics]
        found[f"{region} dynamodb"] = client("dynamodb").list_tables()["TableNames"]
        found[f"{region} ssm"] = [
            parameter["Name"] for parameter in client("ssm").describe_parameters()["Parameters"]
        ]
        groups = client("ec2").describe_security_groups()["SecurityGroups"]
        found[f"{region} groups"] = [str(group["GroupName"]) for group in groups]
    return found


def _client(endpoint: str, region: str) -> Callable[[str], Any]:
    def of(service: str) -> Any:
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    return of


def _shop(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = daemon.ask("/stacks/shop")
    return found
