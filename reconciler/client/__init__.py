"""The daemon's API as typed, asynchronous calls and a stream that goes on where it was cut."""

from reconciler.client.api import Client
from reconciler.client.daemon import Daemon
from reconciler.client.errors import RefusedError, UnreachableError

__all__ = ["Client", "Daemon", "RefusedError", "UnreachableError"]
