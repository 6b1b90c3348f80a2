"""A life that is killed at each of its points, one after the other, and what came of that."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def check_each_point(module: str, folder: Path, points: Sequence[str]) -> None:
    """Let `module` kill at each point; these are `points`, and none was followed by a wrong."""
    ended = subprocess.run(
        [sys.executable, "-m", module, str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    seen = [json.loads(line) for line in ended.stdout.splitlines()]
    print(ended.stdout)
    assert [one["point"] for one in seen] == list(points)
    alone = f"run it alone: python -m {module} {folder} POINT"
    assert [one for one in seen if not one["killed"] or one["wrong"]] == [], alone
