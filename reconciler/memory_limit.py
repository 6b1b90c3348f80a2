"""A limit on the memory of this process, where the system has one."""

from __future__ import annotations

import contextlib
import resource


def limit_memory(most_bytes: int) -> None:
    """Let this process allocate at most so much from now on.

    macOS refuses the limit; there it goes on without one.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = most_bytes if hard == resource.RLIM_INFINITY else min(hard, most_bytes)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
