"""How the connection is said: stale is only what was once shown."""

from __future__ import annotations

from tui.store.link import Link


def test_a_daemon_that_never_answered_is_not_connected() -> None:
    link = Link()
    for moment in range(4):
        link = link.lost("no daemon runs", "trueup serve", now=float(moment))
    assert link.words(9.0) == "not connected, attempt 4"
    assert link.why_not(9.0) == "not connected, attempt 4"


def test_what_was_shown_before_the_connection_was_cut_is_stale() -> None:
    link = Link("live", 1.0)
    for moment in (3.0, 4.0):
        link = link.lost("cut", "", now=moment)
    assert link.words(5.0) == "stale 2 s, reconnecting 2"
