"""What the daemon's refusals mean to a person: a sentence, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from reconciler.cli.paint import safe
from reconciler.client.errors import DeniedError, UnreachableError, no_daemon
from reconciler.domain.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PermanentError,
    ReconcilerError,
    RetryableError,
)
from reconciler.wire.problems import PROBLEM

__all__ = ["DeniedError", "UnreachableError", "no_daemon", "problem_error"]
_MOST_SHOWN: Final = 8
_REMEDIES: Final = {
    "plan-digest-mismatch": "the plan has changed; show the new one: trueup remediation {id}",
    "not-awaiting": "show its state: trueup remediation {id}",
    "moved-on": "show its state: trueup remediation {id}",
    "stack-busy": "wait until the run of this stack has ended: trueup runs",
    "already-healed": "there is nothing left to correct",
    "not-suppressed": "list what is: trueup findings state:ignored",
    "from-config": "it is defined in trueup.toml; change it there, then: trueup reload",
    "name-taken": "choose another name",
}
_HttpStatus = int


def problem_error(status: _HttpStatus, body: Mapping[str, Any], *, origin: str) -> ReconcilerError:
    """Return a problem document as an error; `origin` is where the token came from."""
    code = str(body.get("type", "")).removeprefix(PROBLEM)
    message = _message(body) or f"the daemon refused it (status {status})"
    remedy = _line(body.get("remedy")) or _remedy(code, message)
    if status == 401:  # noqa: PLR2004
        expired = message if code == "token-expired" else None
        return DeniedError(
            f"{expired} (from {origin})"
            if expired
            else f"the daemon does not accept the token from {origin}",
            remedy="set TRUEUP_TOKEN to one it knows; an admin makes one with"
            " `trueup token add NAME --role ROLE`",
        )
    if status == 403:  # noqa: PLR2004
        return DeniedError(
            f"{message} (with the token from {origin})",
            remedy=remedy
            or "an admin makes tokens of another role with `trueup token add NAME --role ROLE`",
        )
    if status == 409:  # noqa: PLR2004
        return ConflictError(message, code=code, remedy=remedy)
    return _CLASSES.get(status, PermanentError)(message, remedy=remedy)


def _remedy(code: str, message: str) -> str | None:
    """Return what to do, with the id that `message` names in place of a placeholder."""
    found = _ID.search(message)
    remedy = _REMEDIES.get(code)
    return remedy.format(id=found.group(1)[:8] if found else "ID") if remedy else None


_ID: Final = re.compile(r"\bremediation ([0-9a-f]{8,})")
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
    lines = [line for problem in problems[:_MOST_SHOWN] if (line := _field_problem(problem))]
    if len(problems) > _MOST_SHOWN:
        lines.append(f"... and {len(problems) - _MOST_SHOWN} more")
    return "\n  ".join([first, *lines])


def _field_problem(problem: object) -> str:
    """Write one entry of `errors`, whichever of the customary names its parts have."""
    if not isinstance(problem, Mapping):
        return _line(problem)
    place = problem.get("field") or problem.get("path") or problem.get("loc") or ""
    where = ".".join(map(str, place)) if isinstance(place, list) else str(place)
    message = problem.get("message") or problem.get("msg") or problem.get("detail") or ""
    return ": ".join(safe(part) for part in (where, str(message)) if part)


def _line(text: object) -> str:
    return safe(" ".join(text.split())) if isinstance(text, str) else ""
