"""What the daemon's log never holds raw, and how often it says the same."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from reconciler.bootstrap.logs import set_up_logs


@pytest.fixture
def set_up() -> Iterator[None]:
    handlers = logging.getLogger().handlers[:]
    set_up_logs()
    yield
    structlog.reset_defaults()
    for handler in logging.getLogger().handlers[:]:
        if handler not in handlers:
            logging.getLogger().removeHandler(handler)


@pytest.mark.usefixtures("set_up")
def test_what_a_terminal_obeys_is_escaped_and_still_the_same_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "a\u202eb\x9bc\u2066d\x7f"
    set_up_logs()
    structlog.get_logger().info("scan_finished", error=text)
    line = capsys.readouterr().err
    assert json.loads(line)["error"] == text
    assert line.isascii()


@pytest.mark.usefixtures("set_up")
def test_a_library_says_the_same_a_few_times_a_minute(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs()
    for _ in range(1000):
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("another.library").error("something else")
    lines = capsys.readouterr().err.splitlines()
    assert lines.count("uvicorn.error: WARNING") == 10
    assert "another.library: ERROR" in lines
