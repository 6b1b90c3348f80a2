"""`trueup-agent enroll | once | run | status | explain`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from agent.running import own_code, run_forever

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from pathlib import Path

# Everything else is imported by the command that needs it: `run` waits for most of its life.
_LONGEST_TOKEN = 400
_SHORTEST_S = 10
"""As `enroll-token --interval` has it."""
_WAITING = "wait-and-report"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 when it was done, 1 when not."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == [_WAITING]:
            # Already checked by `run`, which became this process.
            return run_forever(words[1], interval_s=float(words[2]) or None)
        return _checked(words)
    except KeyboardInterrupt:
        return 130


def _checked(words: Sequence[str]) -> int:
    from agent.errors import AgentError, AwayError

    asked = _parser().parse_args(words)
    try:
        return int(asked.command(asked))
    except AgentError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.remedy:
            print(f"  {error.remedy}", file=sys.stderr)
        if isinstance(error, AwayError) and getattr(asked, "for_runner", False):
            print(f"retry_after_s={error.retry_after_s or 0}")
        return 1
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {place}{error.strerror or error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    import argparse

    from agent import __version__

    parser = argparse.ArgumentParser(
        prog="trueup-agent", description="Report what this host is to a trueup daemon."
    )
    parser.add_argument("--version", action="version", version=f"trueup-agent {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _enroll_parser(commands)
    once = _command(commands, "once", _once, "Capture and report once.")
    once.add_argument("--json", action="store_true", help="Print what came of it as JSON.")
    once.add_argument("--snapshot", metavar="FILE", type=_path,
                      help="Write all that was captured into FILE as well.")  # fmt: skip
    once.add_argument("--for-runner", action="store_true", help=argparse.SUPPRESS)
    run = _command(commands, "run", _run, "Report again and again.")
    run.add_argument("--interval", type=_seconds, metavar="TIME",
                     help="Such as 5m, 30m or 1h; default: what the server says.")  # fmt: skip
    status = _command(commands, "status", _status, "Say how this host stands with its server.")
    status.add_argument("--json", action="store_true", help="Print it as JSON.")
    said = _command(commands, "explain", _explain, "Say which baseline entry governs a path.")
    said.add_argument("path", type=_place, metavar="PATH")
    return parser


def _enroll_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _command(commands, "enroll", _enroll, "Make this host known to a server, once.")
    parser.add_argument("--server", required=True, metavar="URL")
    parser.add_argument("--token-file", required=True, metavar="FILE",
                        help="Holds the token of `trueup agent enroll-token`; - reads it from "
                        "standard input.")  # fmt: skip
    parser.add_argument("--host", help="The host's name in its baseline; default: its own name.")
    parser.add_argument("--ca-file", metavar="FILE", help="Certificates that sign the server's.")
    parser.add_argument("--root", default="/", metavar="DIR",
                        help="Where the host's file system lies; default: /.")  # fmt: skip
    parser.add_argument("--tree", action="append", metavar="PATH",
                        help="A tree to look at; repeatable; default: /etc.")  # fmt: skip
    parser.add_argument("--cloud", action="store_true",
                        help="Ask the cloud's metadata service what this machine is.")  # fmt: skip


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    command: object,
    about: str,
) -> argparse.ArgumentParser:
    from pathlib import Path

    from agent.identity import default_state_folder

    parser = commands.add_parser(name, help=about, description=about)
    parser.add_argument("--state", type=Path, default=default_state_folder(), metavar="DIR",
                        help="Where its identity lies; default: %(default)s.")  # fmt: skip
    parser.set_defaults(command=command)
    return parser


def _enroll(asked: argparse.Namespace) -> int:
    from pathlib import Path

    from agent.enrolment import EnrolmentOrder, enroll

    order = EnrolmentOrder(
        url=asked.server,
        token=_token(asked.token_file),
        host=asked.host,
        root=str(Path(asked.root).absolute()),
        trees=asked.tree or ("/etc",),
        ca_file=asked.ca_file,
        cloud=asked.cloud,
    )
    identity = enroll(order, state=asked.state)
    print(f"enrolled {identity.host} as agent {identity.agent_id}")
    return 0


def _token(file: str) -> str:
    if file == "-":
        return sys.stdin.readline(_LONGEST_TOKEN).strip()
    with open(file, encoding="ascii", errors="replace") as opened:
        return opened.readline(_LONGEST_TOKEN).strip()


def _once(asked: argparse.Namespace) -> int:
    import json

    from agent.identity import read_identity
    from agent.reporting import report_once

    identity = read_identity(asked.state)
    outcome = report_once(asked.state, snapshot=asked.snapshot)
    if asked.for_runner:
        print(f"every_s={outcome.every_s or 0}")
    elif asked.json:
        print(json.dumps({"turns": outcome.turns, "bytes_sent": outcome.bytes_sent}))
    else:
        print(f"reported {identity.host}: {outcome.bytes_sent} bytes")
    return 0


def _run(asked: argparse.Namespace) -> int:
    from agent.identity import read_identity

    identity = read_identity(asked.state)
    often = f"every {asked.interval:.0f}s" if asked.interval else "as often as the server asks"
    print(
        f"reporting {identity.host} to {identity.server} {often}, until it is ended;"
        " `trueup-agent status` shows the last report",
        flush=True,
    )
    # A new process, without what reading the command line has loaded.
    argv = [sys.executable, *own_code(), _WAITING, str(asked.state), str(asked.interval or 0)]
    os.execv(sys.executable, argv)


def _status(asked: argparse.Namespace) -> int:
    import json

    from agent.identity import read_identity
    from agent.session import Session
    from agent.status import status_of

    status = status_of(read_identity(asked.state), Session(asked.state))
    if asked.json:
        print(json.dumps(status.as_json()))
        return 0
    for line in status.lines():
        print(line)
    return 0


def _explain(asked: argparse.Namespace) -> int:
    from agent.capture import capture
    from agent.explain import explain
    from agent.identity import read_identity
    from agent.private_files import only_reporter
    from agent.session import Session

    identity = read_identity(asked.state)
    session = Session(asked.state)
    # A report that is under way writes the same file of leaves.
    with only_reporter(asked.state):
        scope = session.scope()
        captured = capture(identity, scope, state=asked.state)
        for line in explain(asked.path, scope, captured.sections["files"]):
            print(line)
    if refused := list(session.refused.all()):
        print(f"{len(refused)} reports were refused by the server; see `trueup-agent status`")
    return 0


def _path(text: str) -> Path:
    from pathlib import Path

    return Path(text)


def _place(text: str) -> str:
    import argparse

    if not text.startswith(("/", "base64:")):
        raise argparse.ArgumentTypeError(f"{text!r} is no path from the root; write /etc/motd")
    return text


def _seconds(text: str) -> float:
    import argparse

    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = text[:-1], text[-1:]
    if not number.isdigit() or unit not in units or int(number) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; write 30s, 5m or 1h")
    if int(number) * units[unit] < _SHORTEST_S:
        raise argparse.ArgumentTypeError(f"an agent reports at most every {_SHORTEST_S}s")
    return int(number) * units[unit]
