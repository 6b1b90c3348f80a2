"""Deployed Pulumi stacks to measure on: the real CLI, the real AWS provider, a simulated cloud."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.bench.ours import BenchError
from tests.simulator import running_simulator
from tests.worlds.pulumi.shop import Shop, deploy_yaml
from tests.worlds.pulumi.tools import find_aws_provider, find_tools

SIZES: Final = {"pair": 2, "nine": 9}
"""How many resources each stack has, providers and the stack itself aside."""


@contextmanager
def pulumi_ground(stack: str) -> Iterator[Shop]:
    """Deploy `stack` on a simulator of its own; everything is gone afterwards.

    Raises:
        BenchError: the CLI, the bridge or an offline AWS provider is missing.
    """
    tools, provider = find_tools(os.environ), find_aws_provider()
    if tools is None or provider is None:
        raise BenchError("pulumi, the Terraform bridge or an offline AWS provider is not here")
    with running_simulator() as cloud, TemporaryDirectory(prefix="trueup-bench-") as folder:
        yield deploy_yaml(
            stack, Path(folder), tools=tools, provider=provider, endpoint=cloud.endpoint
        )
