"""The soak of alerts, small: real processes, killed between sending and noting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.alerts import alert_loop

pytestmark = pytest.mark.slow


def test_no_alert_is_lost_when_the_sender_is_killed_before_it_notes_what_it_sent(
    tmp_path: Path,
) -> None:
    assert alert_loop(tmp_path, count=50, every=25, seed=3) == 0
