"""Stacks whose files block, are huge or may not be seen: each is an error, and the rest goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon import RefusedError
from tests.e2e.command import bound_by_permissions
from tests.e2e.lone_daemon import LoneDaemon, error_of, look_at


def _sparse(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(20 * 2**30)


def _pulumi_record(folder: Path) -> Path:
    """Make a Pulumi project whose record is a pipe."""
    (folder / "shop").mkdir()
    (folder / "shop" / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
    (folder / "shop.env").write_text(f"PULUMI_BACKEND_URL=file://{folder}/book\n")
    record = folder / "book" / ".pulumi" / "stacks" / "shop" / "dev.json"
    record.parent.mkdir(parents=True)
    os.mkfifo(record)
    return record


def _pulumi_projects(folder: Path) -> dict[str, Path]:
    """Make Pulumi projects of which one file is a pipe; return the pipes by stack."""
    pipes = {}
    for name, pipe in (("project", "Pulumi.yaml"), ("beside", "notes.json")):
        (folder / name).mkdir()
        (folder / name / "Pulumi.yaml").write_text(f"name: {name}\nruntime: yaml\n")
        pipes[name] = folder / name / pipe
        pipes[name].unlink(missing_ok=True)
        os.mkfifo(pipes[name])
    return pipes


def _read_by_code(file: Path) -> None:
    (file.parent / "reads.tf").write_text(f'locals {{\n  text = file("{file.name}")\n}}\n')
    os.mkfifo(file)


UNFIT: tuple[tuple[str, str, Callable[[Path], None]], ...] = (
    ("state", "terraform.tfstate", os.mkfifo),
    ("lock-file", ".terraform.lock.hcl", os.mkfifo),
    ("workspace", ".terraform/environment", os.mkfifo),
    ("code", "more.tf", os.mkfifo),
    ("modules", ".terraform/modules/modules.json", os.mkfifo),
    ("read-by-code", "text.txt", _read_by_code),
    ("variables", "huge.auto.tfvars.json", _sparse),
    ("env-file", "web.env", os.mkfifo),
    ("huge-env-file", "web.env", _sparse),
)


def test_a_file_that_blocks_or_is_huge_is_an_error_of_its_own_stack_alone(
    lone: LoneDaemon,
) -> None:
    stacks = {"well": ""}
    lone.stack("well")
    for name, file, make in UNFIT:
        path = lone.stack(name) / file
        path.parent.mkdir(parents=True, exist_ok=True)
        make(path)
        stacks[name] = f'env_file = "{path}"' if path.name == "web.env" else ""
    record = _pulumi_record(lone.folder)
    stacks["shop"] = f'pulumi_stack = "dev"\nenv_file = "{lone.folder / "shop.env"}"'
    pipes = _pulumi_projects(lone.folder)
    stacks |= dict.fromkeys(pipes, stacks["shop"])
    (lone.folder / "rc.env").write_text(f"TF_CLI_CONFIG_FILE={lone.folder / 'rc'}\n")
    os.mkfifo(lone.folder / "rc")
    lone.stack("tool-settings")
    stacks["tool-settings"] = f'env_file = "{lone.folder / "rc.env"}"'
    lone.settings(stacks)
    with lone.serving() as daemon:
        daemon.until("the well one", lambda: look_at(daemon, "well")["health"] == "in_sync")
        for name, file, _ in UNFIT:
            told = daemon.until(name, lambda name=name: error_of(daemon, name))  # type: ignore[misc]
            assert str(lone.folder / name / file) in told
            assert "not a regular file" in told or "larger than" in told
        told = daemon.until("the Pulumi stack", lambda: error_of(daemon, "shop"))
        assert str(record) in told or "no pulumi was found" in told
        told = daemon.until("the project", lambda: error_of(daemon, "project"))
        assert f"{pipes['project']}: is a named pipe" in told
        # Nothing of Pulumi reads this one; the search for secrets in an error does.
        daemon.until("the project beside it", lambda: error_of(daemon, "beside"))
        told = daemon.until("the tool's settings", lambda: error_of(daemon, "tool-settings"))
        assert f"{lone.folder / 'rc'}: is a named pipe" in told
        assert daemon.end() == 0


def _gone(directory: Path) -> None:
    shutil.rmtree(directory)


def _file_in_place(directory: Path) -> None:
    shutil.rmtree(directory)
    directory.write_text("")


def _loop(directory: Path) -> None:
    shutil.rmtree(directory)
    directory.symlink_to(directory)


def _closed(directory: Path) -> None:
    directory.chmod(0)


def _listed_only(directory: Path) -> None:
    directory.chmod(0o444)


SPOILT: tuple[tuple[str, Callable[[Path], None], str], ...] = (
    ("gone", _gone, "does not exist"),
    ("file", _file_in_place, "is not a directory"),
    ("loop", _loop, "leads back to itself"),
    ("closed", _closed, "the right to read it"),
    ("listed", _listed_only, "Permission denied"),
    ("closed/inner", lambda _: None, "the right to read it"),
)


@pytest.fixture
def spoilt(lone: LoneDaemon) -> Iterator[LoneDaemon]:
    """Stacks whose directories cannot be entered, and one that is well."""
    lone.stack("well")
    for name, _, _ in SPOILT:
        lone.stack(name)
    lone.settings({"well": "", **{name: "" for name, _, _ in SPOILT}})
    # A name holds no slash; the directory keeps it.
    text = lone.settings_file.read_text()
    lone.settings_file.write_text(text.replace('name = "closed/inner"', 'name = "inner"'))
    for name, spoil, _ in SPOILT:
        spoil(lone.folder / name)
    yield lone
    for name in ("closed", "listed"):
        (lone.folder / name).chmod(0o700)


def test_a_stack_directory_that_cannot_be_entered_is_an_error_of_its_own_stack(
    spoilt: LoneDaemon,
) -> None:
    with spoilt.serving(wrapper=bound_by_permissions()) as daemon:
        daemon.until("the well one", lambda: look_at(daemon, "well")["health"] == "in_sync")
        for name, _, words in SPOILT:
            stack = name.rpartition("/")[2]
            told = daemon.until(stack, lambda stack=stack: error_of(daemon, stack))  # type: ignore[misc]
            assert str(spoilt.folder / name) in told
            assert words in told
        inner = str(spoilt.folder / "closed" / "inner")
        with pytest.raises(RefusedError) as refused:
            daemon.ask("/stacks", {"directory": inner, "name": "another"})
        assert refused.value.status == 422
        assert inner in refused.value.problem["detail"]
        assert "the right to read it" in refused.value.problem["remedy"]
