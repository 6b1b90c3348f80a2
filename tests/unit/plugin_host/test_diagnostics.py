"""Lives here beside the plugin host's laws: protocol names and what errors mean."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from iac_adapters.plugin_host.provider_errors import Cause, cause_of
from iac_adapters.terraform.diagnostics import provider_error
from iac_adapters.terraform.protocol import PROTOCOLS, Rpc, method_path, rpc_of


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("https response error StatusCode: 400, api error ThrottlingException: Rate exceeded",
         Cause.THROTTLED),
        ("api error RequestLimitExceeded: Request limit exceeded.", Cause.THROTTLED),
        ("googleapi: Error 429: Quota exceeded, rateLimitExceeded", Cause.THROTTLED),
        ('Code="SubscriptionRequestsThrottled"', Cause.THROTTLED),
        ("api error ExpiredToken: The security token included in the request is expired",
         Cause.EXPIRED_CREDENTIALS),
        ("AADSTS700082: The refresh token has expired due to inactivity",
         Cause.EXPIRED_CREDENTIALS),
        ('oauth2: "invalid_grant" "Token has been expired or revoked."',
         Cause.EXPIRED_CREDENTIALS),
        ("the cached SSO token is expired", Cause.EXPIRED_CREDENTIALS),
        ("api error InvalidClientTokenId: no", Cause.BAD_CREDENTIALS),
        ("Unauthorized", Cause.BAD_CREDENTIALS),
        ("Get https://api: 401 Bad credentials", Cause.BAD_CREDENTIALS),
        ("UnauthorizedOperation: not for you", Cause.DENIED),
        ("StatusCode: 403, api error AccessDenied: no", Cause.DENIED),
        ('Code="AuthorizationFailed" does not have authorization', Cause.DENIED),
        ("dial tcp 127.0.0.1:1: connect: connection refused", Cause.UNREACHABLE),
        ("dial tcp: lookup x: no such host", Cause.UNREACHABLE),
        ("api error LimitExceeded: too many roles in this account", Cause.OTHER),
        ("certificate has expired somewhere in the object", Cause.OTHER),
        ("reading queue: couldn't find resource", Cause.OTHER),
        ("", Cause.OTHER),
    ],
)  # fmt: skip
def test_the_words_of_the_clouds_have_a_cause(text: str, cause: Cause) -> None:
    assert cause_of(text) is cause


def _diagnostic(severity: int, summary: str, detail: str = "") -> SimpleNamespace:
    return SimpleNamespace(severity=severity, summary=summary, detail=detail)


def test_warnings_are_no_errors() -> None:
    assert provider_error([_diagnostic(2, "ThrottlingException")]) is None


def test_the_first_error_is_shown_and_all_are_judged() -> None:
    found = provider_error(
        [_diagnostic(1, "reading", "line one\nline two"), _diagnostic(1, "Throttling")]
    )
    assert found is not None
    assert str(found) == "reading: line one"
    assert found.is_throttling
    assert not found.is_expired_credentials


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("rpc", Rpc)
def test_paths_and_names_are_inverse(protocol: int, rpc: Rpc) -> None:
    assert rpc_of(method_path(protocol, rpc)) is rpc


def test_the_two_protocols_differ_where_they_do() -> None:
    assert method_path(5, Rpc.CONFIGURE) == "/tfplugin5.Provider/Configure"
    assert method_path(6, Rpc.SCHEMA) == "/tfplugin6.Provider/GetProviderSchema"
    assert rpc_of("/tfplugin6.Provider/Configure") is None
    assert rpc_of("/grpc.health.v1.Health/Check") is None
