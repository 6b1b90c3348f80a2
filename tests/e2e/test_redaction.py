"""Secrets are planted wherever a stack can hold one, and errors provoked that repeat them.

No database, log, event, answer, cache, run folder or command line has one of them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from iac_adapters.terraform.executable import Executable
from tests.daemon import Daemon, RefusedError, serving
from tests.e2e.canaries import Canaries, CommandLines, files_below
from tests.e2e.command import Trueup
from tests.e2e.planted_secrets import ARRANGE, Fleet, raising
from tests.patience import PATIENCE_S
from tests.world_stack import WorldStack
from tests.worlds.pulumi.tools import PulumiTools

pytestmark = pytest.mark.cold
_LISTS: Final = (
    "/stacks", "/findings?filter=state%3Aopen", "/findings", "/templates?limit=500",
    "/drift/reports?limit=500", "/remediations", "/runs", "/audit?limit=500", "/policies",
    "/hold", "/tokens",
)  # fmt: skip


@pytest.fixture
def fleet(applied: WorldStack, terraform: Executable, tmp_path: Path) -> Fleet:
    made = Fleet(applied, terraform, tmp_path)
    for arrange in ARRANGE:
        arrange(made)
    return made


def test_no_secret_of_any_kind_leaves_a_stack_in_any_form(fleet: Fleet, caches: Path) -> None:
    environment = {**fleet.template.environment, **fleet.environment}
    scanned = ("syntax", "provider-refused", "unapplied", "foreign-file")
    heard = _served(fleet, caches, environment, wait=_until_applied, scanned=scanned)
    assert not (leaks := _leaks(fleet.canaries, heard)), leaks
    _make_sure_that_it_happened(heard)
    assert len(fleet.canaries.values) >= 60


def test_no_secret_of_a_pulumi_stack_leaves_it_in_any_form(
    pulumi: PulumiTools, applied: WorldStack, terraform: Executable, caches: Path, tmp_path: Path
) -> None:
    fleet = Fleet(applied, terraform, tmp_path)
    raising(fleet, pulumi)
    heard = _served(fleet, caches, {}, scanned=("raising",))
    assert not (leaks := _leaks(fleet.canaries, heard)), leaks
    told = json.loads(heard["/stacks/raising"])["error"]
    assert "ValueError: bad [secret], ***" in told
    assert b"Pulumi.yaml:" in heard["/stacks/yaml"]


def _served(
    fleet: Fleet,
    caches: Path,
    variables: Mapping[str, str],
    *,
    wait: Callable[[Daemon], object] = lambda _daemon: None,
    scanned: Sequence[str] = (),
) -> dict[str, bytes]:
    """Serve the fleet until each stack was looked at; return all that was said and left."""
    places = {name: fleet.folder / name for name in ("state-home", "data")}
    # A provider's socket lies there, and an address of more than 107 bytes is refused: no run
    # would come as far as the errors.
    places["tmp"] = Path(tempfile.mkdtemp(dir=fleet.folder.parent))
    own_cache = fleet.folder / "cache-home"
    shutil.copytree(caches, own_cache, symlinks=True)
    environment = {
        **os.environ,
        **variables,
        "XDG_CACHE_HOME": str(own_cache),
        "XDG_STATE_HOME": str(places["state-home"]),
        "TMPDIR": str(places["tmp"]),
    }
    command, settings = Trueup(environment), fleet.settings()
    with (
        CommandLines() as lines,
        serving(settings, data_dir=places["data"], environment=environment,
                directory=fleet.folder) as daemon,
    ):  # fmt: skip
        daemon.until("a scan of every stack", lambda: _looked_at(daemon))
        wait(daemon)
        heard = dict(_answers(daemon, fleet))
        for name in scanned:
            ended = command.run("--config", settings, "scan", name, "--json")
            heard[f"trueup scan {name}"] = ended.everything.encode()
    heard["the daemon's stderr"] = "\n".join(daemon.lines).encode()
    heard["command lines"] = "\n".join(lines.seen).encode()
    for file in files_below(*places.values(), own_cache):
        heard[str(file)] = file.read_bytes()
    return heard


def _leaks(canaries: Canaries, heard: Mapping[str, bytes]) -> str:
    found = (leak for where, data in heard.items() for leak in canaries.found_in(where, data))
    return "\n".join(found)


def _looked_at(daemon: Daemon) -> bool:
    return all(one["last_scan_at"] for one in daemon.ask("/stacks?limit=100")["items"])


def _until_applied(daemon: Daemon) -> None:
    for name in ("failing0", "failing1"):
        daemon.until(f"a run of {name}", lambda name=name: _ended_run(daemon, name))  # type: ignore[misc]


def _ended_run(daemon: Daemon, stack: str) -> list[dict[str, Any]]:
    """Return the runs of `stack` that are over; a plan with a provisioner waits for our yes."""
    for one in daemon.ask("/remediations?state=awaiting_approval")["items"]:
        # It may have another plan by now, and is approved with that the next time.
        with suppress(RefusedError):
            if one["stack"] == stack:
                body = {"plan_digest": one["plan_digest"]}
                daemon.ask(f"/remediations/{one['id']}/approve", body)
    return [run for run in daemon.ask(f"/runs?stack={stack}")["items"] if run["ended_at"]]


def _answers(daemon: Daemon, fleet: Fleet) -> Iterator[tuple[str, bytes]]:
    listed = {path: daemon.ask(path) for path in _LISTS}
    yield from ((path, json.dumps(answer).encode()) for path, answer in listed.items())
    for run in listed["/runs"]["items"]:
        for path in (f"/runs/{run['id']}", f"/runs/{run['id']}/log"):
            yield path, json.dumps(daemon.ask(path)).encode()
    for name in fleet.listed:
        yield f"/stacks/{name}", json.dumps(daemon.ask(f"/stacks/{name}")).encode()
        yield f"plan of {name}", _refusal(daemon, f"/stacks/{name}/plan")
    foreign = {
        "directory": str(fleet.folder / "reading"),
        "name": "x",
        "var_files": ["/etc/shadow"],
    }
    yield "registering", _refusal(daemon, "/stacks", foreign)
    yield "/events", _events(daemon)
    request = urllib.request.Request(f"{daemon.address}/metrics", headers=_authorized(daemon))
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
        yield "/metrics", answer.read()


def _authorized(daemon: Daemon) -> dict[str, str]:
    return {"Authorization": f"Bearer {daemon.token_file.read_text().strip()}"}


def _refusal(daemon: Daemon, path: str, body: object = None) -> bytes:
    try:
        return json.dumps(daemon.ask(path, body or {}, method="POST")).encode()
    except RefusedError as error:
        return json.dumps(error.problem).encode()


def _events(daemon: Daemon) -> bytes:
    """Return the live stream from its beginning to the event that is the newest by now."""
    greeting = _heard(daemon, {}, until=re.compile(rb"id: \d+\n\n"))
    newest = re.search(rb"id: \d+\n", greeting)
    assert newest is not None, greeting
    last = re.compile(newest[0] + rb"event: .*\ndata: .*\n\n")
    return _heard(daemon, {"Last-Event-ID": "0"}, until=last)


def _heard(daemon: Daemon, headers: Mapping[str, str], *, until: re.Pattern[bytes]) -> bytes:
    """Return what a live stream said up to `until`."""
    request = urllib.request.Request(
        f"{daemon.address}/api/v1/events", headers={**_authorized(daemon), **headers}
    )
    heard = b""
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as stream:
        while not until.search(heard):
            said = stream.read1(65536)
            assert said, f"the stream ended after {heard[-200:]!r}"
            heard += said
    return heard


def _make_sure_that_it_happened(heard: dict[str, bytes]) -> None:
    """Check that the errors were provoked: a search in silence finds nothing."""
    stacks = json.loads(heard["/stacks"])["items"]
    told = {stack["name"]: stack["error"] or "" for stack in stacks}
    well = {"reading", "failing0", "failing1", "unapplied"}
    assert {name for name, error in told.items() if not error} <= well, told
    assert "main.tf:" in told["syntax"]
    assert "bad token ***" in told["provider-refused"]
    assert b"Invalid" in heard["/stacks/foreign-file"] or b"not" in heard["/stacks/foreign-file"]
    assert b"***" in heard["/runs"]
    findings = heard["/findings"]
    assert b"unapplied" in findings
    assert findings.count(b"says") == 0
    assert b"run.ended" in heard["/events"]
    assert b"terraform" in heard["command lines"]
    assert sum(len(data) for name, data in heard.items() if "/data/" in name) > 100_000
