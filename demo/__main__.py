"""`python -m demo`: ends 0 only when every step came out as told."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import psutil

from demo import pulumi_steps, pulumi_watching, steps, watching
from demo.narration import Narrator, StepError
from demo.pulumi_stage import PulumiStage, set_pulumi_stage
from reconciler.domain.errors import ReconcilerError
from tests.daemon import DaemonError, serving
from tests.simulator import SimulatorError, ToolError, running_simulator

_FAILED: Final = 1
_INTERRUPTED: Final = 130
_GRACE_S: Final = 5.0


def main() -> int:
    """Play every step; return the exit code. Nothing that was started is left running."""
    signal.signal(signal.SIGTERM, _interrupt)
    narrator = Narrator()
    narrator.heading("trueup: drift of a real stack on a simulated cloud, found and put right")
    try:
        _play(narrator)
    except (StepError, DaemonError, SimulatorError, ToolError, ReconcilerError) as error:
        print(f"\nfailed: {error}", file=sys.stderr)
        narrator.end("the demo did NOT come out as told")
        return _FAILED
    except KeyboardInterrupt:
        narrator.end("interrupted")
        return _INTERRUPTED
    finally:
        _end_children()
    narrator.end("every step came out as told")
    return 0


def _play(narrator: Narrator) -> None:
    tool = steps.find_tools(narrator)
    with contextlib.ExitStack() as opened:
        with narrator.step("starting the simulated cloud"):
            simulator = opened.enter_context(running_simulator())
            narrator.say(f"AWS by moto at {simulator.endpoint}, process {simulator.pid}")
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="trueup-demo-")))
        stage = steps.set_stage(tool, simulator, folder)
        steps.deploy(stage, narrator)
        steps.scan_untouched(stage, narrator)
        warm_s = steps.scan_warm(stage, narrator)
        steps.plan_beside(stage, narrator, warm_s)
        made = set_pulumi_stage(stage)
        pulumi_steps.deploy_both(made, narrator)
        pulumi_steps.scan_both(made, narrator)
        pulumi_steps.scan_beside(made, narrator)
        _watch(made, narrator)
        steps.check_secrets(stage, narrator, made.secrets)
        steps.scan_again(stage, narrator)


def _watch(made: PulumiStage, narrator: Narrator) -> None:
    """Play what needs a daemon: one for the stacks of both tools."""
    stage = made.stage
    with serving(
        watching.write_settings(stage, pulumi_watching.SETTINGS),
        data_dir=stage.data_dir,
        environment=stage.environment,
        directory=stage.own_folder,
    ) as daemon:
        watching.see_first_pass(daemon, narrator)
        watching.break_and_be_found(stage, daemon, narrator)
        watching.see_corrected(stage, daemon, narrator)
        watching.approve_the_secret(stage, daemon, narrator)
        watching.see_history(stage, daemon, narrator)
        pulumi_watching.break_and_be_found(made, daemon, narrator)
        pulumi_watching.see_corrected(daemon, narrator)
        pulumi_watching.approve_the_secret(made, daemon, narrator)
    stage.printed.extend(daemon.lines)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Let SIGTERM unwind as Ctrl-C does."""
    raise KeyboardInterrupt


def _end_children() -> None:
    """End by its id what an interrupted start may have left."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.terminate()
    for child in psutil.wait_procs(children, timeout=_GRACE_S)[1]:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()


if __name__ == "__main__":
    sys.exit(main())
