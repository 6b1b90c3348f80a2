"""The addresses that messages end with: of a console or a runbook, and of the API. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Final
from urllib.parse import quote, urlsplit

from reconciler.domain.errors import InvalidError
from reconciler.domain.notices import Link, Notice

_ENDS_A_LINK: Final = frozenset('<>"|\\^`[] ')
"""What ends a link in Markdown, Slack's markup, Jira's or HTML."""
_NAMES: Final = ("alert_id", "finding_id", "stack", "type")


def check_link(template: str) -> str:
    """Return `template` if it can be filled in.

    Raises:
        InvalidError: it is no web address, or names something else than we know.
    """
    # No address in these words: in an error about trueup.toml it would be masked.
    remedy = f"write any of {', '.join(f'{{{name}}}' for name in _NAMES)}"
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise InvalidError("a link whose braces do not match", remedy=remedy) from None
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in _NAMES:
            raise InvalidError(f"a link has no {{{name}}}", remedy=remedy)
        if spec or conversion:
            raise InvalidError(f"a link takes {{{name}}} without `!` or `:` in it", remedy=remedy)
    if not _is_web_address(template):
        raise InvalidError(
            "a link is the address of a web page", remedy="begin it with https or http, and a host"
        )
    return template


def check_web_address(url: str) -> str:
    """Return `url`, without a slash at its end, if it is an address that paths can be added to.

    Raises:
        InvalidError: it is no web address, or has a query or a fragment.
    """
    if not _is_web_address(url) or set(url) & set("?#{}"):
        raise InvalidError(
            f"{url!r} is no web address", remedy="write https://HOST or https://HOST/PATH"
        )
    return url.rstrip("/")


def links_of(notice: Notice, *, template: str | None, public_url: str | None) -> tuple[Link, ...]:
    """Return the links of a notice: what the channel is configured to link, and the API."""
    links = []
    if template is not None:
        href = link_of(template, notice)
        links.append(Link(urlsplit(href).hostname or "link", href))
    if public_url is not None:
        links.append(Link("API", f"{public_url}{api_path(notice)}"))
    return tuple(links)


def api_path(notice: Notice) -> str:
    """Return where the API has the alert."""
    return f"/api/v1/alerts/{quote(notice.alert_id, safe='')}"


def _is_web_address(url: str) -> bool:
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    is_safe = url.isprintable() and url.isascii() and not _ENDS_A_LINK & set(url)
    return url.startswith(("https://", "http://")) and bool(host) and is_safe


def link_of(template: str, notice: Notice) -> str:
    """Return the address for a notice; names are quoted, since others may have written them."""
    first = notice.members[0] if notice.members else None
    values: Mapping[str, str] = {
        "alert_id": notice.alert_id,
        "finding_id": (first and first.finding_id) or "",
        "stack": first.stack if first else "",
        "type": first.type if first else "",
    }
    return template.format(**{name: quote(value, safe="") for name, value in values.items()})
