"""One error that stands for what a provider's diagnostics say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from iac_adapters.plugin_host.provider_errors import Cause, ProviderError, cause_of, remedy_for

_ERROR: Final = 1


class Diagnostic(Protocol):
    """The part of the protocol's Diagnostic that is read here; severity 1 is an error."""

    severity: int
    summary: str
    detail: str


def provider_error(diagnostics: Iterable[Diagnostic]) -> ProviderError | None:
    """Return one error that stands for all error diagnostics; None when there is none.

    The shown words are those of the first error; the cause is read from all of them.
    """
    errors = [diagnostic for diagnostic in diagnostics if diagnostic.severity == _ERROR]
    if not errors:
        return None
    first = errors[0]
    cause = cause_of("\n".join(f"{error.summary}\n{error.detail}" for error in errors))
    return ProviderError(
        first.summary or "the provider reported an error without a message",
        first.detail,
        cause is Cause.THROTTLED,
        cause is Cause.EXPIRED_CREDENTIALS,
        cause=cause,
        remedy=remedy_for(cause),
    )
