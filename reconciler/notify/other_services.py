"""Addresses of services that no message of a webhook is for: each has a kind of its own. Pure."""

from __future__ import annotations

from typing import Final

_OF_APPRISE: Final = 'set kind = "apprise", with its address of Apprise in `url_file`'
_BY_HOST: Final = {
    "hooks.slack.com": (
        "Slack, which shows no CloudEvents",
        "write slack://TOKEN/ROOM, with the token of an app that has chat:write",
    ),
    "events.pagerduty.com": ("PagerDuty", "write pagerduty://ROUTING_KEY"),
    "events.eu.pagerduty.com": ("PagerDuty", "write pagerduty://ROUTING_KEY?region=eu"),
    "discord.com": ("Discord, which shows no CloudEvents", _OF_APPRISE),
    "webhook.office.com": (
        "Microsoft Teams, which shows no CloudEvents",
        "make a workflow, and write its address with msteams:// in front",
    ),
}


def other_service(host: str) -> tuple[str, str] | None:
    """Return whose `host` is, and what to write instead; None where it may be a webhook's.

    Such a service refuses each message, or takes it and shows nothing.
    """
    for known, said in _BY_HOST.items():
        if host == known or host.endswith(f".{known}"):
            return said
    return None
