"""A machine of a test's own, on which `toolchain/build.py` finds what the test puts there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.patience import PATIENCE_S

ROOT = Path(__file__).parents[2]

# Stands for `go`: notes what it was asked to build, and "builds" a program that says its version.
_GO = """#!/bin/sh
if [ "$1" = mod ]; then
  printf '{"Dir": "%s"}\\n' "$HOME/sdk"
  exit 0
fi
while [ "$1" != -o ]; do shift; done
echo "$3" >> "$HOME/calls"
case "$3" in
  *opentofu*) says="echo OpenTofu v$TOFU" ;;
  *terraform-bridge*) says="echo v$BRIDGE" ;;
  *pulumi-yaml*) says=: ;;
  *) says="echo v$PULUMI" ;;
esac
printf '#!/bin/sh\\n%s\\n' "${SAYS:-$says}" > "$2"
/bin/chmod +x "$2"
exit "${CODE:-0}"
"""
_SDK = {
    "python/cmd/pulumi-language-python-exec": "runs a program",
    "python/dist/pulumi-resource-pulumi-python": "runs dynamic providers",
}


def pinned(module: str, requirement: str) -> str:
    text = (ROOT / "toolchain" / module / "go.mod").read_text()
    found = re.search(rf"^\s+{re.escape(requirement)} v(\S+)", text, re.MULTILINE)
    assert found is not None
    return found.group(1)


TOFU = pinned("tofu", "github.com/opentofu/opentofu")
PULUMI = pinned("pulumi", "github.com/pulumi/pulumi/pkg/v3")
BRIDGE = pinned("bridge", "github.com/pulumi/pulumi-terraform-bridge/v3")


@dataclass
class Machine:
    """Nothing is on its PATH but `home/bin`, and nothing in it is the user's own."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    python: tuple[str, ...] = ()
    """Options of the interpreter that runs it."""

    def __post_init__(self) -> None:
        (self.home / "bin").mkdir(parents=True)
        self.environment = {
            "PATH": str(self.home / "bin"),
            "HOME": str(self.home),
            "TRUEUP_NO_DOWNLOAD": "1",
            "TOFU": TOFU,
            "PULUMI": PULUMI,
            "BRIDGE": BRIDGE,
        }

    @property
    def toolchain(self) -> Path:
        return self.home / ".cache" / "trueup" / "toolchain"

    @property
    def pulumi(self) -> Path:
        return self.toolchain / f"pulumi-{PULUMI}"

    def add(self, name: str, text: str = "#!/bin/sh\n", *, folder: Path | None = None) -> Path:
        path = (folder or self.home / "bin") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def add_go(self) -> None:
        self.add("go", _GO)
        for name, text in _SDK.items():
            (self.home / "sdk" / name).parent.mkdir(parents=True, exist_ok=True)
            (self.home / "sdk" / name).write_text(text)

    def start(self, *arguments: str, **change: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *self.python, str(ROOT / "toolchain" / "build.py"), *arguments],
            env={**self.environment, **change},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def set_up(self, *arguments: str, **change: str) -> tuple[str, str]:
        process = self.start(*arguments, **change)
        out, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        return out, err

    def built(self) -> list[str]:
        """Return the packages `go build` was asked for, in order."""
        file = self.home / "calls"
        return file.read_text().splitlines() if file.exists() else []

    def cached(self) -> list[str]:
        """Return every program in the cache, half-made ones too."""
        files = (path for path in self.toolchain.rglob("*") if path.is_file())
        return sorted(path.name for path in files if os.access(path, os.X_OK))
