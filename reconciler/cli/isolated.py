"""What is in quarantine, as several commands show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.cli.client.api import Api
from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import text_of, wrapped
from reconciler.domain.errors import NotFoundError
from reconciler.wire import models as wire
from reconciler.wire import routes


def open_quarantines(api: Api) -> Sequence[wire.Quarantine]:
    """Return every quarantine that is not released; an older daemon knows none."""
    try:
        return api.listed(routes.LIST_QUARANTINES, state="open").items
    except NotFoundError:
        return ()


def quarantine_lines(
    invocation: Invocation, quarantines: Iterable[wire.Quarantine]
) -> Iterator[str]:
    """Yield what is isolated, until when, and how it ends; first of all what came back."""
    for quarantine in quarantines:
        names = ", ".join(map(text_of, quarantine.isolates))
        until = invocation.ahead(quarantine.expires_at)
        word = "NOT ISOLATED: quarantine" if quarantine.reconnected_at else "QUARANTINE"
        head = (
            f"{word} of {text_of(quarantine.stack)}/{names} by {text_of(quarantine.driver)},"
            f" released {until}"
        )
        reason = f": {text_of(quarantine.note)}" if quarantine.note else ""
        yield from wrapped(head + reason, indent="", paint=invocation.paint,
                           style="medium")  # fmt: skip
        yield f"to connect it again now: trueup release {invocation.id(quarantine.id)}"
