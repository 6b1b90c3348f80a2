"""The tool itself: makes the things of a saved plan live, and says each."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(plan: Path) -> None:
    wanted = json.loads(plan.read_text())
    cloud = Path(wanted["cloud"])
    content = json.loads(cloud.read_text())
    for name, values in wanted["things"].items():
        content["things"][name] = values
        print(f"set {name}")
    partial = cloud.with_suffix(".partial")
    partial.write_text(json.dumps(content))
    partial.replace(cloud)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
