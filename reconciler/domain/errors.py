"""Errors, named by what may happen next."""

from __future__ import annotations

from collections.abc import Iterable


class ReconcilerError(Exception):
    """Something a user can understand went wrong.

    `str(error)` names the file, key or resource; `remedy` says what to do. Neither
    ever holds a secret.
    """

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy


class RetryableError(ReconcilerError):
    """Nothing was changed; the same call may succeed later."""


class PermanentError(ReconcilerError):
    """Nothing was changed, and nothing will be until an input changes.

    `about` names the resources that are the reason; it is empty when that is not known.
    """

    def __init__(
        self, message: str, *, remedy: str | None = None, about: Iterable[str] = ()
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.about = frozenset(about)


class InDoubtError(ReconcilerError):
    """Something may have changed. Only a new observation can tell."""


class NotFoundError(PermanentError):
    """Nothing of that name or id is known."""


class ConflictError(PermanentError):
    """It cannot be done to the thing as it stands now; `code` says why in one stable word."""

    def __init__(self, message: str, *, code: str, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.code = code


class InvalidError(PermanentError):
    """What was asked for makes no sense as it is written."""


class StorageError(RetryableError):
    """The database cannot be used (full, read-only, damaged); nothing of the call is left."""
