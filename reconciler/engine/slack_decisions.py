"""A button in Slack decides as `trueup approve` and `reject` do, in the name of a token's owner."""

from __future__ import annotations

from typing import Final

from reconciler.domain.errors import NotFoundError, ReconcilerError
from reconciler.domain.principals import Permission, Principal
from reconciler.domain.records import Remediation, RemediationId
from reconciler.domain.slack_buttons import APPROVE, OLDEST_S, Press, SlackButtons, read_press
from reconciler.domain.tokens import principal_of
from reconciler.engine.decisions import Through, approve, reject
from reconciler.engine.service import Service

_MOST_REMEMBERED: Final = 10_000


class NotSlackError(ReconcilerError):
    """Slack did not sign it, or signed it too long ago."""


class NotAllowedError(ReconcilerError):
    """Who pressed the button may not decide."""


class SlackDecisions:
    """Takes presses of buttons; each signed request once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._seen: dict[str, float] = {}

    async def take(
        self, channel: str, *, timestamp: str, signature: str, body: bytes
    ) -> Remediation:
        """Approve or reject what the pressed button stands for.

        Raises:
            NotFoundError: the channel has no buttons.
            NotSlackError: Slack did not sign it, or it came before.
            InvalidError: it is no button of ours.
            NotAllowedError: whoever pressed it may not decide.
            ConflictError: the plan is another one now, or nothing awaits a decision.
        """
        buttons = self._buttons(channel)
        self._check(buttons, timestamp=timestamp, signature=signature, body=body)
        press = read_press(body)
        remediation_id, plan_digest = buttons.read_value(press.value)
        who = await self._principal(buttons, press)
        through = Through(channel, {"slack_user": press.user_id, "action": press.action})
        if press.action == APPROVE:
            return await approve(
                self._service,
                RemediationId(remediation_id),
                plan_digest=plan_digest,
                actor=who.subject,
                person=who.person,
                through=through,
            )
        return await reject(
            self._service,
            RemediationId(remediation_id),
            reason=f"rejected in Slack by {who.subject}",
            actor=who.subject,
            plan_digest=plan_digest,
            through=through,
        )

    def _buttons(self, channel: str) -> SlackButtons:
        found = self._service.channels.get(channel)
        if found is None or found.buttons is None:
            raise NotFoundError(f"there is no channel {channel} with buttons")
        return found.buttons

    def _check(self, buttons: SlackButtons, *, timestamp: str, signature: str, body: bytes) -> None:
        now_s = self._service.clock.now().timestamp()
        if not buttons.sent_by_slack(
            timestamp=timestamp, signature=signature, body=body, now_s=now_s
        ):
            raise NotSlackError("Slack did not sign this, or did so more than five minutes ago")
        for known in [key for key, at in self._seen.items() if now_s - at > 2 * OLDEST_S]:
            del self._seen[known]
        if signature in self._seen or len(self._seen) >= _MOST_REMEMBERED:
            raise NotSlackError("this request of Slack has come before")
        self._seen[signature] = now_s

    async def _principal(self, buttons: SlackButtons, press: Press) -> Principal:
        name = buttons.approvers.get(press.user_id)
        if name is None:
            raise NotAllowedError(
                "this user of Slack is not among the channel's approvers",
                remedy=f'add `approvers = {{{press.user_id[:40]} = "NAME"}}` to its [[channel]]',
            )
        token = await self._service.store.read(lambda view: view.tokens.named(name))
        now = self._service.clock.now()
        good = token is not None and (token.expires_at is None or token.expires_at > now)
        if token is None or not good or not principal_of(token).may(Permission.DECIDE):
            raise NotAllowedError(
                f"{name} has no valid token whose role may decide",
                remedy=f"an admin makes one: trueup token add {name} --role approver",
            )
        return principal_of(token)
