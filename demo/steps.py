"""The steps of the demo, in their order. Each does one thing and checks that it came out."""

from __future__ import annotations

import os
import secrets
import statistics
import sys
from pathlib import Path
from typing import Final

from demo.findings import check_found
from demo.narration import Narrator, StepError, expect
from demo.stage import Stage, scan_environment, scanned
from iac_adapters.terraform.executable import TERRAFORM, TOFU, Executable, locate
from reconciler.mirrors import provider_mirrors
from tests.simulator import Simulator, copy_stack, tool_environment
from tests.worlds.deploy import APPLY, STACKS, write_provider_file

STACK: Final = "demo"
_LEAST_RESOURCES: Final = 15
_DRIFT: Final = 2
_PASSES: Final = 3


def find_tools(narrator: Narrator) -> Executable:
    """Return terraform, or tofu where there is none.

    Raises:
        StepError: there is neither.
    """
    with narrator.step("finding the tools"):
        tool = locate(TERRAFORM, os.environ) or locate(TOFU, os.environ)
        if tool is None:
            raise StepError(
                "neither terraform nor tofu is here; `make setup TOOLS=all` builds tofu"
            )
        narrator.say(f"{tool.name} {tool.version}")
        mirrors = len(provider_mirrors(os.environ))
        narrator.say(
            f"provider plugins: {mirrors} offline mirror{'s' if mirrors != 1 else ''}"
            if mirrors
            else "provider plugins: from their registry, no offline mirror is here"
        )
    return tool


def set_stage(tool: Executable, simulator: Simulator, own_folder: Path) -> Stage:
    """Return a stage with the stack's code in a folder of the demo's own; nothing is deployed."""
    directory = copy_stack(STACKS / STACK, own_folder / "webshop")
    write_provider_file(STACK, directory)
    first, second = (f"{word}-{secrets.token_hex(8)}" for word in ("payment", "stolen"))
    variables = tool_environment(tool.name, endpoint=simulator.endpoint, folder=own_folder)
    environment = scan_environment(
        variables, own_folder=own_folder, tool=tool, coloured=sys.stdout.isatty()
    )
    return Stage(
        tool=tool,
        simulator=simulator,
        directory=directory,
        own_folder=own_folder,
        environment={**environment, "TF_VAR_payment_key": first},
        secrets=(first, second),
    )


def deploy(stage: Stage, narrator: Narrator) -> None:
    """Apply the stack with the real tool."""
    with narrator.step(f"deploying the webshop with the real {stage.tool.name} (half a minute)"):
        stage.run_tool("init", "-no-color", "-input=false")
        stage.run_tool(*APPLY)
        listed = stage.run_tool("state", "list").stdout.split()
        if len(listed) < _LEAST_RESOURCES:
            raise StepError(f"only {len(listed)} resources were deployed")
        types = len({address.split(".")[0] for address in listed})
        narrator.say(f"{len(listed)} resources of {types} types are up")


def scan_untouched(stage: Stage, narrator: Narrator) -> None:
    """Find nothing where nothing was touched, and leave no trace."""
    with narrator.step("trueup scan: the stack as it was deployed (first scan, nothing cached)"):
        before = stage.traces()
        ran = stage.scan("--json")
        (stack,) = scanned(ran)
        expect(told=0, seen=ran.exit_code, what="exit code")
        check_found(stack, (), stage.directory)
        expect(told=before, seen=stage.traces(), what="digest of the stack's directory")
        counts = stack["counts"]
        narrator.say(
            f"exit code 0: {counts['resources']} resources, no drift;"
            f" asked by {stack['obtained_by']}, nothing was written"
        )


def scan_warm(stage: Stage, narrator: Narrator) -> float:
    """Return the seconds of a re-check by a process that stays warm."""
    with narrator.step(f"trueup scan --repeat {_PASSES}: re-checks by a process that stays warm"):
        passes = scanned(stage.scan("--json", "--repeat", str(_PASSES), "--every", "1s"))
        expect(told=_PASSES, seen=len(passes), what="passes")
        for stack in passes:
            check_found(stack, (), stage.directory)
        totals = [float(stack["timing_ms"]["total"]) / 1000 for stack in passes]
        warm = statistics.median(totals[1:])
        times = ", ".join(f"{seconds:.2f} s" for seconds in totals)
        narrator.say(f"nothing found in every pass: {times}")
    return warm


def plan_beside(stage: Stage, narrator: Narrator, warm_s: float) -> None:
    """Let the stock tool check the same, and print both times."""
    with narrator.step(f"the same check by {stage.tool.name} plan -refresh-only"):
        ran = stage.run_tool(
            "plan", "-refresh-only", "-lock=false", "-no-color", "-detailed-exitcode",
            may_end=(0, _DRIFT),
        )  # fmt: skip
        if ran.exit_code == _DRIFT:
            narrator.say(f"{stage.tool.name} calls it drift, although nobody touched anything")
        narrator.row(f"{stage.tool.name} plan -refresh-only", f"{ran.seconds:.2f} s")
        narrator.row("trueup, warm re-check", f"{warm_s:.2f} s")
        narrator.row("ratio", f"{ran.seconds / warm_s:.1f}x")


def check_secrets(stage: Stage, narrator: Narrator, more: tuple[str, ...] = ()) -> None:
    """Look for every value of every secret in all that trueup printed and keeps."""
    with narrator.step("looking for the secrets, old and new, in all trueup printed and keeps"):
        printed = "\n".join(stage.printed).encode()
        kept = [
            path
            for name in ("cache", "config", "data", "state")
            for path in (stage.own_folder / name).rglob("*")
            if path.is_file()
        ]
        for secret in (one.encode() for one in (*stage.secrets, *more)):
            if secret in printed:
                raise StepError("a secret was printed in clear")
            for path in kept:
                if secret in path.read_bytes():
                    raise StepError(f"{path.name} holds a secret in clear")
        narrator.say(f"not in {len(printed)} bytes printed, nor in {len(kept)} files kept")


def scan_again(stage: Stage, narrator: Narrator) -> None:
    """Find nothing once all is right again."""
    with narrator.step("trueup scan: is all as it was told to be?"):
        shown = stage.scan(as_terminal=True)
        narrator.quote(shown.stdout)
        expect(told=0, seen=shown.exit_code, what="exit code")
