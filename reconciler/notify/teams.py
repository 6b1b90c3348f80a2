"""Microsoft Teams, by a workflow that posts what it is sent as an adaptive card.

https://learn.microsoft.com/power-automate/teams/overview: 202 for a good one; a message has at
most 28 KB. A card cannot be edited afterwards, so only what is worth telling is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from reconciler.domain.notices import Notice
from reconciler.notify.http import Poster, Reply, json_headers, not_the_service
from reconciler.notify.text import headline, lines, worth_telling

_LONGEST_TEXT: Final = 6000
"""Characters; escaped as JSON, they stay below what a message may have."""
_MOST_LINES: Final = 80
"""Each is a block of its own, of some 120 bytes."""
_FAILED: Final = b"message delivery failed"
"""What older connectors answer with 200 where Teams took no message."""
_COLOURS: Final = {"critical": "attention", "high": "attention", "medium": "warning"}


class Teams:
    """Implements `ports.Notifier`."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Post a card, unless the last one said the same. See `Notifier.show`."""
        seen = worth_telling(notice)
        if receipt.get("seen") != seen:
            # In ASCII: what is escaped is six bytes a character, and the limit is in bytes.
            content = json.dumps(message_of(notice)).encode()
            reply = await self._poster.call("POST", "", content=content, headers=json_headers())
            if _is_page(reply) or _FAILED in reply.body:
                raise not_the_service(self._poster.name, reply.status)
        return {"seen": seen}

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()


def message_of(notice: Notice) -> dict[str, Any]:
    """Return the message with its card. Text runs are shown as they are, without Markdown."""
    every = list(lines(notice))
    text = "\n".join([*every[:_MOST_LINES], *(["..."] if len(every) > _MOST_LINES else [])])
    if len(json.dumps(text)) > _LONGEST_TEXT:
        text = f"{_cut(text)}\n..."
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            _block(headline(notice), weight="bolder", size="medium", color=_colour(notice)),
            *(_block(line, fontType="monospace", size="small") for line in text.split("\n")),
        ],
    }
    if notice.links and not notice.is_over:
        card["actions"] = [
            {"type": "Action.OpenUrl", "title": link.text, "url": link.href}
            for link in notice.links
        ]
    content_type = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": content_type, "content": card}]}


def _colour(notice: Notice) -> str:
    # Green would say of drift that is ignored that it is gone.
    if notice.is_ignored:
        return "default"
    return "good" if notice.is_over else _COLOURS.get(notice.severity, "default")


def _is_page(reply: Reply) -> bool:
    return str(reply.headers.get("content-type", "")).startswith("text/html")


def _block(text: str, **style: str) -> dict[str, Any]:
    runs = [{"type": "TextRun", "text": text or " ", **style}]
    return {"type": "RichTextBlock", "spacing": "none", "inlines": runs}


def _cut(text: str) -> str:
    """Return as much of `text` as fits once it is escaped."""
    kept = text
    while len(json.dumps(kept)) > _LONGEST_TEXT:
        kept = kept[: len(kept) * 3 // 4]
    return kept
