"""PagerDuty, Events API v2: one incident per alert, resolved when the cause is gone.

https://developer.pagerduty.com/docs/events-api-v2/overview: `dedup_key` has at most 255
characters, `summary` 1,024, the whole 512 KB; a resolved key opens a new incident. Approvals and
corrections are change events, which page nobody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any, Final

import structlog

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.notices import Deed, Notice
from reconciler.notify.http import Poster, json_headers, not_the_service
from reconciler.notify.text import headline, lines, safe
from reconciler.ports import ChannelBusyError, PartlyShownError

_LONGEST_SUMMARY: Final = 1024
_LONGEST_TEXT: Final = 100_000
"""Characters, of four bytes at most: with what is around it, less than 512 KB."""
_MOST_CHANGES: Final = 40
_LEAST_PAUSE: Final = timedelta(minutes=2)
"""PagerDuty counts by the minute, and says not how long to wait."""
_SEVERITIES: Final = {
    "critical": "critical", "high": "error", "medium": "warning", "low": "info",
}  # fmt: skip
_log = structlog.get_logger()


class PagerDuty:
    """Implements `ports.Notifier`."""

    def __init__(self, poster: Poster, routing_key: str) -> None:
        self._poster = poster
        self._routing_key = routing_key

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Trigger, acknowledge or resolve, and tell what was done. See `Notifier.show`."""
        acknowledged = receipt.get("acknowledged") or notice.acknowledged_by
        await self._send("/v2/enqueue", event_of(notice))
        if notice.acknowledged_by and "acknowledged" not in receipt and not notice.is_over:
            await self._send("/v2/enqueue", _action("acknowledge", notice))
        shown = {"dedup_key": notice.alert_id, "changes": receipt.get("changes", "")}
        if acknowledged:
            shown["acknowledged"] = acknowledged
        for deed in self._untold(notice, shown["changes"]):
            try:
                await self._change(deed)
            except RetryableError as error:
                after = error.after if isinstance(error, ChannelBusyError) else None
                raise PartlyShownError(str(error), receipt=shown, after=after) from None
            shown["changes"] = _mark(deed)
        return shown

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()

    def _untold(self, notice: Notice, mark: str) -> Sequence[Deed]:
        """Return the newest of what was done after `mark`: PagerDuty counts events by the minute.

        A mark and no list of keys: an alert that lasts has more deeds than a receipt can hold.
        """
        since = mark.split(" ")
        untold = [deed for deed in notice.deeds if _mark(deed).split(" ") > since]
        left_out = len(untold) - _MOST_CHANGES
        if left_out > 0:
            _log.warning("change_events_left_out", channel=self._poster.name, number=left_out)
        return untold[-_MOST_CHANGES:]

    async def _change(self, deed: Deed) -> None:
        try:
            await self._send("/v2/change/enqueue", change_of(deed))
        except PermanentError as error:
            # It informs, and the incident is as it should be: that one is not given up for it.
            _log.warning("change_event_refused", channel=self._poster.name, reason=str(error))

    async def _send(self, path: str, event: Mapping[str, Any]) -> None:
        body = {"routing_key": self._routing_key, **event}
        content = json.dumps(body, ensure_ascii=False).encode()
        poster = self._poster
        try:
            reply = await poster.call("POST", path, content=content, headers=json_headers())
        except ChannelBusyError as error:
            asked = error.after or _LEAST_PAUSE
            raise ChannelBusyError(str(error), after=max(asked, _LEAST_PAUSE)) from None
        answer = reply.json(poster.name)
        # Else the login page of a proxy would be a page that was sent.
        if not isinstance(answer, dict) or answer.get("status") != "success":
            raise not_the_service(poster.name, reply.status)


def event_of(notice: Notice) -> dict[str, Any]:
    """Return the event without the routing key."""
    if notice.is_over:
        return _action("resolve", notice)
    return {
        **_action("trigger", notice),
        "client": "trueup",
        "links": [{"href": link.href, "text": link.text} for link in notice.links],
        "payload": {
            "summary": safe(headline(notice), longest=_LONGEST_SUMMARY),
            "source": safe(", ".join(notice.stacks), longest=_LONGEST_SUMMARY) or "trueup",
            "severity": _SEVERITIES[notice.severity],
            "timestamp": notice.opened_at.isoformat(),
            "component": notice.members[0].type if notice.members else "drift",
            "custom_details": {
                "drifted": notice.still_open,
                "text": "\n".join(lines(notice))[:_LONGEST_TEXT],
                "commands": list(notice.commands),
            },
        },
    }


def change_of(deed: Deed) -> dict[str, Any]:
    """Return the change event of what was done, without the routing key."""
    return {
        "payload": {
            "summary": safe(deed.summary, longest=_LONGEST_SUMMARY),
            "source": safe(deed.stack),
            "timestamp": deed.at.isoformat(),
            "custom_details": {"remediation": deed.remediation_id},
        },
    }


def _mark(deed: Deed) -> str:
    """Return a deed's place in the order of all."""
    at = deed.at.astimezone(UTC).isoformat(timespec="microseconds")
    return f"{at} {deed.key}"


def _action(action: str, notice: Notice) -> dict[str, Any]:
    return {"event_action": action, "dedup_key": notice.alert_id}
