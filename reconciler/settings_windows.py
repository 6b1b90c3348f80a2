"""Spans of the calendar as `trueup.toml` writes them; apart, since few files have one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from reconciler.domain.errors import InvalidError
from reconciler.domain.windows import Dated, Weekly, read_window
from reconciler.field_rules import Rule


def _window(value: str) -> Weekly | Dated:
    try:
        return read_window(value)
    except InvalidError as error:
        remedy = f"; {error.remedy}" if error.remedy else ""
        message = f"{error}{remedy}"
        raise ValueError(message) from error


if TYPE_CHECKING:
    WindowText = Weekly | Dated
else:
    WindowText = Annotated[str, Rule(check=_window)]
