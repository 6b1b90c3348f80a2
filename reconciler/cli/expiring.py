"""Ignore rules that end soon, as `trueup status` and `trueup ignores` warn of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import text_of
from reconciler.wire import models as wire

_SOON: Final = timedelta(days=7)


def expiring(invocation: Invocation, rules: Iterable[wire.IgnoreRule]) -> Iterator[str]:
    """Yield a line for each rule that has expired or will within a week."""
    now = datetime.now(UTC)
    for rule in rules:
        if not rule.expires_at:
            continue
        left = rule.expires_at - now
        if left <= timedelta():
            text = f"ignore rule {text_of(rule.name)} has expired: remove it from trueup.toml"
        elif left <= _SOON:
            end = invocation.ahead(rule.expires_at)
            text = f"ignore rule {text_of(rule.name)} expires {end}; its findings are open then"
        else:
            continue
        yield invocation.paint("medium", text)
