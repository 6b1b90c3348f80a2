"""An address that cannot be used is refused at load, and not said."""

from __future__ import annotations

import pytest

from reconciler.domain.channel_schemes import SCHEMES
from reconciler.domain.errors import PermanentError
from reconciler.notify.addresses import ChannelAddress, open_channel


@pytest.mark.parametrize("scheme", sorted(SCHEMES))
def test_settings_refuse_no_scheme_that_something_speaks(scheme: str) -> None:
    said = ""
    try:
        open_channel(ChannelAddress("ops", f"{scheme}://x"))
    except PermanentError as refused:
        said = str(refused)
    assert "begins with" not in said


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("slack://xoxb-CANARY", "no room"),
        ("pagerduty://", "no routing key"),
        ("slack://xoxb-CANARY/#ops", "%23ops"),
        ("slack://xoxb-CANARY/C0/1", "no room"),
        ("slack://xoxb-CANARY/C0?room=1", "another key, 'room'"),
        ("pagerduty://CANARY/ops", "a path behind"),
        ("pagerduty://CANARY?region=mars", "another `region`"),
        ("pagerduty://CANARY?regoin=eu", "another key, 'regoin'"),
        ("pagerduty+http://CANARY@127.0.0.1:1?region=eu", "another key, 'region'"),
        ("https://hooks.slack.com/services/T0/B0/CANARY", "slack://TOKEN/ROOM"),
        ("https://events.pagerduty.com/v2/enqueue", "pagerduty://ROUTING_KEY"),
        ("https://discord.com/api/webhooks/1/CANARY", 'kind = "apprise"'),
        ("https://acme.webhook.office.com/webhookb2/CANARY", "msteams://"),
        ("http://example.com/CANARY", "unencrypted"),
        ("pagerduty+http://CANARY@example.com", "unencrypted"),
        ("smtp://u:CANARY@mail.example.com", "no sender"),
        ("smtp://u:CANARY@mail.example.com?from=a@b.c&to=d@e.f&tls=none", "unencrypted"),
        ("smtp://u:CANARY@mail.example.com?from=a@b.c&to=d@e.f&tls=maybe", "another `tls`"),
        ("smtp://u:CANARY#1@mail.example.com:587?from=a@b.c&to=d@e.f", "%23"),
        ("smtp://u:CANARY/1@mail.example.com:587?from=a@b.c&to=d@e.f", "%2F"),
        ("smtp://u:CANARY%C3%A4@mail.example.com?from=a@b.c&to=d@e.f", "beyond ASCII"),
        ("smtp://u:12?CANARY=x@mail.example.com?from=a@b.c&to=d@e.f", "unknown key"),
        ("smtp://u:12?canary=x@mail.example.com?from=a@b.c&to=d@e.f", "unknown key"),
        ("smtp://u:12?canary&to=x@mail.example.com?from=a@b.c", "unknown key"),
        ("smtp://u:1@2?canary=x@mail.example.com?from=a@b.c&to=d@e.f", "unknown key"),
        ("smtp://u:p@mail.example.com?from=a@b.c&to=d@e.f&CANARY=1", "unknown key"),
        ("msteams://example.com?sig=CANARY", "no workflow"),
        ("msteams+http://example.com/workflows/1?sig=CANARY", "unencrypted"),
        ("ftp://CANARY@example.com", "begins with ftp://"),
        ("https://[CANARY", "is no address"),
        ("https://example.com:CANARY/", "is no address"),
        ("https://CANARY\x00/", "is no address"),
        ("https://0251.0376.0251.0376/CANARY", "is no address"),
        ("https://\u2460\u2465\u2468.254.169.254/CANARY", "is no address"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_being_said(
    url: str, problem: str
) -> None:
    with pytest.raises(PermanentError) as refused:
        open_channel(ChannelAddress("ops", url))
    said = f"{refused.value}; {refused.value.remedy}"
    assert problem in said
    assert "ops" in said
    assert "canary" not in said.lower()
    assert "CANARY" not in repr(ChannelAddress("ops", url, "CANARY"))
