"""What the address of a channel may begin with: settings are refused by it, with their line."""

from __future__ import annotations

from typing import Final

SERVICES: Final = ("slack", "pagerduty", "msteams", "github", "gitlab", "jira", "servicenow")
"""Each with `+http` as well, for a relay on this host."""
MAIL: Final = ("smtp", "smtps", "mailto", "mailtos")
SCHEMES: Final = frozenset({"https", "http", *MAIL, *SERVICES, *(f"{s}+http" for s in SERVICES)})
SPOKEN: Final = "https, slack, pagerduty, smtp, msteams, github, gitlab, jira or servicenow"
"""The usual ones, as a sentence lists them."""
