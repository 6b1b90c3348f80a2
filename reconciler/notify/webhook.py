"""A generic receiver: CloudEvents 1.0 as JSON, signed as Standard Webhooks describes.

https://github.com/cloudevents/spec (structured mode) and https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from reconciler.domain.notices import Notice
from reconciler.notify.http import Poster, json_headers
from reconciler.notify.text import headline, lines


class Webhook:
    """Implements `ports.Notifier`; `secret` signs, and `now` gives seconds since 1970."""

    def __init__(self, poster: Poster, secret: str | None, *, now: Callable[[], float]) -> None:
        self._poster = poster
        self._secret = secret
        self._now = now

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Send the alert as it is now. See `Notifier.show`."""
        del receipt  # every message stands for itself: its id says which alert and revision
        body = json.dumps(event_of(notice), ensure_ascii=False).encode()
        headers = {"content-type": "application/cloudevents+json; charset=utf-8"}
        message_id = f"{notice.alert_id}.{notice.revision}"
        if self._secret is not None:
            moment = str(int(self._now()))
            headers |= {
                "webhook-id": message_id,
                "webhook-timestamp": moment,
                "webhook-signature": signature(self._secret, message_id, moment, body),
            }
        await self._poster.post("", body, json_headers(headers))
        return {"id": message_id}

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()


def signature(secret: str, message_id: str, moment: str, body: bytes) -> str:
    """Return the value of `webhook-signature`."""
    signed = f"{message_id}.{moment}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def event_of(notice: Notice) -> dict[str, Any]:
    """Return the alert as a CloudEvent; its `subject` is the same for every revision."""
    return {
        "specversion": "1.0",
        "id": f"{notice.alert_id}.{notice.revision}",
        "source": "trueup",
        "type": f"trueup.{notice.kind.value}.{notice.state.value}",
        "subject": notice.alert_id,
        "time": notice.changed_at.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "headline": headline(notice),
            "text": "\n".join(lines(notice)),
            "severity": notice.severity,
            "opened_at": notice.opened_at.isoformat(),
            "total": notice.total,
            "still_open": notice.still_open,
            "stacks": list(notice.stacks),
            "links": [asdict(link) for link in notice.links],
            "members": [asdict(member) for member in notice.members],
        },
    }
