"""The address that a channel's messages end with: of a console, or of a runbook. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Final
from urllib.parse import quote

from reconciler.domain.errors import InvalidError
from reconciler.domain.notices import Notice

_NAMES: Final = ("alert_id", "finding_id", "stack", "type")


def check_link(template: str) -> str:
    """Return `template` if it can be filled in.

    Raises:
        InvalidError: it is no web address, or names something else than we know.
    """
    remedy = f"write https://HOST/PATH, with any of {', '.join(f'{{{name}}}' for name in _NAMES)}"
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise InvalidError(f"{template!r} has braces that do not match", remedy=remedy) from None
    plain = all(
        name is None or (name in _NAMES and not spec and not conversion)
        for _, name, spec, conversion in parts
    )
    is_printable = template.isprintable() and " " not in template
    if not template.startswith(("https://", "http://")) or not plain or not is_printable:
        raise InvalidError(f"{template!r} is no address that can be filled in", remedy=remedy)
    return template


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
