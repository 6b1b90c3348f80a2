"""Moments as options name them: a span from now, or an RFC 3339 time."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from reconciler.durations import read_duration


def moment_given(
    context: click.Context | None, parameter: click.Parameter | None, text: str | None
) -> str | None:
    """Take `2h` as that long from now, and an RFC 3339 time as itself.

    Raises:
        click.BadParameter: it is neither, or it has passed.
    """
    del context, parameter
    if text is None:
        return None
    now = datetime.now(UTC)
    at = _read(text, now, ahead=True)
    if at <= now:
        raise click.BadParameter(f"{text!r} is in the past")
    return at.isoformat(timespec="seconds")


def moment_past(
    context: click.Context | None, parameter: click.Parameter | None, text: str | None
) -> str | None:
    """Take `30d` as that long ago, and an RFC 3339 time as itself.

    Raises:
        click.BadParameter: it is neither, or it has not come yet.
    """
    del context, parameter
    return None if text is None else past(text)


def past(text: str) -> str:
    """Return the moment that `30d` or an RFC 3339 time says.

    Raises:
        click.BadParameter: it is neither, or it has not come yet.
    """
    now = datetime.now(UTC)
    at = _read(text, now, ahead=False)
    if at > now:
        raise click.BadParameter(f"{text!r} is in the future")
    return at.isoformat(timespec="seconds")


def _read(text: str, now: datetime, *, ahead: bool) -> datetime:
    try:
        span = read_duration(text)
    except ValueError:
        return _written(text)
    try:
        return now + span if ahead else now - span
    except OverflowError:
        raise click.BadParameter(f"{text!r} is further away than any date") from None


def _written(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is not a time; write 2h, 3d or 2026-05-01T10:00:00Z"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
