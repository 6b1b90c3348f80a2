"""Long trials on real parts, such as `python -m tests.soak kills --count 200`.

The others are `agents --count 100000`, `agents-fleet --count 10000 --minutes 10`,
`places --minutes 10`, `alerts --count 10000`, `generated --count 40 --seed 1`,
`simulate --count 2000` and `tui --hours 24`; `faults` has a tool go wrong in each way, with a kill
at each point, and `points [--aws]` kills at each point of a correction by the real terraform.
They end non-zero when a law is broken, and print the seed that repeats what they did.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.crashes import faults, real
from tests.soak.agents import report_loop
from tests.soak.alerts import alert_loop
from tests.soak.fleet import fleet_loop
from tests.soak.generated import generated_loop
from tests.soak.kills import TRIALS, kill_loop
from tests.soak.places import PLACES, stay_in
from tests.soak.tui import day_of_events
from tests.unit.engine import simulation


def main() -> int:
    """Run what was asked for; 0 when every law held."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    wanted = parser.add_subparsers(dest="trial", required=True)
    kills = wanted.add_parser("kills", help="kill processes in the middle of corrections")
    kills.add_argument("--count", type=int, default=100)
    kills.add_argument("--tool", choices=sorted(TRIALS), required=True)
    kills.add_argument("--in-apply", action="store_true", help="each in the middle of an apply")
    kills.add_argument("--first", type=int, default=0, help="of the moments and victims, with it")
    kills.add_argument("--seed", type=int, default=None)
    places = wanted.add_parser("places", help="a daemon that looks at the wrong cloud")
    places.add_argument("--minutes", type=float, default=10.0)
    places.add_argument("--place", choices=sorted(PLACES), required=True)
    alerts = wanted.add_parser("alerts", help="kill the sender between sending and noting")
    alerts.add_argument("--count", type=int, default=10_000)
    alerts.add_argument("--every", type=int, default=200)
    alerts.add_argument("--seed", type=int, default=None)
    generated = wanted.add_parser("generated", help="code bases that nobody wrote, drifted")
    generated.add_argument("--count", type=int, default=40)
    generated.add_argument("--drifts", type=int, default=10)
    generated.add_argument("--seed", type=int, default=None)
    simulate = wanted.add_parser("simulate", help="the engine under seeded faults at each port")
    simulate.add_argument("--count", type=int, default=2000)
    simulate.add_argument("--seed", type=int, default=0, help="the first one")
    tui = wanted.add_parser("tui", help="a day of events before the terminal UI")
    tui.add_argument("--hours", type=float, default=24.0)
    wanted.add_parser("faults", help="a tool that goes wrong, crossed with kills of the daemon")
    points = wanted.add_parser("points", help="kill the daemon at each point of a real correction")
    points.add_argument("--aws", action="store_true", help="on the simulated AWS")
    agents = wanted.add_parser("agents", help="kill the daemon and agents while reports come in")
    agents.add_argument("--count", type=int, default=100_000)
    agents.add_argument("--kills", type=int, default=10)
    agents.add_argument("--seed", type=int, default=None)
    fleet = wanted.add_parser("agents-fleet", help="many agents that report, and flat memory")
    fleet.add_argument("--count", type=int, default=10_000)
    fleet.add_argument("--minutes", type=float, default=10.0)
    asked = parser.parse_args()
    if asked.trial == "tui":
        return day_of_events(asked.hours)
    if asked.trial == "simulate":
        simulation.main(asked.seed, asked.count)
        return 0
    with tempfile.TemporaryDirectory(prefix="trueup-soak-") as folder:
        if asked.trial == "faults":
            os.environ["TRUEUP_TEST_OUTPUT_MIB"] = "1024"
            return faults.main([folder])
        if asked.trial == "points":
            return real.main([folder, *(["--aws"] if asked.aws else [])])
        if asked.trial == "places":
            return stay_in(asked.place, Path(folder), minutes=asked.minutes)
        if asked.trial == "agents-fleet":
            return fleet_loop(Path(folder), count=asked.count, minutes=asked.minutes)
        seed = random.randrange(2**32) if asked.seed is None else asked.seed
        if asked.trial == "agents":
            return report_loop(Path(folder), count=asked.count, kills=asked.kills, seed=seed)
        if asked.trial == "alerts":
            return alert_loop(Path(folder), count=asked.count, every=asked.every, seed=seed)
        if asked.trial == "generated":
            return generated_loop(Path(folder), count=asked.count, drifts=asked.drifts, seed=seed)
        return kill_loop(
            asked.tool, Path(folder), count=asked.count, seed=seed,
            in_apply=asked.in_apply, first=asked.first,
        )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
