"""Slack: one message per alert in one room, edited in place.

https://api.slack.com/methods/chat.postMessage and chat.update; both answer 200 with `ok`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.notices import Notice
from reconciler.domain.slack_buttons import APPROVE, REJECT, SlackButtons
from reconciler.notify.http import Poster, json_headers, not_the_service
from reconciler.notify.text import headline, lines, safe

_LONGEST_TEXT: Final = 2900
"""A section block takes 3,000 characters."""
_MOST_DECISIONS: Final = 5
_LATER: Final = frozenset(
    {"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
_GONE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class Slack:
    """Implements `ports.Notifier`."""

    def __init__(
        self, poster: Poster, token: str, room: str, buttons: SlackButtons | None = None
    ) -> None:
        self._poster = poster
        self._token = token
        self._room = room
        self._buttons = buttons

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Post, or edit what was posted. See `Notifier.show`."""
        message = message_of(notice, self._buttons)
        if "ts" in receipt:
            edited = {**message, "channel": receipt["channel"], "ts": receipt["ts"]}
            answer = await self._call("chat.update", edited)
            if answer.get("ok"):
                return receipt
            if answer.get("error") not in _GONE:
                self._refuse(answer)
        answer = await self._call("chat.postMessage", {**message, "channel": self._room})
        if not answer.get("ok"):
            self._refuse(answer)
        return {"channel": str(answer.get("channel", self._room)), "ts": str(answer.get("ts"))}

    async def close(self) -> None:
        """Close the connection."""
        await self._poster.close()

    async def _call(self, method: str, body: Mapping[str, Any]) -> dict[str, Any]:
        headers = json_headers({"authorization": f"Bearer {self._token}"})
        content = json.dumps(body, ensure_ascii=False).encode()
        reply = await self._poster.call("POST", f"/api/{method}", content=content, headers=headers)
        answer = reply.json(self._poster.name)
        if not isinstance(answer, dict) or "ok" not in answer:
            raise not_the_service(self._poster.name, reply.status)
        return answer

    def _refuse(self, answer: Mapping[str, Any]) -> None:
        error = str(answer.get("error", "unknown"))[:80]
        if error in _LATER:
            raise RetryableError(f"Slack answered {error}")
        raise PermanentError(
            f"Slack refuses the message: {error}",
            remedy=f"check the token and the room {self._room} of the channel",
        )


def message_of(notice: Notice, buttons: SlackButtons | None = None) -> dict[str, Any]:
    """Return the message; `metadata` has the alert's id, so that two of one alert are known."""
    title = _escaped(headline(notice)).replace("`", "'")
    text = _escaped("\n".join(lines(notice)).replace("```", "'''"))
    if len(text) > _LONGEST_TEXT:
        text = f"{text[:_LONGEST_TEXT]}\n..."
    return {
        "text": title,
        "unfurl_links": False,
        "blocks": [
            _section(f"{_mark(notice)} *{title.replace('*', '')}*"),
            _section(f"```{text}```"),
            *_links(notice),
            *(_decisions(notice, buttons) if buttons else ()),
        ],
        "metadata": {
            "event_type": "trueup_alert",
            "event_payload": {"alert_id": notice.alert_id, "revision": notice.revision},
        },
    }


def _mark(notice: Notice) -> str:
    # A check mark would say of drift that is ignored that it is gone.
    if notice.is_ignored:
        return ":no_bell:"
    return ":white_check_mark:" if notice.is_over else ":warning:"


def _links(notice: Notice) -> Iterator[dict[str, Any]]:
    # Not within the block of code, where Slack shows no link.
    if notice.links and not notice.is_over:
        offered = (f"<{_escaped(link.href)}|{_escaped(link.text)}>" for link in notice.links)
        yield _section(" · ".join(offered))


def _decisions(notice: Notice, buttons: SlackButtons) -> Iterator[dict[str, Any]]:
    """Yield for each plan that waits the buttons that decide about exactly this plan."""
    waiting = {member.awaiting: member.asked for member in notice.members if member.awaiting}
    for (remediation_id, plan_digest), asked in list(waiting.items())[:_MOST_DECISIONS]:
        value = buttons.value_of(remediation_id, plan_digest)
        short = f"{remediation_id[:8]}, plan {plan_digest[:8]}"
        said = (safe(each, longest=_LONGEST_TEXT + 1) for each in asked)
        told = _escaped("\n".join(said).replace("```", "'''"))
        approve = [_button(f"Approve {short}", APPROVE, value, "primary")]
        if len(told) > _LONGEST_TEXT:
            # Nobody approves in a message what does not fit into it.
            told = f"too much for a message: trueup remediation {remediation_id}"
            approve = []
        yield _section(f"```{told}```")
        elements = [*approve, _button("Reject", REJECT, value, "danger")]
        yield {"type": "actions", "elements": elements}


def _button(text: str, action: str, value: str, style: str) -> dict[str, Any]:
    shown = {"type": "plain_text", "text": text}
    return {
        "type": "button", "text": shown, "action_id": action, "value": value, "style": style,
    }  # fmt: skip


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _escaped(text: str) -> str:
    """Return `text` as Slack shows it, so that no name mentions or links anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
