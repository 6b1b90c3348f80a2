"""What signs a webhook: any library of Standard Webhooks can check it, also while keys change."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.notify.webhook import key_of, signatures
from tests.receivers.http import SignedReceiver, is_signed, receiving
from tests.unit.notify.notices import notice
from tests.unit.notify.places import OTHER_SECRET, webhook

# The vector that the project's own libraries are tested with.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, MOMENT, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_signature_is_that_of_the_published_example() -> None:
    assert signatures([key_of(SECRET)], ID, MOMENT, BODY) == SIGNATURE


def test_the_receiver_of_the_tests_agrees_with_the_published_example() -> None:
    headers = {"webhook-id": ID, "webhook-timestamp": MOMENT, "webhook-signature": SIGNATURE}
    assert is_signed(SECRET, headers, BODY)
    assert not is_signed(OTHER_SECRET, headers, BODY)
    assert not is_signed(SECRET, headers, BODY + b" ")


@pytest.mark.parametrize("known", [SECRET, OTHER_SECRET])
async def test_while_keys_change_a_receiver_may_know_either(known: str) -> None:
    receiver = SignedReceiver(known)
    with receiving(receiver) as at:
        address = ChannelAddress("ops", f"http://{at}/hook", SECRET, OTHER_SECRET)
        channel = open_channel(address)
        await channel.show(notice(), {})
        assert receiver.came == 1
        await channel.close()


async def test_the_former_secret_alone_signs_nothing_new(tmp_path: Path) -> None:
    with webhook(tmp_path) as place:
        channel = open_channel(replace(place.address(), secret=OTHER_SECRET))
        with pytest.raises(PermanentError, match="401"):
            await channel.show(notice(), {})
        await channel.close()


def of_bytes(number: int) -> str:
    return f"whsec_{base64.b64encode(b'CANARY'.ljust(number, b'.')).decode()}"


@pytest.mark.parametrize("number", [24, 32, 64])
def test_a_key_of_24_to_64_bytes_is_taken(number: int) -> None:
    assert len(key_of(of_bytes(number))) == number


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "CANARY",
        "whsec_",
        "whsec_CANARY-CANARY-CANARY-CANARY-CANARY",
        of_bytes(24).removeprefix("whsec_"),
        of_bytes(24).replace("whsec_", "whsk_"),
        of_bytes(23),
        of_bytes(65),
        f"{of_bytes(24)}\n",
        "whsec_\u0441ANARYCANARYCANARYCANARYCANARYCA",
    ],
)
@pytest.mark.parametrize("key", ["secret", "former_secret"])
def test_what_is_no_key_of_the_standard_is_refused_and_not_said(secret: str, key: str) -> None:
    given = {"secret": SECRET, key: secret}
    address = ChannelAddress(
        "ops", "https://h.example.com/x", given["secret"], given.get("former_secret")
    )
    with pytest.raises(PermanentError) as refused:
        open_channel(address)
    said = f"{refused.value} {refused.value.remedy}"
    assert f"the `{key}` of channel ops is not `whsec_` and 24 to 64 bytes in base64" in said
    assert "openssl rand -base64 32" in said
    assert "ANARY" not in said
