"""Where a channel is: from trueup.toml, a variable of the environment, or a private file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError
from reconciler.domain.passed_environment import passed_on
from reconciler.settings import Settings
from reconciler.settings_channels import ChannelSettings

_LARGEST_FILE: Final = 16 * 2**10


def with_variables(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """Return the settings with the addresses that stand in variables of `environment`.

    To be asked before the daemon withholds its environment from what it starts.

    Raises:
        PermanentError: a variable is not set, holds no address, or would be passed on to tools.
    """
    if all(channel.url_env is None for channel in settings.channels):
        return settings
    passed = settings.daemon.pass_environment
    return replace(
        settings,
        channels=tuple(
            channel
            if channel.url_env is None
            else replace(
                channel,
                url=_of_variable(channel.name, channel.url_env, environment, passed),
                url_env=None,
            )
            for channel in settings.channels
        ),
    )


def url_of(channel: ChannelSettings) -> str:
    """Return the address of the channel: its own, or that in its file.

    Raises:
        PermanentError: the file holds no address, or others may read it there.
    """
    if channel.url_file is not None:
        return _of_file(channel.name, channel.url_file)
    assert channel.url is not None  # noqa: S101 - `url_env` was taken by `with_variables`
    return channel.url


def _of_variable(
    channel: str, name: str, environment: Mapping[str, str], passed: Iterable[str]
) -> str:
    if passed_on({name: ""}, passed):
        raise PermanentError(
            f"channel {channel}: `url_env` names {name}, which the tools of stacks can read",
            remedy="name it otherwise, such as CHAT_URL, or use `url_file`",
        )
    if name not in environment:
        raise PermanentError(
            f"channel {channel}: the variable {name} of `url_env` is not set",
            remedy="set it where the daemon is started, or use `url_file`",
        )
    return _checked(environment[name], f"channel {channel}: the variable {name}")


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
