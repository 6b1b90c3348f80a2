"""The Pulumi half of the demo before the daemon: deployed, scanned, beside the CLI's own check."""

from __future__ import annotations

import statistics
from typing import Final

from demo.narration import Narrator, StepError, expect
from demo.pulumi_stage import COURIER, NOTICES, STACK, PulumiStage, provider_path
from demo.stage import scanned

_PASSES: Final = 3


def deploy_both(made: PulumiStage, narrator: Narrator) -> None:
    """Bring both projects about with the real CLI."""
    with narrator.step(f"deploying two Pulumi stacks with the real pulumi {made.version}"):
        partner, sender, _ = made.secrets
        for project in (COURIER, NOTICES):
            made.pulumi(project, "stack", "init", STACK)
        _configure(made, COURIER, "table", str(made.table))
        if path := provider_path(made):
            _configure(made, COURIER, "provider", path)
        _configure(made, COURIER, "partnerKey", partner, "--secret")
        _configure(made, NOTICES, "senderKey", sender, "--secret")
        for project in (COURIER, NOTICES):
            made.pulumi(project, "up", "--yes", "--skip-preview", "--stack", STACK)
        narrator.item("courier: Python, the real AWS provider bridged, a file on this machine")
        narrator.item("notices: YAML, the same provider")


def scan_both(made: PulumiStage, narrator: Narrator) -> None:
    """Find nothing where nothing was touched."""
    with narrator.step("trueup scan: both as they were deployed (first scan, nothing cached)"):
        for project, options in ((COURIER, ("--dynamic-providers",)), (NOTICES, ())):
            ran = made.stage.trueup("scan", project, "--json", *options, may_end=(0, 2))
            (stack,) = scanned(ran)
            if stack["findings"] or stack["unreadable"]:
                raise StepError(f"{project}: found what nobody did: {stack['findings']}")
            expect(told=0, seen=ran.exit_code, what="exit code")
            expect(told="pulumi", seen=stack["tool"], what="tool")
            narrator.say(f"{project}: {stack['counts']['resources']} resources, no drift")


def scan_beside(made: PulumiStage, narrator: Narrator) -> None:
    """Re-check warm, and let the CLI check the same."""
    with narrator.step("a warm re-check beside pulumi refresh --preview-only"):
        for project, options in ((COURIER, ("--dynamic-providers",)), (NOTICES, ())):
            repeat = ("--repeat", str(_PASSES), "--every", "1s")
            passes = scanned(made.stage.trueup("scan", project, "--json", *repeat, *options))
            warm = statistics.median(one["timing_ms"]["total"] / 1000 for one in passes[1:])
            theirs = made.pulumi(
                project, "refresh", "--preview-only", "--expect-no-changes", "--stack", STACK,
                may_end=(0, 7),
            )  # fmt: skip
            narrator.row(f"{project}: pulumi refresh --preview-only", f"{theirs.seconds:.2f} s")
            narrator.row(f"{project}: trueup, warm re-check", f"{warm:.3f} s")
            narrator.row(f"{project}: ratio", f"{theirs.seconds / warm:.0f}x")


def _configure(made: PulumiStage, project: str, key: str, value: str, *options: str) -> None:
    made.pulumi(project, "config", "set", key, value, "--stack", STACK, *options)
