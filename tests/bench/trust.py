"""`python -m tests.bench trust`: what was done to other makers' objects, and what was said of it.

Every bed of `tests.bed`, and AWS on the simulator: untouched, changed, deleted, corrected.
Ours stands beside `terraform plan` and `terraform plan -refresh-only`, asked the same moment.
The rows of each bed are printed when it is done; the table of all comes at the end.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.terraform.addresses import parse_address
from iac_adapters.terraform.executable import TERRAFORM, TOFU, Executable, locate
from tests.bed.session import NAMES, SERVERS, Beds
from tests.bed.trial import Seen, Trial
from tests.bench.figures import columns
from tests.bench.fleet import fleet_rows
from tests.bench.trust_aws import seen_on_aws
from tests.integration.terraform.correcting import corrector_of
from tests.makers import makers_mirror

_FAILED: Final = 1
_MAKERS: Final = {
    "archive": "hashicorp/archive",
    "aws": "hashicorp/aws (simulator)",
    "dns": "hashicorp/dns (BIND)",
    "framework": "hashicorp/framework (corner)",
    "local": "hashicorp/local",
    "null": "hashicorp/null",
    "postgresql": "cyrilgdn/postgresql",
    "rabbitmq": "cyrilgdn/rabbitmq",
    "random": "hashicorp/random",
    "terraform": "terraform itself",
    "time": "hashicorp/time",
    "tls": "hashicorp/tls",
}
# Of data sources: what they feed is what drifts.
_OF_DATA: Final = {
    "null_resource.of_external": ("hashicorp/external", "data.external"),
    "null_resource.of_http": ("hashicorp/http", "data.http"),
    "terraform_data.of_local": ("hashicorp/local", "data.local_file"),
}
_HEAD: Final = (
    "maker", "types", "injected", "found", "lost", "false", "wrong paths", "corrected",
    "plan: found", "false", "-refresh-only: found", "false",
)  # fmt: skip


@dataclass(slots=True)
class Tally:
    """What one maker's objects came to."""

    types: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)

    def cells(self) -> tuple[str, ...]:
        """Return its figures in the order of the table."""
        names = (
            "injected", "found", "lost", "false", "wrong", "corrected",
            "plan found", "plan false", "refresh found", "refresh false",
        )  # fmt: skip
        return (str(len(self.types)), *(str(self.counts[name]) for name in names))


def main() -> int:
    """Try every bed that this machine has the server of; print one line a maker."""
    tool = locate(TERRAFORM, os.environ) or locate(TOFU, os.environ)
    mirror = makers_mirror(os.environ)
    if tool is None or mirror is None:
        print("neither a tool nor a mirror of other makers' providers is here", file=sys.stderr)
        return _FAILED
    print("\n".join(_table(asyncio.run(_everything(tool, mirror)))))
    return 0


async def _everything(tool: Executable, mirror: Path) -> list[Seen]:
    seen: list[Seen] = []
    with ExitStack() as servers, tempfile.TemporaryDirectory(prefix="trueup-trust-") as name:
        folder = Path(name)
        beds = Beds(folder, mirror, tool.path, servers)
        here = [bed for bed in NAMES if bed not in SERVERS or SERVERS[bed][1]() is not None]
        for bed in NAMES:
            if bed not in here:
                print(f"{bed}: its server ({SERVERS[bed][0]}) is not here", flush=True)
                continue
            print(f"{bed}: deploying, drifting, correcting ...", flush=True)
            seen += _shown(await _tried(beds, bed))
        rows = await fleet_rows(beds, here)
        print("\n".join(rows), flush=True)
        async for world, looks in seen_on_aws(tool, folder):
            print(f"aws: {world}", flush=True)
            seen += _shown(looks)
    return seen


def _shown(seen: list[Seen]) -> list[Seen]:
    """Print the rows of what was just looked at, and what is wrong with it; return it."""
    tallies: dict[str, Tally] = {}
    for look in seen:
        _count(tallies, look)
    makers = sorted(tallies.items())
    print("\n".join(columns((_HEAD, *((maker, *tally.cells()) for maker, tally in makers)))))
    for look in seen:
        print("".join(f"  {wrong}\n" for wrong in look.complaints()), end="")
    sys.stdout.flush()
    return seen


async def _tried(beds: Beds, name: str) -> list[Seen]:
    bed = beds.made(name)
    reference = bed.stack.reference(environment=dict(bed.variables), name=name)
    folder = beds.folder / f"{name}-ours"
    folder.mkdir()
    async with corrector_of(reference, cache=folder / "cache", folder=folder) as ours:
        trial = Trial(bed, ours, refreshing=True)
        seen = [await trial.look()]
        for injected in bed.rounds:
            seen += [await trial.drift(injected), await trial.look()]
        return seen


def _table(seen: Iterable[Seen]) -> Iterable[str]:
    tallies: dict[str, Tally] = {}
    for one in seen:
        _count(tallies, one)
    total = Tally()
    for tally in tallies.values():
        total.types |= tally.types
        total.counts += tally.counts
    makers = sorted(tallies.items())
    lines = [(maker, *tally.cells()) for maker, tally in makers]
    return columns((_HEAD, *lines, (f"{len(makers)} makers", *total.cells())))


def _count(tallies: dict[str, Tally], seen: Seen) -> None:
    wrong, broken = _addresses(seen.wrong_paths()), _addresses(seen.wrongs)
    by_hand = {one.address for one in seen.injected if one.by_hand}
    everything = seen.expected | seen.planned.keys() | seen.refreshed | set(seen.false())
    for address in everything:
        maker, kind = _maker(address)
        tally = tallies.setdefault(maker, Tally())
        was = address in seen.expected
        if was:
            tally.types.add(kind)
        tally.counts += Counter(
            {
                "injected": was,
                "found": was and address in seen.found,
                "lost": address in seen.lost(),
                "false": address in seen.false(),
                "wrong": address in wrong,
                "corrected": seen.corrected and was and address not in broken | by_hand,
                "plan found": was and address in seen.planned,
                "plan false": not was and address in seen.planned,
                "refresh found": was and address in seen.refreshed,
                "refresh false": not was and address in seen.refreshed,
            }
        )


def _addresses(complaints: Iterable[str]) -> set[str]:
    return {complaint.partition(":")[0] for complaint in complaints}


def _maker(address: str) -> tuple[str, str]:
    """Return the maker of an object and its type."""
    if address in _OF_DATA:
        return _OF_DATA[address]
    kind = parse_address(address).type
    return _MAKERS[kind.partition("_")[0]], kind


if __name__ == "__main__":
    sys.exit(main())
