"""The same change made by hand in forty stacks: one alert with forty members on each channel.

Their tool is one that trueup learned by a plug-in, and reads in a moment: forty stacks of AWS would
take the demo a minute. The daemon, the channels and the receivers are those of every stack.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from demo.alerts import WITHIN_S, Receivers, print_shown, receiving_alerts
from demo.narration import Narrator, expect
from demo.stage import Stage
from tests.daemon import Daemon, serving
from tests.ports import free_port
from tests.strangers.worlds import DECLARED, DRIFT, JsonWorld, install_worlds

_NAMES: Final = tuple(f"branch-{number:02}" for number in range(1, 41))
_SAID: Final = f"{len(_NAMES)} stacks: {len(_NAMES)} thing drifted"
_ONE_EACH: Final = (1, 1, 1, 1)
_SETTINGS: Final = """\
[daemon]
listen = "127.0.0.1:{port}"
data_dir = "data"
"""
_STACK: Final = """
[[stack]]
name = "{name}"
directory = "{name}"
interval = "1d"
"""


@dataclass(frozen=True, slots=True)
class Forty:
    """The stacks, the daemon that watches them, and who is told."""

    worlds: Mapping[str, JsonWorld]
    daemon: Daemon
    receivers: Receivers

    def change(self, things: Mapping[str, Any]) -> None:
        """Make the same change in each, and have each looked at."""
        for name, world in self.worlds.items():
            world.put(dict(things))
            self.daemon.ask(f"/stacks/{name}/scan", {})


@contextlib.contextmanager
def watching_forty(stage: Stage, narrator: Narrator) -> Iterator[Forty]:
    """Have forty stacks watched by a daemon of their own, which ends with the block."""
    folder = stage.own_folder / "forty"
    with contextlib.ExitStack() as opened:
        with narrator.step(f"Have {len(_NAMES)} stacks of another tool watched beside them"):
            worlds = {name: JsonWorld.made(folder / name) for name in _NAMES}
            receivers = opened.enter_context(
                # As long as scanning all of them takes on a busy machine.
                receiving_alerts(
                    folder / "mail", event="drift.detected", stacks="*", wait="5s", pause="30s"
                )
            )
            settings = folder / "trueup.toml"
            stacks = "".join(_STACK.format(name=name) for name in _NAMES)
            settings.write_text(
                _SETTINGS.format(port=free_port()) + stacks + receivers.settings, encoding="utf-8"
            )
            environment = {
                **stage.environment,
                "PYTHONPATH": str(install_worlds(folder / "site")),
                "XDG_STATE_HOME": str(folder / "state"),
            }
            daemon = opened.enter_context(
                serving(
                    settings,
                    data_dir=folder / "data",
                    environment=environment,
                    directory=folder,
                )
            )
            narrator.say("their tool is a plug-in of two files, found by its entry point")
        yield Forty(worlds, daemon, receivers)
    stage.printed.extend((*daemon.lines, receivers.everything()))


def change_all(forty: Forty) -> None:
    """Change the same thing in all of them, once each is known to be in sync."""
    forty.daemon.until("forty first scans", lambda: _in_sync(forty), within_s=WITHIN_S)
    forty.change(DRIFT)


def see_one_alert(forty: Forty, narrator: Narrator) -> None:
    """All forty are one mail, one message, one incident and one ticket."""
    receivers = forty.receivers
    with narrator.step(f"The same change by hand in {len(_NAMES)} stacks: who is told?"):
        forty.daemon.until("one alert of all on each channel", lambda: _all_said(receivers),
                           within_s=WITHIN_S)  # fmt: skip
        expect(expected=_ONE_EACH, seen=receivers.shown(), what="alerts on each channel")
        expect(expected=1, seen=len(receivers.pager.paged), what="calls of the pager")
        (alert,) = forty.daemon.ask("/alerts?state=open")["items"]
        expect(expected=len(_NAMES), seen=alert["still_open"], what="members of the alert")
        print_shown(receivers, narrator)
        forty.change(DECLARED)
        narrator.say(f"One alert with {alert['still_open']} members; all are put back by hand now.")


def see_ended(forty: Forty, narrator: Narrator) -> None:
    """The four end with the last of the forty, and there is no fifth."""
    receivers = forty.receivers
    with narrator.step(f"The {len(_NAMES)} stacks, now that all are put back"):
        forty.daemon.until("the end of the alert on each channel",
                           lambda: receivers.open() == (0, 0, 0, 0), within_s=WITHIN_S)  # fmt: skip
        expect(expected=_ONE_EACH, seen=receivers.shown(), what="alerts on each channel")
        print_shown(receivers, narrator)


def _in_sync(forty: Forty) -> bool:
    stacks = forty.daemon.ask("/stacks?limit=100")["items"]
    return len(stacks) == len(_NAMES) and all(each["health"] == "in_sync" for each in stacks)


def _all_said(receivers: Receivers) -> bool:
    return receivers.open() == _ONE_EACH and all(_SAID in each for each in receivers.newest())
