"""PagerDuty, Events API v2: one incident per alert, resolved when the cause is gone.

https://developer.pagerduty.com/docs/events-api-v2/overview: `dedup_key` has at most 255
characters, `summary` 1,024, the whole 512 KB; a resolved key opens a new incident.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from reconciler.domain.notices import Notice
from reconciler.notify.http import Poster, json_headers
from reconciler.notify.text import headline, lines, safe

_LONGEST_SUMMARY: Final = 1024
_SEVERITIES: Final = {
    "critical": "critical", "high": "error", "medium": "warning", "low": "info",
}  # fmt: skip


class PagerDuty:
    """Implements `ports.Notifier`."""

    def __init__(self, poster: Poster, routing_key: str) -> None:
        self._poster = poster
        self._routing_key = routing_key

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Trigger or resolve. See `Notifier.show`."""
        del receipt  # the alert's id is the key
        body = {"routing_key": self._routing_key, **event_of(notice)}
        content = json.dumps(body, ensure_ascii=False).encode()
        await self._poster.post("/v2/enqueue", content, json_headers())
        return {"dedup_key": notice.alert_id}

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()


def event_of(notice: Notice) -> dict[str, Any]:
    """Return the event without the routing key."""
    if notice.is_over:
        return {"event_action": "resolve", "dedup_key": notice.alert_id}
    return {
        "event_action": "trigger",
        "dedup_key": notice.alert_id,
        "payload": {
            "summary": safe(headline(notice), longest=_LONGEST_SUMMARY),
            "source": ", ".join(notice.stacks)[:_LONGEST_SUMMARY] or "trueup",
            "severity": _SEVERITIES[notice.severity],
            "timestamp": notice.opened_at.isoformat(),
            "component": notice.members[0].type if notice.members else "drift",
            "custom_details": {
                "drifted": notice.still_open,
                "text": "\n".join(lines(notice)),
                "commands": list(notice.commands),
            },
        },
    }
