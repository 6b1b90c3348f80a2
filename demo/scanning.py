"""`trueup scan` on stacks that nobody touched, and the tools' own checks beside it."""

from __future__ import annotations

import statistics
from typing import Any, Final

from demo.narration import Narrator, StepError, expect
from demo.pulumi_stage import STACK, PulumiStage
from demo.stage import COURIER, WEBSHOP, Stage, scanned

_DRIFT: Final = 2
_PULUMI_DRIFT: Final = 7
_PASSES: Final = 3


def scan_untouched(stage: Stage, narrator: Narrator) -> dict[str, float]:
    """Find nothing where nothing was touched, leave no trace; return each warm re-check's time."""
    with narrator.step(f"Scan them, untouched: trueup scan --repeat {_PASSES}"):
        before = stage.traces()
        ran = stage.trueup("scan", "--json", "--repeat", str(_PASSES), "--every", "1s",
                           may_end=(0, _DRIFT))  # fmt: skip
        passes = scanned(ran)
        expect(expected=_PASSES, seen=len(passes), what="passes")
        for seen in passes:
            _nothing_found(seen)
        expect(expected=0, seen=ran.exit_code, what="exit code")
        expect(expected=before, seen=stage.traces(), what="digest of the stacks' directories")
        warm = {name: _warm_s(passes, name) for name in (WEBSHOP, COURIER)}
        for name, seconds in warm.items():
            count = passes[0][name]["counts"]["resources"]
            first = passes[0][name]["timing_ms"]["total"] / 1000
            narrator.say(
                f"{name}: {count} resources, no drift;"
                f" first scan {first:.1f} s, then {seconds:.2f} s each"
            )
        narrator.say("exit code 0; nothing was written into the stacks' directories")
    return warm


def check_beside(
    stage: Stage, made: PulumiStage, narrator: Narrator, warm: dict[str, float]
) -> None:
    """Let the tools check the same, and print both times."""
    with narrator.step("The same check by the tools themselves"):
        theirs = stage.run_tool(
            "plan", "-refresh-only", "-lock=false", "-no-color", "-detailed-exitcode",
            may_end=(0, _DRIFT),
        )  # fmt: skip
        command = f"{stage.tool.name} plan -refresh-only"
        narrator.compare(command, theirs=theirs.seconds, ours=warm[WEBSHOP])
        if theirs.exit_code == _DRIFT:
            narrator.say(f"{stage.tool.name} reports drift, although nobody touched anything")
        theirs = made.pulumi(
            "refresh", "--preview-only", "--expect-no-changes", "--stack", STACK,
            may_end=(0, _PULUMI_DRIFT),
        )  # fmt: skip
        command = "pulumi refresh --preview-only"
        narrator.compare(command, theirs=theirs.seconds, ours=warm[COURIER])


def _nothing_found(seen: dict[str, dict[str, Any]]) -> None:
    for name, stack in seen.items():
        if stack["findings"] or stack["unreadable"]:
            raise StepError(
                f"{name}: found what nobody did: {stack['findings'] or stack['unreadable']}"
            )


def _warm_s(passes: list[dict[str, dict[str, Any]]], name: str) -> float:
    return statistics.median(float(scan[name]["timing_ms"]["total"]) / 1000 for scan in passes[1:])
