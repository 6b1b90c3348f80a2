"""What a daemon with `auto_correct` for everything writes: what was recorded, and nothing else.

Each stack is one way in which code, world or provider moved (rows T1, T2, T3, D5, D6, D9, V7), all
beside one daemon; the cloud's file says what was written.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.terraform.executable import Executable
from tests.daemon import UNLIMITED, Daemon, RefusedError
from tests.e2e.lone_daemon import LoneDaemon, look_at
from tests.makers import MakersStack
from tests.providers.world_provider import World
from tests.whole_files import write_whole
from tests.world_stack import WorldStack, copied

NAMES = ("one", "two", "three", "four")
WEST = 'region = "west"'
DEV = 'default_tags = { env = "dev" }'
AUTO = (
    """
[[policy]]
name = "look at one of them"
match = {stack = "healed"}
action_type = "manual_review"

[[policy]]
name = "put everything back"
match = {}
action_type = "auto_correct"
"""
    + UNLIMITED
)
FILE = 'resource "local_file" "a" {\n  filename = "${path.module}/a.txt"\n  content = "one"\n}\n'


def _code(*, label: str = "as applied", provider: str = "", region: str = WEST) -> tuple[str, str]:
    things = "".join(
        f'resource "world_thing" "{name}" {{\n  name = "{name}"\n'
        f'  labels = {{ team = "{label}" }}\n}}\n'
        for name in NAMES
    )
    return things, f'provider "world" {{\n  world = "%s"\n  {region}\n  {provider or DEV}\n}}\n'


@dataclass(slots=True)
class Moved:
    """One stack, and what is done to it after it was applied and scanned."""

    name: str
    stack: WorldStack
    env_file: Path
    restored: frozenset[str] = frozenset()
    before: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def west(self) -> World:
        return World(Path(f"{self.stack.cloud}.west"))

    def write(self, **edited: str) -> None:
        things, provider = _code(**edited)
        self.stack.write(things, provider=provider % self.stack.cloud)

    def write_environment(self, **variables: str) -> None:
        told = {"TF_CLI_CONFIG_FILE": str(self.stack.rc_file), **variables}
        write_whole(self.env_file, "".join(f"{name}={text}\n" for name, text in told.items()))

    def hack(self, name: str, *, team: str = "hacked") -> None:
        with self.west.changed() as content:
            one = next(one for one in content["objects"].values() if one["name"] == name)
            one["labels"] = {"team": team}

    def delete(self, *names: str) -> None:
        with self.west.changed() as content:
            kept = {k: v for k, v in content["objects"].items() if v["name"] not in names}
            content["objects"] = kept

    def world(self) -> dict[tuple[str, str], Any]:
        """Return the labels and tags of every object there is, by region and name."""
        return {
            (region, one["name"]): (one["labels"], one["tags_all"])
            for region in ("", ".west", ".east")
            for one in World(Path(f"{self.stack.cloud}{region}")).read()["objects"].values()
        }


def _drifted(it: Moved) -> None:
    it.hack("one")


def _deleted(it: Moved) -> None:
    it.delete("one")


def _tags_edited(it: Moved) -> None:
    it.write(provider='default_tags = { env = "prod" }')


def _deleted_and_edited(it: Moved) -> None:
    it.write(label="never applied")
    it.delete("one")


def _region_edited(it: Moved) -> None:
    it.write(region='region = "east"')


def _region_edited_and_deleted(it: Moved) -> None:
    it.write(region='region = "east"')
    it.delete("one")


def _emptied(it: Moved) -> None:
    it.delete(*NAMES)


def _led_elsewhere(it: Moved) -> None:
    it.write_environment(WORLD_REGION="east")


def _refused(it: Moved) -> None:
    with it.west.changed() as content:
        content["applying"] = {"one": "ValidationError: not today"}
    it.hack("one")


# The stack, what is done to it, and which objects are put back unasked.
CASES: tuple[tuple[str, Callable[[Moved], None], tuple[str, ...]], ...] = (
    ("drifted", _drifted, ("one",)),
    ("deleted", _deleted, ("one",)),
    ("tags-edited", _tags_edited, ()),
    ("deleted-and-edited", _deleted_and_edited, ()),
    ("region-edited", _region_edited, ()),
    ("region-edited-and-deleted", _region_edited_and_deleted, ()),
    ("emptied", _emptied, ()),
    ("led-elsewhere", _led_elsewhere, ()),
    ("refused", _refused, ()),
    ("healed", _drifted, ()),
)


@pytest.fixture
def moved(applied: WorldStack, terraform: Executable, tmp_path: Path) -> dict[str, Moved]:
    """The stacks of `CASES`, each applied with a region and default tags."""
    base = _laid(applied, terraform, tmp_path, "base", ())
    base.write()
    base.stack.state.unlink()
    base.stack.apply()
    return {
        name: _laid(base.stack, terraform, tmp_path, name, restored) for name, _, restored in CASES
    }


def _laid(
    template: WorldStack, terraform: Executable, folder: Path, name: str, restored: Sequence[str]
) -> Moved:
    """Return a copy of `template` with a state and a world of its own."""
    own = folder / name
    own.mkdir()
    stack = copied(template.directory.parent, own, terraform)
    # What is remembered of a stack goes by the lineage of its state.
    state = json.loads(stack.state.read_text())
    stack.state.write_text(json.dumps({**state, "lineage": name}))
    if (west := Path(f"{template.cloud}.west")).exists():
        shutil.copy(west, f"{stack.cloud}.west")
    it = Moved(name, stack, folder / f"{name}.env", frozenset(restored))
    by_variable = name == "led-elsewhere"
    it.write_environment(**({"WORLD_REGION": "west"} if by_variable else {}))
    it.write(region="" if by_variable else WEST)
    it.before = it.world()
    return it


@pytest.fixture
def file_stack(makers: Path, terraform: Executable, tmp_path: Path) -> MakersStack:
    folder = tmp_path / "file"
    stack = MakersStack.made(folder, mirror=makers, terraform=terraform.path, code=FILE)
    stack.apply()
    return stack


def _settings(lone: LoneDaemon, moved: Mapping[str, Moved], file_stack: MakersStack) -> None:
    told = {
        **{name: (it.stack.directory, it.env_file) for name, it in moved.items()},
        "file": (file_stack.directory, lone.folder / "file.env"),
    }
    (lone.folder / "file.env").write_text(
        "".join(f"{name}={text}\n" for name, text in file_stack.environment.items())
    )
    sections = "".join(
        f'[[stack]]\nname = "{name}"\ndirectory = "{directory}"\ninterval = "10s"\n'
        f'env_file = "{env_file}"\n'
        for name, (directory, env_file) in told.items()
    )
    lone.settings({}, daemon='confirm_after = "1s"', more=sections + AUTO)


def _approved_after_it_was_healed(daemon: Daemon, it: Moved) -> dict[str, Any]:
    """Approve the correction of a drift that somebody has just put right by hand."""

    def remediation(*states: str) -> dict[str, Any] | None:
        items: list[dict[str, Any]] = daemon.ask("/remediations?limit=100")["items"]
        return next((r for r in items if r["stack"] == it.name and r["state"] in states), None)

    waiting = daemon.until("a plan to approve", lambda: remediation("awaiting_approval"))
    it.hack("one", team="as applied")
    digest = {"plan_digest": waiting["plan_digest"]}
    with contextlib.suppress(RefusedError):  # a scan may have settled it already
        daemon.ask(f"/remediations/{waiting['id']}/approve", digest)
    return daemon.until("its end", lambda: remediation("converged"))


def _failed_runs(daemon: Daemon, stack: str) -> list[dict[str, Any]]:
    runs = daemon.ask("/runs?limit=100")["items"]
    return [run for run in runs if (run["stack"], run["state"]) == (stack, "failed")]


def test_only_what_was_recorded_is_written_unasked(
    lone: LoneDaemon, moved: dict[str, Moved], file_stack: MakersStack
) -> None:
    """Rows T1, T2, T3, T20 and V7: nothing but the record is put back unasked."""
    _settings(lone, moved, file_stack)
    file = file_stack.directory / "a.txt"
    mode = file.stat().st_mode
    with lone.serving() as daemon:
        for name in (*moved, "file"):
            daemon.until(name, lambda name=name: look_at(daemon, name)["health"] == "in_sync")  # type: ignore[misc]
        for name, move, _ in CASES:
            move(moved[name])
        file.unlink()
        after_the_move = {name: it.world() for name, it in moved.items()}
        waiting = {name: it for name, it in moved.items() if not it.restored}
        daemon.scan(*moved, "file")
        daemon.until("the file", file.exists)
        for it in moved.values():
            if it.restored:
                daemon.until(it.name, lambda it=it: it.world() == it.before)  # type: ignore[misc]
        settled = _approved_after_it_was_healed(daemon, moved["healed"])
        after_the_move["healed"] = moved["healed"].before
        daemon.until("the correction that is refused", lambda: _failed_runs(daemon, "refused"))
        for _ in range(2):
            daemon.scan(*waiting)
        (refused,) = daemon.ask("/findings?filter=stack:refused")["items"]
        doubts = {name: look_at(daemon, name)["provider_doubts"] for name in waiting}

    for name, it in waiting.items():
        assert it.world() == after_the_move[name], name
    assert file.stat().st_mode == mode
    assert (settled["state"], settled["run_id"]) == ("converged", None)
    # A correction that failed leaves the drift what it was.
    assert refused["origin"] == "out_of_band"
    (emptied,) = {doubt["reason"] for doubt in doubts["emptied"] if "probably" in doubt["reason"]}
    assert "another account, region or endpoint" in emptied
    assert any('WORLD_REGION is "east"' in doubt["reason"] for doubt in doubts["led-elsewhere"])
