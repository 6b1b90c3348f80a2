"""Who works on a stack of things: every process that was told of its cloud."""

from __future__ import annotations

import time

import psutil

from tests.patience import PATIENCE_S
from tests.worlds.pulumi.project import PulumiProject


def working_on(stack: PulumiProject) -> list[psutil.Process]:
    """Return the living processes that were told of the stack's cloud."""
    return [one for one in psutil.process_iter() if _cloud_of(one) == str(stack.cloud)]


def left_on(stack: PulumiProject, *, within_s: float = PATIENCE_S) -> list[str]:
    """Return the command lines of what still works on the stack when all should have ended."""
    limit = time.monotonic() + within_s
    while (left := working_on(stack)) and time.monotonic() < limit:
        time.sleep(0.05)
    return [" ".join(words_of(one)) for one in left]


def words_of(process: psutil.Process) -> list[str]:
    """Return its command line; none when it is gone."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _cloud_of(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.environ().get("TRUEUP_THINGS")
    except psutil.Error:
        return None
