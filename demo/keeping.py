"""The demo left running, and what to try next."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from demo.host import host_of
from demo.narration import Narrator, StepError
from demo.stage import COURIER, WEBSHOP, Stage
from tests.daemon import address_in

_START_LIMIT_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.2
_OURS: Final = ("TRUEUP_", "XDG_", "AWS_", "TF_", "PULUMI_", "CHECKPOINT_DISABLE")


def next_step(narrator: Narrator) -> None:
    """Say what to try after a demo of which nothing is left."""
    narrator.heading("Go on playing with these stacks: make demo KEEP=1")
    narrator.heading("Next, your own stack: . .venv/bin/activate; cd YOUR-STACK && trueup scan")


def leave_running(stage: Stage, settings: Path, narrator: Narrator) -> None:
    """Start a daemon that outlives us, and say how to go on and how to end it all.

    Raises:
        StepError: the daemon did not come up.
    """
    log = stage.own_folder / "serve.log"
    daemon = _start(stage, settings, log)
    environment = _write_environment(stage)
    state = host_of(stage).state.relative_to(stage.own_folder)
    stop = _write_stop(stage, (daemon.pid, stage.simulator.pid))
    narrator.heading(f"\nThe cloud, the stacks and the daemon go on in {stage.own_folder}")
    for command, does in (
        (f". {environment}", "go there; have trueup see them"),
        ("trueup status", "what the daemon knows"),
        ("sed -i.old s/40/4/ dispatch.json", f"break {COURIER} by hand"),
        ("trueup findings", "found within 10 s, then put back"),
        (f"trueup scan {WEBSHOP}", "look yourself"),
        (f"trueup-agent once --state={state}", "report the host that `hosts` declares"),
        (f"less {log.name}", "what the daemon says"),
        (f"./{stop.name}", "end everything, remove the folder"),
    ):
        narrator.command(command, does)
    narrator.heading(f"Next: . {environment} && trueup status")


def _start(stage: Stage, settings: Path, log: Path) -> subprocess.Popen[bytes]:
    trueup = Path(sys.executable).with_name("trueup")
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            [str(trueup), "--config", str(settings), "serve"],
            cwd=stage.own_folder,
            env=dict(stage.environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # The terminal's Ctrl-C and its end are not for one that is to stay.
            start_new_session=True,
        )
    limit = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < limit and daemon.poll() is None:
        if any(map(address_in, log.read_text().splitlines())):
            return daemon
        time.sleep(_LOOK_EVERY_S)
    daemon.kill()
    raise StepError(f"the daemon did not start again:\n{log.read_text()[-1500:]}")


def _write_environment(stage: Stage) -> Path:
    """Write what a shell needs, credentials of the demo's own among it: for its owner only."""
    file = stage.own_folder / "env"
    shown = {n: v for n, v in stage.environment.items() if n.startswith(_OURS)}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in sorted(shown.items())]
    folders = (Path(sys.executable).parent, stage.tool.path.parent)
    path = ":".join(shlex.quote(str(folder)) for folder in folders)
    lines += [f'export PATH={path}:"$PATH"', f"cd {shlex.quote(str(stage.own_folder))}", ""]
    file.touch(mode=0o600)
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def _write_stop(stage: Stage, processes: tuple[int, ...]) -> Path:
    file = stage.own_folder / "stop"
    pids = " ".join(map(str, processes))
    folder = shlex.quote(str(stage.own_folder))
    file.write_text(
        "#!/bin/sh\n# Ends the demo's daemon and cloud, and removes its folder.\n"
        f"kill {pids} 2>/dev/null\n"
        # The daemon ends its plugins first, which takes it a moment.
        f"for pid in {pids}; do while kill -0 $pid 2>/dev/null; do sleep 0.2; done; done\n"
        f"rm -rf {folder}\n",
        encoding="utf-8",
    )
    file.chmod(0o700)
    return file


def wanted() -> bool:
    """Whether the demo was asked to leave everything running."""
    return os.environ.get("KEEP", "0") not in ("", "0")
