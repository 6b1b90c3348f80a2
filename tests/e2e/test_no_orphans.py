"""However a scan ends, no terraform and no provider outlives it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.e2e.command import Trueup, killed_at_the_end, wait_for
from tests.patience import PATIENCE_S
from tests.world_stack import WorldStack

pytestmark = pytest.mark.cold
INTERRUPTED = 130
_CODES = {signal.SIGINT: INTERRUPTED, signal.SIGTERM: 143, signal.SIGHUP: -signal.SIGHUP}


def _named(trueup: Trueup, word: str) -> bool:
    return any(word in " ".join(_command_line(process)) for process in trueup.processes())


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _reading(stack: WorldStack, trueup: Trueup) -> subprocess.Popen[str]:
    """Return a scan that waits for a provider's answer."""
    stack.turn(one="hang")
    process = trueup.start("scan", stack.directory)
    wait_for(lambda: stack.hangs)
    return process


def _evaluating(stack: WorldStack, trueup: Trueup) -> subprocess.Popen[str]:
    """Return a scan whose plan does not end."""
    text = stack.program.read_text()
    stack.program.write_text(text.replace("exec ", '[ "$1" = plan ] && sleep 3600\nexec ', 1))
    process = trueup.start("scan", stack.directory)
    wait_for(lambda: _named(trueup, "sleep 3600"))
    return process


Moment = Callable[[WorldStack, Trueup], "subprocess.Popen[str]"]


@pytest.fixture
def noted(stack: WorldStack, trueup: Trueup, tmp_path: Path) -> Trueup:
    """The command with the program that notes its calls, and with nothing cached."""
    cache = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    return Trueup({**trueup.environment, **stack.environment, **cache}, trueup.mark)


@pytest.mark.parametrize("moment", [_evaluating, _reading])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(
    number: signal.Signals, moment: Moment, stack: WorldStack, noted: Trueup
) -> None:
    process = moment(stack, noted)
    with killed_at_the_end(process):
        process.send_signal(number)
        code = process.wait(PATIENCE_S)
        left = noted.wait_until_gone()
        assert process.stderr is not None
        err = process.stderr.read()
    assert left == []
    assert "Traceback" not in err
    assert code == _CODES[number]


@pytest.mark.parametrize("moment", [_evaluating, _reading])
def test_kill_leaves_nothing_behind(moment: Moment, stack: WorldStack, noted: Trueup) -> None:
    process = moment(stack, noted)
    with killed_at_the_end(process):
        process.kill()
        process.wait(PATIENCE_S)
        assert noted.wait_until_gone() == []


def test_an_interrupt_between_scans(stack: WorldStack, noted: Trueup) -> None:
    process = noted.start("scan", stack.directory, "--json", "--repeat", "2", "--every", "1h")
    with killed_at_the_end(process):
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == INTERRUPTED
        assert noted.wait_until_gone() == []


def test_a_scan_in_order_leaves_nothing(stack: WorldStack, noted: Trueup) -> None:
    assert noted.run("scan", stack.directory).code == 0
    assert noted.wait_until_gone() == []
