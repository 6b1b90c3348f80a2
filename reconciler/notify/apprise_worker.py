"""Apprise's own process: reads one message from stdin, writes to stdout what came of it.

Asked is `{"channel", "url"}`, and `"message"` where one is to be sent; answered is `{}`,
`{"refused", "remedy"}` or `{"failed", "status", "retry_after"}`. No answer holds the address.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import apprise
from apprise.manager_plugins import NotificationManager

from reconciler.domain.errors import PermanentError
from reconciler.domain.loopback import is_loopback
from reconciler.memory_limit import limit_memory
from reconciler.notify.apprise_guard import Guard, guard
from reconciler.notify.forbidden import refuse_literal

LONGEST_S: Final = 45
"""After which this process ends by itself, even if the daemon is gone."""
_MOST_MEMORY_BYTES: Final = 2**30
_OWN: Final = {
    "pagerduty": "pagerduty://ROUTING_KEY, as Apprise cannot resolve an incident",
    "mailto": "smtp://USER:PASSWORD@HOST?from=A&to=B, which keeps to TLS and to threads",
    "mailtos": "smtps://USER:PASSWORD@HOST?from=A&to=B, which keeps to threads",
}
_FILES: Final = ("template", "keyfile", "subfile", "attach", "pgpkey")
_FOREIGN: Final = ("socket", "smtplib", "subprocess", "ctypes", "syslog")


def main() -> None:
    """Answer once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the daemon's to handle
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LONGEST_S)
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))  # a core would hold the address
    limit_memory(_MOST_MEMORY_BYTES)  # a service may answer without end
    answers, sys.stdout = sys.stdout, sys.stderr
    logging.disable()
    asked = json.loads(sys.stdin.buffer.read())
    answers.write(json.dumps(answer_to(asked)))
    answers.flush()
    os._exit(0)  # a plug-in's thread may wait for its service


def answer_to(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what came of checking the address, and of sending where there is a message."""
    channel = str(asked["channel"])
    try:
        _plugins().schemas()  # loads every plug-in, and what each needs
        keeper = guard(channel)
        service = _service(channel, str(asked["url"]), keeper)
    except PermanentError as error:
        return _refused(error)
    if "message" not in asked:
        return {}
    try:
        is_sent = _sent(service, asked["message"])
    except Exception as error:  # noqa: BLE001 - a plug-in may raise whatever it likes
        is_sent, problem = False, type(error).__name__
    else:
        problem = "it was not taken"
    if is_sent:
        return {}
    if keeper.refusal is not None:
        return _refused(keeper.refusal)
    return {"failed": problem, "status": keeper.status, "retry_after": keeper.retry_after}


def _service(channel: str, url: str, keeper: Guard) -> apprise.NotifyBase:
    scheme = url.partition("://")[0].lower()
    _check_scheme(channel, scheme)
    try:
        service = apprise.Apprise.instantiate(url, asset=_asset())
        named = {name.lower() for name in parse_qs(urlsplit(url).query, keep_blank_values=True)}
    except Exception:  # noqa: BLE001 - as above
        service, named = None, set()
    if not isinstance(service, apprise.NotifyBase):
        raise keeper.refusal or PermanentError(
            f"channel {channel} has an address that Apprise cannot read as {scheme}://",
            remedy=f"correct it; {_help(scheme)}",
        )
    for name in _FILES:
        if name in named:
            raise PermanentError(
                f"channel {channel} has `{name}` in its address, which names a file",
                remedy="remove it",
            )
    if not service.verify_certificate:
        raise PermanentError(
            f"channel {channel} does not check certificates", remedy="remove `verify`"
        )
    host = str(service.host or "").strip("[]") if _names_host(service) else ""
    if host:
        refuse_literal(channel, host)
    _check_secure(channel, scheme, service, host)
    service.overflow_mode = apprise.OverflowMode.TRUNCATE  # one message a state, not several
    return service


def _check_scheme(channel: str, scheme: str) -> None:
    """Return where the plug-in of the scheme speaks HTTP, and no other way of ours is better."""
    if scheme in _OWN:
        raise PermanentError(
            f"channel {channel}: {scheme}:// is not sent by Apprise",
            remedy=f"remove `kind` and use {_OWN[scheme]}",
        )
    plugins = _plugins()
    if scheme not in plugins:
        raise PermanentError(
            f"channel {channel}: Apprise knows no {scheme[:20]}://",
            remedy="copy the address from the page of the service at https://appriseit.com/services",
        )
    plugin = plugins[scheme]
    if _speaks_http(plugin):
        if plugin.enabled:
            return
        raise PermanentError(
            f"channel {channel}: {scheme}:// needs packages that are not installed",
            remedy=f"install them beside Apprise; {_help(scheme)}",
        )
    raise PermanentError(
        f"channel {channel}: {scheme}:// reaches its service by something else than HTTP",
        remedy="use another service: what runs programs, reads files or opens connections of its"
        " own is refused",
    )


def _speaks_http(plugin: type) -> bool:
    """Whether the plug-in's modules use `requests`, and nothing that reaches out otherwise."""
    used: set[str] = set()
    for part in plugin.__mro__:
        if part.__module__.startswith("apprise.plugins.") and part is not apprise.NotifyBase:
            used |= vars(sys.modules[part.__module__]).keys() & {"requests", *_FOREIGN}
    return used == {"requests"}


def _check_secure(channel: str, scheme: str, service: apprise.NotifyBase, host: str) -> None:
    of_plugin: str | Iterable[str] | None = service.secure_protocol
    secure = (of_plugin,) if isinstance(of_plugin, str) else tuple(of_plugin or ())
    if secure and scheme not in secure and not is_loopback(host):
        raise PermanentError(
            f"channel {channel} sends what drifted over the network unencrypted",
            remedy=f"write {secure[0]}:// instead of {scheme}://",
        )


def _names_host(service: apprise.NotifyBase) -> bool:
    templates: Iterable[str] = service.templates
    return any("{host}" in template for template in templates)


def _plugins() -> Any:
    return NotificationManager()  # type: ignore[no-untyped-call]  # it has no types


def _help(scheme: str) -> str:
    place = _plugins()[scheme].setup_url
    return f"see {place or 'https://appriseit.com/services'}"


def _asset() -> apprise.AppriseAsset:
    return apprise.AppriseAsset(
        app_id="trueup", app_desc="trueup", app_url="", async_mode=False, http_redirects=False,
        interpret_emojis=False, pgp_autogen=False, pem_autogen=False, storage_mode="memory",
    )  # fmt: skip


def _sent(service: apprise.NotifyBase, message: Mapping[str, str]) -> bool:
    several = apprise.Apprise(asset=service.asset)
    several.add(service)
    return bool(
        several.notify(
            body=message["body"],
            title=message["title"],
            notify_type=message["type"],
            body_format=apprise.NotifyFormat.TEXT,
            interpret_escapes=False,
        )
    )


def _refused(error: PermanentError) -> dict[str, Any]:
    return {"refused": str(error), "remedy": error.remedy}
