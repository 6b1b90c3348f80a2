"""A tool that trueup has never heard of, registered by its entry point and by nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.daemon import UNLIMITED, RefusedError
from tests.e2e.command import Trueup
from tests.e2e.lone_daemon import LoneDaemon, look_at
from tests.strangers.worlds import DECLARED, DRIFT, JsonWorld, install_worlds

AUTO: Final = '[[policy]]\nname = "all"\naction_type = "auto_correct"\n' + UNLIMITED
QUICK: Final = 'confirm_after = "1s"'


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(install_worlds(tmp_path / "site"))}


def test_a_third_tool_is_detected_scanned_and_given_its_options(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    trueup = Trueup({**environment, "XDG_DATA_HOME": str(tmp_path / "data")})
    world = JsonWorld.made(tmp_path / "shop")
    assert trueup.run("scan", world.directory).code == 0

    world.put(DRIFT)
    ended = trueup.run("scan", world.directory, "--json")
    assert ended.code == 2, ended.everything
    (stack,) = ended.json["stacks"]
    assert stack["tool"] == "world"
    assert [one["address"] for one in stack["findings"]] == ["thing.web-1"]
    assert trueup.run("scan", world.directory, "--option", "only=db-").code == 0

    refused = trueup.run("scan", world.directory, "--workspace", "blue")
    assert refused.code == 1
    assert "`--workspace` is an option of terraform stacks" in refused.err


def test_a_third_tools_stacks_are_found_by_init(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    trueup = Trueup(environment)
    JsonWorld.made(tmp_path / "infra" / "shop")
    assert trueup.run("init", tmp_path / "infra").code == 0
    written = (tmp_path / "infra" / "trueup.toml").read_text()
    assert 'directory = "shop"' in written
    assert '# only = "web-"' in written


@pytest.mark.slow
def test_a_third_tools_stack_is_watched_and_corrected(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    lone = LoneDaemon(tmp_path, tmp_path / "caches", extra=environment)
    world = JsonWorld.made(tmp_path / "shop")
    other = JsonWorld.made(tmp_path / "other")
    lone.settings({"shop": 'interval = "10s"\nonly = "web-"'}, daemon=QUICK, more=AUTO)
    with lone.serving() as daemon:
        daemon.until("the first scan", lambda: look_at(daemon, "shop")["health"] == "in_sync")
        # What the options leave out is not touched; the rest is put right.
        broken = {"web-1": {"size": 9}, "db-1": {"size": 9}}
        world.put(broken)
        daemon.ask("/stacks/shop/scan", {})
        daemon.until("the correction", lambda: world.things == {**DECLARED, "db-1": {"size": 9}})

        kept = daemon.ask("/stacks", {"directory": str(other.directory), "only": "db-"})
        assert kept["tool"] == "world"
        assert kept["definition"]["only"] == "db-"
        with pytest.raises(RefusedError) as refused:
            daemon.ask("/stacks", {"directory": str(world.directory), "pulumi_stack": "dev"})
        assert refused.value.status == 422
        assert "is a key of pulumi stacks" in refused.value.problem["detail"]
