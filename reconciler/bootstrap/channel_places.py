"""Where a channel is: from trueup.toml, a variable of the environment, or a private file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError
from reconciler.domain.passed_environment import passed_on
from reconciler.settings_channels import ChannelSettings

_LARGEST_FILE: Final = 16 * 2**10


def url_of(channel: ChannelSettings, *, passed: Iterable[str]) -> str:
    """Return the address of the channel, wherever its section says that it stands.

    `passed` are the patterns of the variables that the tools of stacks see.

    Raises:
        PermanentError: there is no address, or others may read it there.
    """
    if channel.url_env is not None:
        return _of_variable(channel.name, channel.url_env, passed)
    if channel.url_file is not None:
        return _of_file(channel.name, channel.url_file)
    return channel.url or ""


def _of_variable(channel: str, name: str, passed: Iterable[str]) -> str:
    if passed_on({name: ""}, passed):
        raise PermanentError(
            f"channel {channel}: `url_env` names {name}, which the tools of stacks can read",
            remedy="name it otherwise, such as CHAT_URL, or use `url_file`",
        )
    if name not in os.environ:
        raise PermanentError(
            f"channel {channel}: the variable {name} of `url_env` is not set",
            remedy="set it where the daemon is started, or use `url_file`",
        )
    return _checked(os.environ[name], f"channel {channel}: the variable {name}")


def _of_file(channel: str, file: Path) -> str:
    try:
        mode, text = file.stat().st_mode, read_text(file, most=_LARGEST_FILE)
    except UnicodeDecodeError:
        raise PermanentError(
            f"channel {channel}: {file} is no UTF-8 text", remedy="write the address into it"
        ) from None
    except OSError as error:
        raise PermanentError(
            f"channel {channel}: {file}: {error.strerror or 'it cannot be read'}",
            remedy="correct `url_file`, or the file",
        ) from None
    if mode & 0o077:
        raise PermanentError(
            f"channel {channel}: others may read {file}", remedy=f"chmod 600 {file}"
        )
    return _checked(text, f"channel {channel}: {file}")


def _checked(text: str, where: str) -> str:
    url = text.strip()
    if "://" not in url or not url.isprintable():
        # Not what it holds: it may be a key.
        raise PermanentError(
            f"{where} holds no address", remedy="write one address, such as discord://ID/TOKEN"
        )
    return url
