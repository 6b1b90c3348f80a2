"""The daemon's API as typed, asynchronous calls and a stream that goes on where it was cut."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from reconciler.client.api import Client
    from reconciler.client.daemon import Daemon
    from reconciler.client.errors import RefusedError, UnreachableError

__all__ = ["Client", "Daemon", "RefusedError", "UnreachableError"]
_PLACES: Final = {
    "Client": "api",
    "Daemon": "daemon",
    "RefusedError": "errors",
    "UnreachableError": "errors",
}


def __getattr__(name: str) -> Any:
    # Late: a command that only needs an address or an error must not load the event loop.
    if name in _PLACES:
        return getattr(import_module(f"reconciler.client.{_PLACES[name]}"), name)
    raise AttributeError(name)
