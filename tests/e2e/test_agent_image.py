"""The agent's image, its Containerfile followed step by step without a builder of images.

The base image is stood in for by this machine's own Python; all else is as the Containerfile says:
the user, the read-only root, the host mounted read-only, and one folder that can be written.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import zipapp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.lone_daemon import LoneDaemon
from tests.e2e.reporting_host import RIGHT, SSHD, ReportingHost

ROOT: Final = Path(__file__).parents[2]
CONTAINERFILE: Final = ROOT / "agent/packaging/Containerfile"
# Run with a user namespace of its own: $1 the image's root, $2 the host, $3 the state, $4 the file
# that is copied, $5 its place; then the user, and what is run.
START: Final = """
set -eu
image=$1 host=$2 state=$3 file=$4 place=$5 user=$6; shift 6
mount --bind "$image" "$image"
mount --rbind /usr "$image/usr"
mount -t tmpfs none "$image/usr/local"
mkdir -p "$image$(dirname "$place")"
cp "$file" "$image$place"
mount -o remount,ro "$image/usr/local"
mount --rbind "$host" "$image/host"
mount -o remount,bind,ro "$image/host"
mount --bind "$state" "$image/state"
mount -o remount,bind,ro "$image"
exec unshare --user --map-user="$user" --map-group="$user" --root="$image" --wd=/ -- "$@"
"""


@dataclass(frozen=True, slots=True)
class Image:
    """What the Containerfile makes, with the host and the state folder mounted into it."""

    folder: Path
    steps: Mapping[str, str]
    host: Path

    @classmethod
    def built(cls, folder: Path, host: Path) -> Image:
        lines = [line.partition(" ") for line in CONTAINERFILE.read_text().splitlines()]
        image = cls(folder, {word: rest for word, _, rest in lines if word.isupper()}, host)
        for inside in ("usr", "tmp", "host", "state", "proc"):
            (image.root / inside).mkdir(parents=True)
        for name in ("bin", "lib", "lib64"):
            (image.root / name).symlink_to(f"usr/{name}")
        source = folder / "source"
        shutil.copytree(ROOT / "agent", source / "agent")
        main = "import sys\nfrom agent.cli import main\nsys.exit(main())\n"
        (source / "__main__.py").write_text(main)
        zipapp.create_archive(source, folder / "trueup-agent.pyz", compressed=True)
        (folder / "state").mkdir()
        return image

    @property
    def root(self) -> Path:
        return self.folder / "image"

    def started(
        self, *command: str, stdin: str = "", entry: Sequence[str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run the image with `command` in place of the one that it names."""
        run = json.loads(self.steps["ENTRYPOINT"]) if entry is None else entry
        place = self.steps["COPY"].split()[-1]
        around = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", START, "sh")
        mounted = (self.root, self.host, self.folder / "state", self.folder / "trueup-agent.pyz")
        environment = dict(word.split("=", 1) for word in shlex.split(self.steps["ENV"]))
        return subprocess.run(
            [*around, *map(str, mounted), place, self.steps["USER"], *run, *command],
            input=stdin,
            env={"PATH": "/usr/bin:/bin:/usr/sbin", **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture
def host(tmp_path: Path) -> ReportingHost:
    made = ReportingHost(tmp_path / "web-1")
    made.account()
    made.write(SSHD, RIGHT, mode=0o644)
    return made


@pytest.fixture
def image(tmp_path: Path, host: ReportingHost) -> Image:
    built = Image.built(tmp_path, host.root)
    tried = built.started("import sys; assert sys.version_info >= (3, 9)",
                          entry=("python3", "-c"))  # fmt: skip
    if tried.returncode:
        pytest.skip(f"no image can be run here: {tried.stderr.strip()[-200:]}")
    return built


def test_the_image_reports_the_host_that_is_mounted_into_it_and_can_write_its_state_alone(
    image: Image, host: ReportingHost, lone: LoneDaemon
) -> None:
    lone.settings({})
    with lone.serving() as daemon:
        token = daemon.ask("/agents/enroll-tokens", {"host": "web-1"})["token"]
        enrolled = image.started(
            "enroll", "--root", "/host", f"--server={daemon.address}", "--host", "web-1",
            "--token-file", "-", stdin=token,
        )  # fmt: skip
        assert enrolled.returncode == 0, enrolled.stderr
        first = image.started("once", "--json", "--snapshot=/state/evidence.json")
        assert first.returncode == 0, first.stderr
        sections = _sections(image)
        assert sections["files"]["leaves"][SSHD]["mode"] == "0644"
        assert not [key for key in sections["files"]["leaves"] if key.startswith("/host")]
        # What only the running host could say is not told of the container.
        live = {name: sections[name]["status"] for name in ("firewall", "network", "services")}
        assert set(live.values()) == {"unsupported"}

        quiet = json.loads(image.started("once", "--json").stdout)
        assert (quiet["turns"], quiet["bytes_sent"] < 256) == (1, True)
        (agent,) = daemon.ask("/agents")["items"]
        taken = json.loads((image.folder / "state/evidence.json").read_text())
        assert (agent["host"], agent["root"], agent["gaps"]) == ("web-1", taken["root"], 0)

    for place in (f"/host{SSHD}", "/new", image.steps["COPY"].split()[-1]):
        written = image.started(f"echo x >> {place}", entry=("sh", "-c"))
        assert (place, written.returncode != 0) == (place, True)
    assert host.read(SSHD) == RIGHT


def test_an_image_without_the_host_mounted_says_so_and_reports_nothing(
    image: Image, lone: LoneDaemon
) -> None:
    lone.settings({})
    with lone.serving() as daemon:
        token = daemon.ask("/agents/enroll-tokens", {"host": "web-1"})["token"]
        refused = image.started(
            "enroll", "--root", "/tmp", f"--server={daemon.address}", "--host", "web-1",
            "--token-file", "-", stdin=token,
        )  # fmt: skip
        assert refused.returncode != 0
        assert "is not the file system of a host" in refused.stderr
        assert daemon.ask("/agents")["items"] == []


def _sections(image: Image) -> dict[str, Any]:
    taken = json.loads((image.folder / "state/evidence.json").read_text())
    return {
        name: {"status": section["status"], "leaves": dict(section["changed"])}
        for name, section in taken["sections"].items()
    }
