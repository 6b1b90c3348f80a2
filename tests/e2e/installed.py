"""The wheel, installed into an environment that has what it declares and nothing else."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

ROOT: Final = Path(__file__).parents[2]
_NAME: Final = re.compile(r"[-_.]+")


def install_wheel(folder: Path) -> Path:
    """Build the wheel, install it into an environment below `folder`; return its `bin`.

    What the wheel declares is linked in, file by file, from the environment of the tests.
    """
    _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (wheel,) = folder.glob("*.whl")
    _run(sys.executable, "-m", "venv", "--without-pip", str(folder / "venv"))
    python = folder / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet")
    _run(*pip, "--no-deps", "--no-index", str(wheel))
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    (trueup,) = (one for one in distributions(path=[str(site)]) if one.name == "trueup")
    for needed in closure(trueup).values():
        _link(needed, site)
    return python.parent


def closure(root: Distribution) -> dict[str, Distribution]:
    """Return what `root` requires here, and what that requires in turn, without its extras."""
    found: dict[str, Distribution] = {}
    asked: set[tuple[str, str]] = set()
    waiting = [(line, "") for line in root.requires or ()]
    while waiting:
        line, extra = waiting.pop()
        needed = Requirement(line)
        if needed.marker is not None and not needed.marker.evaluate({"extra": extra}):
            continue
        name = _NAME.sub("-", needed.name).lower()
        for wanted in ("", *needed.extras):
            if (name, wanted) not in asked:
                asked.add((name, wanted))
                found[name] = distribution(name)
                waiting += [(require, wanted) for require in found[name].requires or ()]
    return found


def _link(needed: Distribution, site: Path) -> None:
    for file in needed.files or ():
        if ".." not in file.parts:  # a program, which belongs to no import
            target = site / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(Path(str(needed.locate_file(file))))


def _run(*argv: str, cwd: Path | None = None) -> None:
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
