"""Starts one of the two apps of the terminal benchmark, ours as `trueup tui` does."""

from __future__ import annotations

import sys

from tui.garbage import COLLECTING


def start(which: str, count: int) -> None:
    """Run one of the two apps; what it imports counts as its start."""
    if which == "peer":
        from tests.bench import tui_peer  # noqa: PLC0415 - ours does not wait for it

        tui_peer.main(count)
    else:
        COLLECTING.wait()
        from tests.bench import tui_child  # noqa: PLC0415 - imported without looking for garbage

        tui_child.main(count)


if __name__ == "__main__":
    start(sys.argv[1], int(sys.argv[2]))
