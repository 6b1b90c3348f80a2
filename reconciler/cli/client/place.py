"""Where the daemon answers, and the token to show it there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from reconciler.client.daemon import Daemon, is_loopback
from reconciler.domain.errors import PermanentError

if TYPE_CHECKING:
    from reconciler.settings import Settings

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
            to another host in clear.
    """
    told = wanted.server or environment.get("TRUEUP_SERVER")
    url = _checked(told) if told else _listening(_settings(wanted.config, environment, here))
    token, origin = _token(wanted, environment, here, url=url)
    if not _TOKEN.fullmatch(token):
        raise PermanentError(
            f"what {origin} holds is no token", remedy="a token is one line, such as tu_ab12.secret"
        )
    return Daemon(url=url, token=token, token_origin=origin)


def _checked(url: str) -> str:
    """Return `url` without its last slash, if a token may be sent there."""
    parts = _parts(url)
    if parts is None:
        raise PermanentError(
            "the server given is no address of a daemon",
            remedy="write it as https://host:port, or http://127.0.0.1:8427 for this machine",
        )
    if parts.scheme == "http" and not _loopback(parts):
        raise PermanentError(
            f"a token is not sent to {parts.hostname} in clear",
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


def _listening(settings: Settings) -> str:
    host, _, port = settings.daemon.listen.rpartition(":")
    return _checked(f"http://{_ANY_ADDRESS.get(host, host)}:{port}")


def _token(
    wanted: Wanted, environment: Mapping[str, str], here: Path, *, url: str
) -> tuple[str, str]:
    """Return the token and where it came from."""
    if wanted.token_file:
        return _read(wanted.token_file), str(wanted.token_file)
    if token := environment.get("TRUEUP_TOKEN", "").strip():
        return token, "TRUEUP_TOKEN"
    if not _loopback(urlsplit(url)):
        raise PermanentError(
            f"there is no token for {url}", remedy="set TRUEUP_TOKEN, or name a --token-file"
        )
    from reconciler.settings import data_directory  # noqa: PLC0415 - only where nobody said it

    settings = _settings(wanted.config, environment, here)
    file = data_directory(settings, environment) / ADMIN_TOKEN_FILE
    if not file.exists():
        raise PermanentError(
            f"there is no token: {file} is not there",
            remedy="start the daemon with `trueup serve`, set TRUEUP_TOKEN, or name a --token-file",
        )
    return _read(file), str(file)


_LONGEST_TOKEN: Final = 4096
_NAME_A_TOKEN: Final = "set TRUEUP_TOKEN to a token of your own, or name a --token-file"  # noqa: S105


def _read(file: Path) -> str:
    try:
        # A pipe would be waited for without an end, and a huge file fill the memory.
        if not file.is_dir() and not file.is_file() and file.exists():
            raise PermanentError(f"{file}: is not a regular file", remedy=_NAME_A_TOKEN)
        with file.open(encoding="ascii") as stream:
            return stream.read(_LONGEST_TOKEN).strip()
    except OSError as error:
        raise PermanentError(
            f"{file}: {error.strerror or 'it cannot be read'}",
            remedy=_NAME_A_TOKEN,
        ) from error
    except UnicodeDecodeError as error:
        raise PermanentError(f"what {file} holds is no token") from error


def _settings(config: Path | None, environment: Mapping[str, str], here: Path) -> Settings:
    # Half of the time a short command takes would go into this import.
    from reconciler.settings import find_settings_file, load_settings  # noqa: PLC0415

    return load_settings(config or find_settings_file(here, environment), environment)
