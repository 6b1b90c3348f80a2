"""From when a report is, as it is written on the command line."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Ask


@pytest.mark.parametrize("since", ["999999999d", "9" * 30 + "d", "yesterday", "2026-13-01"])
def test_a_span_that_cannot_be_is_refused(ask: Ask, since: str) -> None:
    said = ask("report", "--since", since)
    assert said.code == 1
    assert said.err.startswith("error: Invalid value: ")
    assert since in said.err


def test_a_span_that_ends_after_every_date_is_refused(ask: Ask) -> None:
    said = ask("snooze", "aws_eip.a", "--for", "3000000d", "--reason", "later")
    assert said.code == 1
    assert "'3000000d' is further away than any date" in said.err
