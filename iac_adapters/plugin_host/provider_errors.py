"""What a provider's error means for whoever asked.

Providers say it as text only, so the cause is read from the words that the three large
clouds and their SDKs use. A text that says none of them is `OTHER`.

Source: retryable and throttle codes of aws-sdk-go-v2 (aws/retry/standard.go), Azure
Resource Manager throttling and authentication errors, google-api-go-client error reasons.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import Final

from reconciler.domain.errors import RetryableError

_SHOWN_CHARACTERS: Final = 400


class Cause(StrEnum):
    """Why a provider failed, as far as its words tell."""

    EXPIRED_CREDENTIALS = "expired_credentials"
    BAD_CREDENTIALS = "bad_credentials"
    THROTTLED = "throttled"
    DENIED = "denied"
    UNREACHABLE = "unreachable"
    UNIMPLEMENTED = "unimplemented"
    """It does not know the call at all; told by status, never by words."""
    OTHER = "other"


# The first cause whose words occur wins: an SDK that gave up retrying wraps the real
# reason, and "access denied because the token expired" is about the token.
_WORDS: Final = {
    Cause.EXPIRED_CREDENTIALS: (
        r"\bExpiredToken(Exception)?\b",
        r"\bRequestExpired\b",
        r"\bTokenRefreshRequired\b",
        r"\bExpiredAuthenticationToken\b",
        r"security token included in the request is expired",
        r"\bSSO (session|token) .{0,40}expired",
        r"cached SSO token (is|has) expired",
        r"\b(access|auth\w*|identity|oauth2?|security|session) tokens? (\w+ ){0,2}expired",
        r"oauth2: token expired",
        r"\binvalid_grant\b",
        r"\bAADSTS(700082|70043|50173|700024)\b",
        r"credentials? (have|has|are|is) expired",
    ),
    Cause.THROTTLED: (
        r"\bThrottl(ing|ed)(Exception)?\b",
        r"\b(EC2|Request|Requests|SubscriptionRequests|Resource\w*Requests)Throttled(Exception)?\b",
        r"\bTooManyRequests(Exception)?\b",
        r"\bRequestLimitExceeded\b",
        r"\bBandwidthLimitExceeded\b",
        r"\bProvisionedThroughputExceeded(Exception)?\b",
        r"\bPriorRequestNotComplete\b",
        r"\bSlowDown\b",
        r"\brate exceeded\b",
        r"\brate limit(ed| exceeded)\b",
        r"\b(user)?rateLimitExceeded\b",
        r"\bRESOURCE_EXHAUSTED\b",
        r"\btoo many requests\b",
        r"\bquota exceeded for quota metric\b.*\bper (minute|second)\b",
        r"\b(StatusCode|status code|Error|HTTP)[ :=]+429\b",
    ),
    Cause.BAD_CREDENTIALS: (
        r"\bInvalidClientTokenId\b",
        r"\bUnrecognizedClient(Exception)?\b",
        r"\bSignatureDoesNotMatch\b",
        r"\bInvalidSignature(Exception)?\b",
        r"\bInvalidAccessKeyId\b",
        r"\bAuthFailure\b",
        r"\bNo valid credential sources\b",
        r"\bInvalidAuthenticationToken\w*",
        r"\bcould not find default credentials\b",
        r"\bUNAUTHENTICATED\b",
        r"^Unauthorized\b",
        r"\b(error|failed)\W+Unauthorized\b",
        r"\bbad credentials\b",
        r"\b(StatusCode|status code|Error|HTTP)[ :=]+401\b",
    ),
    Cause.DENIED: (
        r"\bAccess ?Denied(Exception)?\b",
        r"\bUnauthorizedOperation\b",
        r"\bUnauthorizedAccess\b",
        r"\bAuthorizationError(Exception)?\b",
        r"\b(Linked)?AuthorizationFailed\b",
        r"\bis not authorized to perform\b",
        r"\bdoes not have authorization to perform\b",
        r"\bPERMISSION_DENIED\b",
        r"\bpermission denied\b",
        r"\bforbidden\b",
        r"\b(StatusCode|status code|Error|HTTP)[ :=]+403\b",
    ),
    Cause.UNREACHABLE: (
        r"\bconnection (refused|reset|timed out)\b",
        r"\bno such host\b",
        r"\bi/o timeout\b",
        r"\bnetwork is unreachable\b",
        r"\bno route to host\b",
        r"\bTLS handshake timeout\b",
        r"\bcertificate (signed by unknown authority|has expired or is not yet valid)\b",
        r"\bcontext deadline exceeded\b",
        r"\b(StatusCode|status code|Error|HTTP)[ :=]+50[234]\b",
        r"\bServiceUnavailable\b",
    ),
}


class ProviderError(RetryableError):
    """The provider answered, and its answer was an error.

    `summary` and `detail` are the provider's own words; the message shows the summary
    and the first line of the detail.
    """

    def __init__(
        self,
        summary: str,
        detail: str = "",
        is_throttling: bool = False,  # noqa: FBT001, FBT002 - the order is part of the contract
        is_expired_credentials: bool = False,  # noqa: FBT001, FBT002
        *,
        cause: Cause = Cause.OTHER,
        remedy: str | None = None,
    ) -> None:
        super().__init__(_shown(summary, detail), remedy=remedy)
        self.summary = summary
        self.detail = detail
        self.is_throttling = is_throttling
        self.is_expired_credentials = is_expired_credentials
        self.cause = cause


def cause_of(text: str) -> Cause:
    """Return why a provider failed, judged by its words."""
    return next((cause for cause, words in _patterns().items() if words.search(text)), Cause.OTHER)


@cache
def _patterns() -> dict[Cause, re.Pattern[str]]:
    # Compiled at the first error: it takes 2 ms, and most scans meet none.
    return {
        cause: re.compile("|".join(words), re.IGNORECASE | re.DOTALL)
        for cause, words in _WORDS.items()
    }


def remedy_for(cause: Cause) -> str | None:
    """Return what to do about `cause`; None where nothing general can be said."""
    return _REMEDIES.get(cause)


_REMEDIES: Final = {
    Cause.EXPIRED_CREDENTIALS: "renew the credentials this stack is read with",
    Cause.BAD_CREDENTIALS: "check the credentials this stack is read with",
    Cause.THROTTLED: "read fewer resources at once, or less often",
    Cause.DENIED: "allow the credentials of this stack to read the resource",
    Cause.UNREACHABLE: "check the endpoint, the network and any proxy in between",
}


def _shown(summary: str, detail: str) -> str:
    words = summary.strip()
    first_line = detail.strip().partition("\n")[0].strip()
    if first_line and first_line not in words:
        words = f"{words}: {first_line}"
    return words if len(words) <= _SHOWN_CHARACTERS else words[: _SHOWN_CHARACTERS - 1] + "…"
