"""What `trueup doctor` says of channels: only the daemon knows how they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.cli.client.api import as_received
from reconciler.cli.failing_channels import (
    failing,
    failing_lines,
    tested_lines,
    unmatched_lines,
)
from reconciler.cli.invocation import Invocation, conversation
from reconciler.cli.labels import text_of
from reconciler.domain.errors import ReconcilerError
from reconciler.settings import Settings
from reconciler.wire import models as wire
from reconciler.wire import routes


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels as the daemon has them; `unknown` says why that could not be asked."""

    found: Sequence[wire.Channel] = ()
    lines: Sequence[str] = ()
    unknown: str | None = None

    def document(self) -> list[object] | None:
        """Return what a program reads: the channels as in the API, None where that is unknown."""
        return None if self.unknown else [as_received(channel) for channel in self.found]


def survey_channels(settings: Settings) -> Channels:
    """Return how the channels stand; none are asked for where the settings name none."""
    if not settings.channels:
        return Channels()
    names = ", ".join(channel.name for channel in settings.channels)
    try:
        with conversation(None) as invocation:
            found = invocation.api.listed(routes.LIST_CHANNELS).items
            return Channels(found, list(_lines(invocation, found)))
    except ReconcilerError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        return Channels(unknown=f"{names}: how they stand is not known: {error}{remedy}")


def _lines(invocation: Invocation, found: Sequence[wire.Channel]) -> Iterator[str]:
    troubled = failing(found)
    names = {channel.name for channel in troubled}
    names |= {channel.name for channel in found if channel.failed_test is not None}
    if well := [text_of(channel.name) for channel in found if channel.name not in names]:
        yield f"{invocation.paint('good', 'no failures')}  {', '.join(well)}"
    yield from failing_lines(invocation, troubled)
    yield from tested_lines(invocation, found)
    yield from unmatched_lines(invocation, found)
