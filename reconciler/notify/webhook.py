"""A generic receiver: CloudEvents 1.0 as JSON, signed as Standard Webhooks describes.

https://github.com/cloudevents/spec (structured mode) and https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from reconciler.domain.errors import InvalidError
from reconciler.domain.notices import Notice
from reconciler.notify.http import Poster, json_headers
from reconciler.notify.text import headline, lines

_PREFIX: Final = "whsec_"
_LEAST_KEY, _LONGEST_KEY = 24, 64


class Webhook:
    """Implements `ports.Notifier`; each of `keys` signs, and `now` gives seconds since 1970."""

    def __init__(self, poster: Poster, keys: Sequence[bytes], *, now: Callable[[], float]) -> None:
        self._poster = poster
        self._keys = keys
        self._now = now

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Send the alert as it is now. See `Notifier.show`."""
        del receipt  # every message stands for itself: its id says which alert and revision
        body = json.dumps(event_of(notice), ensure_ascii=False).encode()
        headers = {"content-type": "application/cloudevents+json; charset=utf-8"}
        message_id = f"{notice.alert_id}.{notice.revision}"
        if self._keys:
            moment = str(int(self._now()))
            headers |= {
                "webhook-id": message_id,
                "webhook-timestamp": moment,
                "webhook-signature": signatures(self._keys, message_id, moment, body),
            }
        await self._poster.post("", body, json_headers(headers))
        return {"id": message_id}

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()


def key_of(secret: str) -> bytes:
    """Return the key that `secret` stands for: `whsec_`, then 24 to 64 bytes in base64.

    Source: github.com/standard-webhooks/standard-webhooks, spec, "Symmetric signatures". Its
    libraries decode what stands behind the prefix.

    Raises:
        InvalidError: it is something else.
    """
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _LEAST_KEY <= len(key) <= _LONGEST_KEY:
        raise InvalidError(
            f"is not `{_PREFIX}` and {_LEAST_KEY} to {_LONGEST_KEY} bytes in base64, as Standard"
            " Webhooks has it",
            remedy=f'make one for both sides: echo "{_PREFIX}$(openssl rand -base64 32)"',
        )
    return key


def signatures(keys: Iterable[bytes], message_id: str, moment: str, body: bytes) -> str:
    """Return the value of `webhook-signature`: that of each key, with spaces between them."""
    signed = f"{message_id}.{moment}.".encode() + body
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


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
