"""`python -m demo`: ends 0 only when every step came out as expected."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from demo import alerts, deploying, forty, host, isolating, keeping, scanning, ui, watching
from demo.commands import end_children
from demo.narration import Narrator, StepError
from demo.pulumi_stage import PulumiStage, set_pulumi_stage
from demo.secrecy import check_secrets
from demo.stage import WEBSHOP, Stage, find_tool, set_stage
from reconciler.domain.errors import ReconcilerError
from tests.daemon import DaemonError, serving
from tests.ports import free_port
from tests.simulator import Simulator, SimulatorError, ToolError, start_simulator, stop_simulator

_FAILED: Final = 1
_INTERRUPTED: Final = 130


def main() -> int:
    """Play every step; return the exit code.

    Nothing that was started is left running, unless KEEP asks for it and all went well.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    narrator = Narrator()
    narrator.heading("trueup: drift of real stacks on a simulated cloud, found and put right")
    kept = False
    try:
        kept = _play(narrator)
    except (StepError, DaemonError, SimulatorError, ToolError, ReconcilerError) as error:
        print(f"\nfailed: {error}", file=sys.stderr)
        narrator.end("the demo did NOT come out as expected")
        return _FAILED
    except KeyboardInterrupt:
        narrator.end("interrupted")
        return _INTERRUPTED
    finally:
        if not kept:
            end_children()
    if not kept:
        keeping.next_step(narrator)
    return 0


def _play(narrator: Narrator) -> bool:
    """Play every step; return whether the cloud and a daemon were left running."""
    tool = find_tool()
    with contextlib.ExitStack() as opened:
        folder = Path(tempfile.mkdtemp(prefix="trueup-demo-"))
        opened.callback(shutil.rmtree, folder, ignore_errors=True)
        with narrator.step("Start a simulated cloud"):
            simulator = _simulator(folder, opened)
            narrator.say(f"AWS by moto at {simulator.endpoint}")
        stage = set_stage(tool, simulator, folder)
        made = set_pulumi_stage(stage)
        deploying.deploy(stage, made, narrator)
        receivers = opened.enter_context(
            alerts.receiving_alerts(
                stage.own_folder / "mail",
                event="remediation.awaiting_approval",
                stacks=WEBSHOP,
            )
        )
        port = free_port()
        settings = watching.write_settings(stage, port=port, channels=receivers.settings)
        warm = scanning.scan_untouched(stage, narrator)
        scanning.check_beside(stage, made, narrator, warm)
        _watch(stage, made, settings, narrator, receivers)
        # What goes on has nobody to tell; the host's agent knows the port.
        watching.write_settings(stage, port=port)
        check_secrets(stage, (*stage.secrets, made.partner_key), narrator)
        narrator.end("every step came out as expected")
        if keeping.wanted():
            keeping.leave_running(stage, settings, narrator)
            if ui.wanted():
                ui.open_ui(stage, settings)
            opened.pop_all()
            return True
        if ui.wanted():
            ui.open_on_broken(stage, settings, narrator)
    return False


def _simulator(folder: Path, opened: contextlib.ExitStack) -> Simulator:
    process, simulator = start_simulator(folder / "moto.log", stays=keeping.wanted())
    opened.callback(stop_simulator, process)
    return simulator


def _watch(
    stage: Stage,
    made: PulumiStage,
    settings: Path,
    narrator: Narrator,
    receivers: alerts.Receivers,
) -> None:
    """Play what needs a daemon: one for the stacks of both tools, and one for forty small ones."""
    with contextlib.ExitStack() as opened:
        daemon = opened.enter_context(
            serving(
                settings,
                data_dir=stage.data_dir,
                environment=stage.environment,
                directory=stage.own_folder,
            )
        )
        # While the daemon makes its first scans: nothing here waits for them.
        many = opened.enter_context(forty.watching_forty(stage, narrator))
        watching.see_first_pass(daemon, narrator)
        forty.change_all(many)
        watching.break_and_be_found(stage, made, daemon, narrator)
        isolating.approve_isolation(stage, daemon, narrator)
        alerts.see_shown(receivers, daemon, narrator)
        forty.see_one_alert(many, narrator)
        watching.approve_the_secret(stage, daemon, narrator)
        # While the daemon carries out what was approved: nothing here waits for that.
        host.see_host(stage, daemon, narrator)
        forty.see_ended(many, narrator)
        isolating.see_isolated(stage, daemon, narrator)
        isolating.see_released(stage, daemon, narrator)
        watching.see_corrected(stage, made, daemon, narrator)
        alerts.see_ended(receivers, daemon, narrator)
        watching.see_history(stage, daemon, narrator)
    stage.printed.extend((*daemon.lines, receivers.everything()))


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """Let SIGTERM unwind as Ctrl-C does."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
