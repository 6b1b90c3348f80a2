"""What a provider's error means to the question whether a child exists. Pure."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Final, TypeVar

from iac_adapters.plugin_host.provider_errors import Cause, ProviderError

_ABSENT: Final = re.compile(
    r"couldn't find resource|could not find|cannot import non-existent|does not exist"
    r"|not ?found\b|no matching|empty result|\w+NotFound(?:Exception|Fault|Error)?\b"
    r"|NoSuch\w+",
    re.IGNORECASE,
)
# A service that does not know the call answers 404 as well; that says nothing of the child.
# Nor does what fails on this machine: a token's file, a profile, a program that prints credentials.
_NO_ANSWER: Final = re.compile(
    r"deserialization failed|UnknownOperation|not implemented"
    r"|no such (?:file|host|process)|\b(?:file|command|host|profile|executable|binary) not found"
    r"|\bcredentials\b|credential_process|exit status \d|\bjwt\b|\$PATH",
    re.IGNORECASE,
)

Answer = TypeVar("Answer")


def says_absent(error: ProviderError) -> bool:
    """Whether the provider says with `error` that there is no such object."""
    if error.cause is not Cause.OTHER or _NO_ANSWER.search(f"{error.summary}\n{error.detail}"):
        return False
    return _ABSENT.search(str(error)) is not None


async def unless_absent(call: Awaitable[Answer]) -> Answer | None:
    """Return what a call to a provider answers; None where it says that there is no such object.

    It is to be awaited within the call: starting and configuring a provider fail with such
    words too, and they say nothing of the object.

    Raises:
        ProviderError: the call failed otherwise.
    """
    try:
        return await call
    except ProviderError as error:
        if says_absent(error):
            return None
        raise
