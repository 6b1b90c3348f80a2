"""The stacks onto the simulated cloud, at the same time, by the real tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Final

from demo.commands import end_children
from demo.host import deploy_host
from demo.isolating import deploy_frontdoor
from demo.narration import Narrator, StepError
from demo.pulumi_stage import STACK, PulumiStage, provider_path
from demo.stage import COURIER, FRONTDOOR, HOSTS, WEBSHOP, Stage
from tests.worlds.deploy import APPLY

_LEAST_RESOURCES: Final = 15


def deploy(stage: Stage, made: PulumiStage, narrator: Narrator) -> None:
    """Bring the stacks about; they have nothing to wait for in each other."""
    title = f"Deploy four stacks: {stage.tool.name} {stage.tool.version}, pulumi {made.version}"
    with narrator.step(title):
        _together(
            (
                lambda: _deploy_webshop(stage),
                lambda: _deploy_courier(made),
                lambda: deploy_frontdoor(stage),
                lambda: deploy_host(made),
            )
        )
        resources = json.loads((stage.directory / "terraform.tfstate").read_text())["resources"]
        managed = [resource for resource in resources if resource["mode"] == "managed"]
        if len(managed) < _LEAST_RESOURCES:
            raise StepError(f"only {len(managed)} resources were deployed")
        narrator.item(f"{WEBSHOP}: Terraform code, {len(managed)} AWS resources")
        narrator.item(f"{COURIER}: a Python program for Pulumi, AWS and a file on this machine")
        narrator.item(f"{FRONTDOOR}: Terraform code, a server behind a load balancer")
        narrator.item(f"{HOSTS}: a Python program for Pulumi, what a host has to be")


def _together(tasks: Sequence[Callable[[], None]]) -> None:
    """Run all at once; where one fails, or we are interrupted, end what the others started."""
    with ThreadPoolExecutor(len(tasks)) as threads:
        running = [threads.submit(task) for task in tasks]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
            for future in running:
                if future.done():
                    future.result()
        except BaseException:
            end_children()
            raise


def _deploy_webshop(stage: Stage) -> None:
    stage.run_tool("init", "-no-color", "-input=false")
    stage.run_tool(*APPLY)


def _deploy_courier(made: PulumiStage) -> None:
    made.offer_provider()
    made.pulumi("stack", "init", STACK)
    settings = [f"--plaintext=table={made.table}", f"--secret=partnerKey={made.partner_key}"]
    if path := provider_path(made):
        settings.append(f"--plaintext=provider={path}")
    made.pulumi("config", "set-all", "--stack", STACK, *settings)
    made.pulumi("up", "--yes", "--skip-preview", "--stack", STACK)
