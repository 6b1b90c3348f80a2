"""How a plugin process can fail its host.

No message carries what the plugin wrote on stderr, which may hold secrets. There are two
exceptions: the first line of a Go panic, which names the programming error, and the last
line of a plugin that ended at its start, before it was told any configuration.
"""

from __future__ import annotations

from iac_adapters.plugin_host.grpc_status import StatusCode
from reconciler.domain.errors import PermanentError, RetryableError


class PluginStartError(PermanentError):
    """The program did not become a plugin: missing, wrong, mute or gone at once."""


class PluginCrashed(RetryableError):  # noqa: N818 - named by what happened
    """The process ended while it was needed; a new one may do better.

    `exit_code` is negative for a signal and None while the system has not told.
    """

    def __init__(
        self, message: str, *, exit_code: int | None = None, panic: str | None = None
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.panic = panic


class PluginTimeout(RetryableError):  # noqa: N818
    """A call outlived its deadline; the process itself may be well."""


class PluginRefused(RetryableError):  # noqa: N818
    """The process answered a call with a gRPC status instead of a response."""

    def __init__(self, message: str, *, code: StatusCode, details: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.details = details
