"""What a provider's error means to the question whether a child exists. Pure."""

from __future__ import annotations

import re
from typing import Final

from iac_adapters.plugin_host.provider_errors import Cause, ProviderError

_ABSENT: Final = re.compile(
    r"couldn't find resource|could not find|cannot import non-existent|does not exist"
    r"|not ?found\b|no matching|empty result|no such\b|\w+NotFound(?:Exception|Fault|Error)?\b"
    r"|NoSuch\w+",
    re.IGNORECASE,
)
# A service that does not know the call answers 404 as well; that says nothing of the child.
_NO_ANSWER: Final = re.compile(
    r"deserialization failed|UnknownOperation|not implemented", re.IGNORECASE
)


def says_absent(error: ProviderError) -> bool:
    """Whether the provider says with `error` that there is no such object."""
    text = str(error)
    if error.cause is not Cause.OTHER or _NO_ANSWER.search(text):
        return False
    return _ABSENT.search(text) is not None
