"""How the daemon logs: one line per event on stderr, JSON where nobody watches."""

from __future__ import annotations

import logging
import re
import sys
from collections import deque
from typing import Final

import orjson
import structlog

_UNSAFE: Final = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""What a terminal obeys or what turns a line around: JSON may have it raw, a log may not."""
_LEVEL: Final = logging.INFO
_MOST_A_MINUTE: Final = 10
_MINUTE_S: Final = 60.0


def set_up_logs() -> None:
    """Send the daemon's events to stderr; other libraries' warnings go there too."""
    watched = sys.stderr.isatty()
    last: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=watched)
        if watched
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVEL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries may put a request's values into their messages: only that they spoke is kept.
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(levelname)s", force=True)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_Seldom())


class _Seldom(logging.Filter):
    """Lets a library say the same no more than a few times a minute: anybody may provoke it."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, int], deque[float]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether `record` is written."""
        times = self._said.setdefault((record.name, record.levelno), deque(maxlen=_MOST_A_MINUTE))
        if len(times) == _MOST_A_MINUTE and record.created - times[0] < _MINUTE_S:
            return False
        times.append(record.created)
        return True


def _json(event: object, **_options: object) -> str:
    line = orjson.dumps(event, default=str).decode()
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", line)
