"""The agent as it is installed: one file, units, the standard library, any Python from 3.9."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path

import pytest

from agent.identity import Identity, keep_identity


def test_the_agent_loads_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import agent.cli\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(names - set(sys.stdlib_module_names) - {'agent'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"


def oldest_python() -> str:
    """Return the oldest interpreter at hand of those that the agent promises to run under."""
    installed = Path.home() / ".pyenv/versions"
    for minor in range(9, sys.version_info.minor):
        named = f"python3.{minor}"
        places = [
            shutil.which(named),
            *sorted(map(str, installed.glob(f"3.{minor}.*/bin/{named}"))),
        ]
        for place in filter(None, places):
            if subprocess.run([place, "-c", ""], check=False, capture_output=True).returncode == 0:
                return place
    return sys.executable


def test_it_captures_under_the_oldest_python_at_hand(tmp_path: Path) -> None:
    python = oldest_python()
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/motd").write_text("welcome")
    identity = Identity("http://127.0.0.1:1", "a", "web-1", "00" * 32, 1, "a" * 32, "00" * 32,
                        root=str(tmp_path / "root"))  # fmt: skip
    keep_identity(tmp_path, identity)
    said = {}
    for command in (["once"], ["explain", "/etc/motd"]):
        done = subprocess.run(
            [python, "-m", "agent", *command, f"--state={tmp_path}"],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        said[command[0]] = done.stdout + done.stderr
    print(f"captured under {python}")
    assert "does not answer" in said["once"]
    assert f"sha256 = {hashlib.sha256(b'welcome').hexdigest()}" in said["explain"]


def test_its_code_is_that_of_the_oldest_python_it_promises() -> None:
    import ast  # noqa: PLC0415

    for file in (Path(__file__).parents[3] / "agent").rglob("*.py"):
        ast.parse(file.read_text(), feature_version=(3, 9))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_understands_its_units(tmp_path: Path) -> None:
    units = []
    for unit in (Path(__file__).parents[3] / "agent/packaging").glob("trueup-agent*"):
        text = unit.read_text().replace("/usr/local/bin/trueup-agent", shutil.which("true") or "")
        (tmp_path / unit.name).write_text(text)
        units.append(tmp_path / unit.name)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (len(units), done.returncode, done.stdout + done.stderr) == (3, 0, "")


def test_one_file_waits_and_reports_as_the_package_does(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    archive = tmp_path / "trueup-agent"
    source = tmp_path / "source"
    shutil.copytree(root / "agent", source / "agent", ignore=shutil.ignore_patterns("*.pyc"))
    (source / "__main__.py").write_text("import agent.cli, sys\nsys.exit(agent.cli.main())\n")
    zipapp.create_archive(source, archive)
    code = "from agent.running import own_code; print(own_code())"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(archive)!r}); {code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == str([str(archive)])
    enrolled = subprocess.run(
        [sys.executable, archive, "run", f"--state={tmp_path}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (enrolled.returncode, "is not enrolled" in enrolled.stderr) == (1, True)
