"""Whatever Apprise knows: a message for each state of an alert, from a process of its own.

Apprise makes its own connections and waits for them, so it never runs in the daemon: its process
has the address of one channel, no file and no program to start, and is killed when it takes long.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.notices import Notice, NoticeKind
from reconciler.notify.statuses import REDIRECT, check_status, wait_of
from reconciler.notify.text import headline, lines, link_lines, worth_telling
from reconciler.own_processes import argv_of, bare_environment

_PROGRAM: Final = "from reconciler.notify.apprise_worker import main; main()"
_WITHIN_S: Final = 60.0
_PASSED: Final = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
_MOST_LINES: Final = 200
_TYPES: Final = {"critical": "failure", "high": "failure", "medium": "warning"}
_INERT: Final = str.maketrans({"@": "\uff20", "<": "\u2039", ">": "\u203a", "`": "'"})


class ByApprise:
    """Implements `ports.Notifier`; `url` is Apprise's, and a secret."""

    def __init__(self, name: str, url: str) -> None:
        self._name = name
        self._url = url

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Send a message, unless the last one said the same. See `Notifier.show`."""
        seen = worth_telling(notice)
        if receipt.get("seen") != seen:
            question = _question(self._name, self._url, message_of(notice))
            _check(self._name, await _asked(self._name, question))
        return {"seen": seen}

    async def close(self) -> None:
        """Nothing is kept open."""


def open_apprise(name: str, url: str) -> ByApprise:
    """Return what sends to `url` through Apprise, which has read and accepted it.

    Raises:
        PermanentError: Apprise is not installed, cannot read the address, or would use more than
            HTTPS for it.
        RetryableError: it could not be asked.
    """
    if importlib.util.find_spec("apprise") is None:
        raise PermanentError(
            f"channel {name} is of kind apprise, and Apprise is not installed",
            remedy="install trueup with the extra: `pipx install 'trueup[apprise]'`",
        )
    try:
        ended = subprocess.run(
            argv_of(_PROGRAM), input=_question(name, url, None), capture_output=True, check=False,
            cwd="/", env=_environment(), timeout=_WITHIN_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RetryableError(
            f"channel {name}: Apprise could not be asked ({type(error).__name__})"
        ) from None
    _check(name, ended.stdout)
    return ByApprise(name, url)


def message_of(notice: Notice) -> dict[str, str]:
    """Return the message. Each service has a markup of its own, so no name keeps what any takes."""
    every = [_inert(line) for line in lines(notice)]
    cut = [*every[:_MOST_LINES], *(["..."] if len(every) > _MOST_LINES else [])]
    links = link_lines(notice)
    return {
        "title": _inert(headline(notice)),
        "body": "\n".join([*cut, *([""] if links else []), *links]),
        "type": _type(notice),
    }


def _type(notice: Notice) -> str:
    if notice.is_ignored:
        return "info"
    if notice.is_over or notice.kind is NoticeKind.HEARTBEAT:
        return "success"
    return _TYPES.get(notice.severity, "info")


def _inert(text: str) -> str:
    """Return `text` without mentions, tags, links and code of any service's markup."""
    arrows = text.replace(" -> ", " \u2192 ")
    return arrows.replace("](", "] (").replace("]:", "] :").translate(_INERT)


async def _asked(name: str, question: bytes) -> bytes:
    try:
        process = await asyncio.create_subprocess_exec(
            *argv_of(_PROGRAM),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, cwd="/", env=_environment(),
        )  # fmt: skip
    except OSError as error:
        raise RetryableError(f"channel {name}: Apprise cannot start: {error.strerror}") from None
    try:
        async with asyncio.timeout(_WITHIN_S):
            answer, _ = await process.communicate(question)
    except TimeoutError:
        raise RetryableError(f"channel {name}: its service took too long") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return answer


def _question(name: str, url: str, message: Mapping[str, str] | None) -> bytes:
    asked: dict[str, Any] = {"channel": name, "url": url}
    return json.dumps(asked if message is None else {**asked, "message": message}).encode()


def _environment() -> Mapping[str, str]:
    passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
    # Else a password for the service's host would be taken from the user's own list.
    return {**bare_environment(), **passed, "NETRC": os.devnull}


def _check(name: str, answer: bytes) -> None:
    """Return where all went well.

    Raises:
        PermanentError: the address, or what it leads to, is refused; or the service refuses.
        RetryableError: the service is away, slow or failing; `ChannelBusyError` for 429.
    """
    try:
        came = json.loads(answer)
    except ValueError:
        raise RetryableError(f"channel {name}: Apprise ended before it answered") from None
    if "refused" in came:
        raise PermanentError(str(came["refused"]), remedy=came["remedy"])
    if "failed" not in came:
        return
    status = came["status"]
    if status is None or status < REDIRECT:
        raise RetryableError(f"channel {name}: its service took no message ({came['failed']})")
    check_status(
        f"channel {name}: its service answered {status}",
        status,
        after=wait_of(came["retry_after"] or "", now=datetime.now(UTC)),
        redirected="set the final address",
        refused="check the address that the channel has, and its key",
    )
