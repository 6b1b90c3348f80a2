"""Errors, named by what may happen next."""

from __future__ import annotations


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
    """Nothing was changed, and nothing will be until an input changes."""


class InDoubtError(ReconcilerError):
    """Something may have changed. Only a new observation can tell."""
