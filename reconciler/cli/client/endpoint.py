"""Where the daemon answers, and the token to show it there."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from reconciler.cli.client.problems import no_daemon
from reconciler.client.daemon import Daemon
from reconciler.domain.errors import PermanentError
from reconciler.domain.loopback import is_loopback
from reconciler.settings_location import DaemonEndpoint, daemon_endpoint, find_settings_file

__all__ = ["Daemon", "Wanted", "find_daemon"]
ADMIN_TOKEN_FILE: Final = "admin.token"  # noqa: S105 - the name of a file
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,512}")
_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - what is replaced


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says about it; `config` is the settings file to go by."""

    server: str | None = None
    token_file: Path | None = None
    config: Path | None = None


def find_daemon(wanted: Wanted, *, environment: Mapping[str, str], here: Path) -> Daemon:
    """Return the daemon to talk to.

    The settings are read only for what nobody said. The token on this machine's disk is
    shown to this machine's daemon only.

    Raises:
        PermanentError: no usable address, no usable token, or one that would have to go
            to another host unencrypted.
    """
    url, origin = _url(wanted, environment, here)
    token, token_origin = _token(wanted, environment, here, url=url, origin=origin)
    if not _TOKEN.fullmatch(token):
        raise PermanentError(
            f"{token_origin} does not contain a token",
            remedy="a token is one line, such as tu_ab12.secret",
        )
    return Daemon(url=url, token=token, token_origin=token_origin, origin=origin)


def _url(wanted: Wanted, environment: Mapping[str, str], here: Path) -> tuple[str, str]:
    """Return where the daemon is, and where that was said."""
    if wanted.server:
        return _checked(wanted.server), "from --server"
    if environment.get("TRUEUP_SERVER"):
        return _checked(environment["TRUEUP_SERVER"]), "from TRUEUP_SERVER"
    file = wanted.config or find_settings_file(here, environment)
    host, _, port = _place(file, environment).listen.rpartition(":")
    url = _checked(f"http://{_ANY_ADDRESS.get(host, host)}:{port}")
    if file is None:
        return url, "the default; no trueup.toml was found here or above"
    return url, f"from {os.path.relpath(file, here)}"


def _checked(url: str) -> str:
    """Return `url` without its last slash, if a token may be sent there."""
    parts = _parts(url)
    if parts is None:
        raise PermanentError(
            "the server given is not a valid URL",
            remedy="write it as https://host:port, or http://127.0.0.1:8427 for this machine",
        )
    if parts.scheme == "http" and not _loopback(parts):
        raise PermanentError(
            f"a token is not sent to {parts.hostname} without encryption",
            remedy="use https, or a tunnel that ends on 127.0.0.1",
        )
    return url.rstrip("/")


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a plain address of a host, and None of anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    more = parts.username or parts.password or parts.query or parts.fragment
    return parts if usable and not more and url.isascii() and url.isprintable() else None


def _loopback(parts: SplitResult) -> bool:
    return is_loopback(parts.hostname or "")


def _token(
    wanted: Wanted, environment: Mapping[str, str], here: Path, *, url: str, origin: str
) -> tuple[str, str]:
    """Return the token and where it came from."""
    if wanted.token_file:
        return _read(wanted.token_file), str(wanted.token_file)
    if token := environment.get("TRUEUP_TOKEN", "").strip():
        return token, "TRUEUP_TOKEN"
    if not _loopback(urlsplit(url)):
        raise PermanentError(
            f"there is no token for {url}", remedy="set TRUEUP_TOKEN or --token-file"
        )
    found = wanted.config or find_settings_file(here, environment)
    file = _place(found, environment).data_dir / ADMIN_TOKEN_FILE
    if not file.exists():
        if not _listens(url):
            raise no_daemon(url, origin)
        raise PermanentError(
            f"the daemon at {url.removeprefix('http://')} needs a token, and {file} does not exist",
            remedy="set TRUEUP_TOKEN or --token-file; or run this where its trueup.toml is",
        )
    return _read(file), str(file)


_PROBE_S: Final = 1.0
_LONGEST_TOKEN: Final = 4096
_NAME_A_TOKEN: Final = "set TRUEUP_TOKEN to a token of your own, or --token-file"  # noqa: S105


def _read(file: Path) -> str:
    try:
        # A pipe would be waited for without an end, and a huge file fill the memory.
        if not file.is_dir() and not file.is_file() and file.exists():
            raise PermanentError(f"{file} is not a regular file", remedy=_NAME_A_TOKEN)
        with file.open(encoding="ascii") as stream:
            return stream.read(_LONGEST_TOKEN).strip()
    except OSError as error:
        raise PermanentError(
            f"{file}: {error.strerror or 'it cannot be read'}",
            remedy=_NAME_A_TOKEN,
        ) from error
    except UnicodeDecodeError as error:
        raise PermanentError(f"{file} does not contain a token") from error


def _place(file: Path | None, environment: Mapping[str, str]) -> DaemonEndpoint:
    """Return where the daemon is. Raises PermanentError for a file that does not say it."""
    found = daemon_endpoint(file, environment)
    if found is not None:
        return found
    # Half of the time a short command takes would go into this import.
    from reconciler.settings_file import data_directory, load_settings  # noqa: PLC0415

    settings = load_settings(file, environment)
    return DaemonEndpoint(settings.daemon.listen, data_directory(settings, environment))


def _listens(url: str) -> bool:
    """Whether anything takes connections there."""
    import socket  # noqa: PLC0415 - only where the token is missing

    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), _PROBE_S).close()
    except OSError:
        return False
    return True
