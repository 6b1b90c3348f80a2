"""How the daemon logs: one line per event on stderr, JSON where nobody watches."""

from __future__ import annotations

import logging
import sys
from typing import Final

import orjson
import structlog

_LEVEL: Final = logging.INFO


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


def _json(event: object, **_options: object) -> str:
    return orjson.dumps(event, default=str).decode()
