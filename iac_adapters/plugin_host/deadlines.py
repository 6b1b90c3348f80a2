"""How long a provider may take before it counts as silent, as the environment says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from reconciler.domain.errors import PermanentError

READ_S: Final = 60.0
CONFIGURE_S: Final = 60.0


def read_deadline_s(environment: Mapping[str, str]) -> float:
    """Return how many seconds one resource may take: 60, or what TRUEUP_READ_DEADLINE says.

    Raises:
        PermanentError: it is not a number of seconds above 0.
    """
    return seconds_of("TRUEUP_READ_DEADLINE", environment, READ_S)


def configure_deadline_s(environment: Mapping[str, str]) -> float:
    """Return how many seconds a provider may take to accept its configuration.

    That is 60, or what TRUEUP_CONFIGURE_DEADLINE says.

    Raises:
        PermanentError: it is not a number of seconds above 0.
    """
    return seconds_of("TRUEUP_CONFIGURE_DEADLINE", environment, CONFIGURE_S)


def seconds_of(name: str, environment: Mapping[str, str], default: float) -> float:
    """Return how many seconds the variable `name` gives.

    Raises:
        PermanentError: it is not a number of seconds above 0.
    """
    text = environment.get(name) or str(default)
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if 0 < seconds < math.inf:
        return seconds
    raise PermanentError(
        f"{name}: {text[:40]!r} is not a number of seconds",
        remedy=f"give it a number above 0, or unset it: {default:g} seconds is the default",
    )
