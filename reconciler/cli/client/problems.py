"""What the daemon's refusals mean to a person: a sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.cli.paint import safe
from reconciler.client.errors import DeniedError, UnreachableError
from reconciler.domain.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PermanentError,
    ReconcilerError,
    RetryableError,
)

__all__ = ["DeniedError", "UnreachableError", "problem_error"]
_TYPE: Final = "urn:trueup:problem:"
_MOST_SHOWN: Final = 8
_REMEDIES: Final = {
    "plan-digest-mismatch": "the plan has changed; look at it again with `trueup remediation ID`",
    "not-awaiting": "`trueup remediation ID` says where it stands",
    "moved-on": "look again, and decide on what is there now",
    "stack-busy": "wait until the correction that runs has ended; see `trueup runs`",
    "already-healed": "there is nothing left to correct",
    "from-config": "it comes from trueup.toml; change it there and restart the daemon",
    "name-taken": "choose another name",
}
_HttpStatus = int


def problem_error(status: _HttpStatus, body: Mapping[str, Any], *, origin: str) -> ReconcilerError:
    """Return a problem document as an error; `origin` is where the token came from."""
    code = str(body.get("type", "")).removeprefix(_TYPE)
    message = _message(body) or f"the daemon refused it (status {status})"
    remedy = _line(body.get("remedy")) or _REMEDIES.get(code)
    if status == 401:  # noqa: PLR2004
        return DeniedError(
            f"the daemon does not accept the token from {origin}",
            remedy="set TRUEUP_TOKEN to one it knows; an admin makes one with `trueup token add`",
        )
    if status == 403:  # noqa: PLR2004
        return DeniedError(
            f"{message} (with the token from {origin})",
            remedy=remedy or "an admin makes tokens of another role with `trueup token add`",
        )
    if status == 409:  # noqa: PLR2004
        return ConflictError(message, code=code, remedy=remedy)
    return _CLASSES.get(status, PermanentError)(message, remedy=remedy)


_CLASSES: Final[Mapping[_HttpStatus, Callable[..., ReconcilerError]]] = {
    400: InvalidError,
    404: NotFoundError,
    422: InvalidError,
    429: RetryableError,
    500: RetryableError,
    503: RetryableError,
}


def _message(body: Mapping[str, Any]) -> str:
    first = _line(body.get("detail")) or _line(body.get("title"))
    listed = body.get("errors")
    problems = listed if isinstance(listed, list) else []
    lines = [line for one in problems[:_MOST_SHOWN] if (line := _field_problem(one))]
    if len(problems) > _MOST_SHOWN:
        lines.append(f"... and {len(problems) - _MOST_SHOWN} more")
    return "\n  ".join([first, *lines])


def _field_problem(one: object) -> str:
    """Write one entry of `errors`, whichever of the customary names its parts have."""
    if not isinstance(one, Mapping):
        return _line(one)
    place = one.get("field") or one.get("path") or one.get("loc") or ""
    where = ".".join(map(str, place)) if isinstance(place, list) else str(place)
    what = one.get("message") or one.get("msg") or one.get("detail") or ""
    return ": ".join(safe(part) for part in (where, str(what)) if part)


def _line(text: object) -> str:
    return safe(" ".join(text.split())) if isinstance(text, str) else ""
