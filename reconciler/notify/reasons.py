"""Why nobody answered, in words that hold no address: what a person can act on. Pure."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Final

NO_TLS: Final = "WRONG_VERSION_NUMBER"
"""What OpenSSL calls the first words of a server that speaks something else."""


def reason_of(error: BaseException) -> str:
    """Return why a connection failed; the type of the error where nothing better is known.

    Not the text of an error: that of an HTTP library names the address, whose path may be a key.
    """
    for each in _chain(error):
        match each:
            case ssl.SSLCertVerificationError():
                # `verify_message` is of OpenSSL, such as "certificate has expired".
                return f"its certificate is not trusted: {each.verify_message}"
            case ssl.SSLError(reason=reason):
                return "it answers without TLS" if reason == NO_TLS else "TLS failed"
            case socket.gaierror():
                return "no such host"
            case ConnectionRefusedError():
                return "connection refused"
            case TimeoutError():
                return "timed out"
            case ConnectionResetError():
                return "connection reset"
            case _:
                pass
    return type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    each: BaseException | None = error
    while each is not None:
        yield each
        each = each.__cause__ or each.__context__
