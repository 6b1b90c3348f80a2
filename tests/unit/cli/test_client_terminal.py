"""What needs a real terminal: being asked, being drawn, being interrupted."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from tests.patience import PATIENCE_S
from tests.unit.cli import objects as api
from tests.unit.cli.fake_daemon import TOKEN, Answer, FakeDaemon
from tests.unit.cli.scenes import fleet

_PROGRAM: Final = "from reconciler.cli.main import main; main()"
_STYLED: Final = re.compile(r"\x1b\[[0-9;]*[mKJH]")
_LIMIT_S: Final = PATIENCE_S


@dataclass(slots=True)
class Terminal:
    """A command on a terminal of 80 by 24."""

    process: subprocess.Popen[bytes]
    descriptor: int
    seen: str = ""
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=codecs.getincrementaldecoder("utf-8")
    )
    """What is read may end in the middle of a character."""

    def until(self, text: str) -> None:
        """Read on until `text` has appeared."""
        limit = time.monotonic() + _LIMIT_S
        while text not in self.seen and time.monotonic() < limit:
            if not self._read():
                break
        assert text in self.seen

    def type(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def ended(self) -> int:
        """Read to the end; return the exit code."""
        while self._read():
            pass
        return self.process.wait(_LIMIT_S)

    def interrupted(self) -> int:
        """Press Ctrl-C until it ends; return the exit code.

        Python loses a signal that arrives just before it waits for input, and nobody who types
        presses the keys once only.
        """
        limit = time.monotonic() + _LIMIT_S
        while time.monotonic() < limit:
            self.process.send_signal(signal.SIGINT)
            while select.select([self.descriptor], [], [], 1.0)[0]:
                if not self._read():
                    return self.process.wait(_LIMIT_S)
        raise AssertionError("Ctrl-C did not end it")

    @property
    def plain(self) -> list[str]:
        return _STYLED.sub("", self.seen).splitlines()

    def _read(self) -> bool:
        try:
            content = os.read(self.descriptor, 65536)
        except OSError:
            return False
        self.seen += self._decoder.decode(content)
        return bool(content)


_OURS = frozenset({"COLUMNS", "NO_COLOR"})
"""What whoever runs the tests may have set, and a test sets for itself."""


@contextmanager
def on_terminal(daemon: FakeDaemon, *arguments: str, **environment: str) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    # Raw, so that what is read is what was written.
    tty.setraw(theirs, termios.TCSANOW)
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        env={
            **{name: value for name, value in os.environ.items() if name not in _OURS},
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "TERM": "xterm",
            "TRUEUP_SERVER": daemon.url,
            "TRUEUP_TOKEN": TOKEN,
            **environment,
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def awaiting(daemon: FakeDaemon, **more: Any) -> list[Any]:
    """Have one remediation that waits; return the bodies of the approvals that arrive."""
    one = api.remediation(**more)
    daemon.lists("/remediations", [one])
    bodies: list[Any] = []

    def approved(asked: Any) -> Any:
        bodies.append(asked.body)
        return {**one, "state": "queued"}

    daemon.routes[f"POST /remediations/{one['id']}/approve"] = approved
    return bodies


def test_a_yes_approves_the_plan_that_was_shown(daemon: FakeDaemon) -> None:
    bodies = awaiting(daemon)
    with on_terminal(daemon, "approve", "e1") as terminal:
        terminal.until("type yes")
        assert "99 -> 45" in " ".join(terminal.plain)
        terminal.type("yes\n")
        assert terminal.ended() == 0
    assert bodies == [{"plan_digest": api.DIGEST}]


@pytest.mark.parametrize("answer", ["no\n", "y\n", "webshop\n", "YES\n"])
def test_anything_but_yes_approves_nothing(daemon: FakeDaemon, answer: str) -> None:
    bodies = awaiting(daemon)
    with on_terminal(daemon, "approve", "e1") as terminal:
        terminal.until("type yes")
        terminal.type(answer)
        assert terminal.ended() == 1
    assert not bodies


def test_an_interrupted_approval_approves_nothing(daemon: FakeDaemon) -> None:
    bodies = awaiting(daemon)
    with on_terminal(daemon, "approve", "e1") as terminal:
        terminal.until("type yes")
        assert terminal.interrupted() == 130
    assert not bodies


def test_a_plan_longer_than_the_screen_ends_with_its_most_severe_resources(
    daemon: FakeDaemon,
) -> None:
    grave = api.finding(severity="critical")
    daemon.lists("/findings", [grave])
    others = [
        {"address": f"aws_eip.e{n}", "type": "aws_eip", "action": "update", "changes": []}
        for n in range(40)
    ]
    bodies = awaiting(daemon, plan=api.plan(resources=[*api.plan()["resources"], *others]))
    with on_terminal(daemon, "approve", "e1") as terminal:
        terminal.until("type yes")
        shown = terminal.plain[-24:]
        assert any("41 resources of webshop" in line for line in shown)
        assert any("~ update   aws_sqs_queue.orders  critical  main.tf:12" in one for one in shown)
        assert any("more above" in line for line in shown)
        terminal.type("no\n")
        assert terminal.ended() == 1
    assert not bodies


@pytest.mark.parametrize(("answer", "approved"), [("yes\n", False), ("webshop\n", True)])
def test_what_destroys_is_approved_by_the_stacks_name(
    daemon: FakeDaemon, answer: str, *, approved: bool
) -> None:
    gone = {"address": "aws_eip.a", "type": "aws_eip", "action": "delete", "changes": []}
    bodies = awaiting(daemon, plan=api.plan(resources=[gone]))
    with on_terminal(daemon, "approve", "e1") as terminal:
        terminal.until("type the stack's name")
        terminal.type(answer)
        assert terminal.ended() == (0 if approved else 1)
    assert bool(bodies) is approved


@pytest.mark.parametrize(
    "command",
    [
        ("status",),
        ("findings",),
        ("remediations",),
        ("runs",),
        ("show", "f1"),
        ("remediation", "e1"),
    ],
)
def test_nothing_is_wider_than_80_columns(daemon: FakeDaemon, command: tuple[str, ...]) -> None:
    long = "module.network.module.subnets." + "x" * 60 + ".aws_security_group.web"
    tally = {"critical": 12, "high": 34, "medium": 567, "low": 8}
    fleet(
        daemon,
        api.stack("s" * 60, health="incomplete", findings=tally),
        api.stack("b", health="error", error="locked " * 40, error_since=api.before(hours=2)),
        hold={"by": "ana", "reason": "why " * 40, "since": api.before(), "until": None},
    )
    daemon.lists("/findings", [api.finding(address=long, changes=[api.change("p" * 50)])])
    daemon.has("GET /drift/reports", {"items": [], "next": None})
    daemon.lists("/remediations", [api.remediation(addresses=["a"], note="n " * 90, plan=None)])
    daemon.lists("/runs", [api.run(stack="s" * 60, summary="done " * 30)])
    with on_terminal(daemon, *command) as terminal:
        assert terminal.ended() == 0
    lines = [line for line in terminal.plain if not line.startswith("decide: ")]
    wide = [line for line in lines if len(line) > 80 and long not in line]
    assert not wide


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_that_want_it(
    daemon: FakeDaemon, environment: dict[str, str], *, coloured: bool
) -> None:
    fleet(daemon, api.stack(health="drifted"))
    with on_terminal(daemon, "status", **environment) as terminal:
        assert terminal.ended() == 0
    assert ("\x1b[31m" in terminal.seen) is coloured
    assert any("~  webshop" in line for line in terminal.plain)


def test_a_watched_status_is_drawn_anew_after_an_event_and_ends_quietly(
    daemon: FakeDaemon,
) -> None:
    fleet(daemon, api.stack())
    # The first stream has an event and ends; after it the stack is another.
    looked: list[str] = []

    def events(_: Any) -> Answer:
        looked.append("")
        if len(looked) == 2:
            daemon.lists("/stacks", [api.stack(health="drifted")], key="name")
        return Answer(lines=("event: stack.scanned", "data: {}", ""))

    daemon.routes["GET /events"] = events
    with on_terminal(daemon, "status", "--watch") as terminal:
        terminal.until("in sync")
        terminal.until("drifted")
        assert terminal.interrupted() == 130
    assert "Traceback" not in terminal.seen


def test_a_closed_pipe_is_quiet(daemon: FakeDaemon) -> None:
    daemon.lists("/findings", [api.finding(f"{n:020}", f"a.b{n}") for n in range(5000)])
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "findings", "--limit", "0"],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "TRUEUP_SERVER": daemon.url,
            "TRUEUP_TOKEN": TOKEN,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(100)
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=_LIMIT_S), told) == (141, b"")


def test_the_reason_of_an_audit_entry_is_read_to_its_end(daemon: FakeDaemon) -> None:
    reason = "the vendor changes this queue by hand until the contract ends in March"
    entry = {**api.audit_entry(1), "details": {"stack": "webshop", "reason": reason}}
    daemon.lists("/audit", [entry], key="seq")
    with on_terminal(daemon, "audit") as terminal:
        assert terminal.ended() == 0
    assert reason in " ".join(line.strip() for line in terminal.plain)
