"""Decisions by button in Slack: who may, what a button stands for, and whether Slack sent it. Pure.

https://api.slack.com/authentication/verifying-requests-from-slack: the signature is over
`v0:TIMESTAMP:BODY` as it came; what is older than five minutes is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs

from reconciler.domain.errors import InvalidError

APPROVE: Final = "trueup_approve"
REJECT: Final = "trueup_reject"
OLDEST_S: Final = 300
_PARTS: Final = 3


@dataclass(frozen=True, slots=True)
class SlackButtons:
    """What a channel needs for decisions: Slack's signing secret, and who may decide.

    `approvers` names by Slack's user id the token whose role must allow it.
    """

    channel: str
    signing_secret: str = field(repr=False)
    approvers: Mapping[str, str] = field(default_factory=dict)

    def value_of(self, remediation_id: str, plan_digest: str) -> str:
        """Return what a button carries: it stands for this plan of this remediation alone."""
        return f"{remediation_id}.{plan_digest}.{self._mark(remediation_id, plan_digest)}"

    def _mark(self, remediation_id: str, plan_digest: str) -> str:
        said = f"button:{self.channel}:{remediation_id}:{plan_digest}".encode()
        return hmac.new(self.signing_secret.encode(), said, hashlib.sha256).hexdigest()

    def read_value(self, value: str) -> tuple[str, str]:
        """Return the remediation and the digest of its plan that a button stands for.

        Raises:
            InvalidError: no button of this channel carries that.
        """
        parts = value.split(".")
        if len(parts) == _PARTS:
            mark = self._mark(parts[0], parts[1])
            if hmac.compare_digest(mark.encode(), parts[2].encode()):
                return parts[0], parts[1]
        raise InvalidError("no button of this channel carries that value")

    def sent_by_slack(self, *, timestamp: str, signature: str, body: bytes, now_s: float) -> bool:
        """Whether Slack signed `body`, and did so within the last five minutes."""
        if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 16):  # noqa: PLR2004 - no time has more digits
            return False
        signed = b"v0:" + timestamp.encode() + b":" + body
        digest = hmac.new(self.signing_secret.encode(), signed, hashlib.sha256).hexdigest()
        is_right = hmac.compare_digest(f"v0={digest}".encode(), signature.encode())
        return is_right and abs(now_s - int(timestamp)) <= OLDEST_S


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed a button: `action` is `APPROVE` or `REJECT`."""

    user_id: str
    action: str
    value: str


def read_press(body: bytes) -> Press:
    """Return what was pressed. The signature must have been checked before.

    Raises:
        InvalidError: it is no press of one of our buttons.
    """
    try:
        form = parse_qs(body.decode("ascii"), strict_parsing=True, max_num_fields=5)
        payload: Any = json.loads(form["payload"][0])
        (pressed,) = payload["actions"]
        press = Press(payload["user"]["id"], pressed["action_id"], pressed["value"])
        # JSON can escape half of a character, which no encoding and no database takes.
        json.dumps([press.user_id, press.value], ensure_ascii=False).encode()
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise InvalidError("that is no press of a button") from error
    texts = (press.user_id, press.action, press.value)
    if not all(isinstance(text, str) for text in texts) or press.action not in (APPROVE, REJECT):
        raise InvalidError("that is no press of a button of ours")
    return press
