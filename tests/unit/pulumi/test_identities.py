"""When where a provider looks is believed, and when it is doubted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.identities import (
    Identities,
    IdentityCount,
    KnownIdentities,
    doubts_of,
    identity_count,
    recorded_in,
)
from iac_adapters.pulumi.loaded import LoadedResource, Recorded
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Observed,
    Origin,
    ProviderDoubt,
    RecordedResource,
    ResourceAddress,
    Status,
    Unreadable,
    Verdict,
)

LABEL: Final = "aws (default)"
HERE: Final = {LABEL: {"AWS_REGION": "us-east-1"}}
THERE: Final = {LABEL: {"AWS_REGION": "eu-west-1"}}
PLACE: Final = Place("file:///states", "shop", "dev")
FOUND: Final = InSync()
DRIFTED: Final = Drifted((), reason="tainted")
GONE: Final = Missing()


def passed(verdicts: Sequence[Verdict]) -> IdentityCount:
    addresses = [ResourceAddress(f"urn:{number}") for number in range(len(verdicts))]
    recorded = [RecordedResource(one, "x", Status.LIVE, provider=LABEL) for one in addresses]
    counted = identity_count(recorded)
    for address, verdict in zip(addresses, verdicts, strict=True):
        counted.take(Observed(address, verdict))
    return counted


@pytest.mark.parametrize(
    ("kept", "verdicts", "believed", "reason"),
    [
        ({}, [FOUND, DRIFTED], True, "all were found"),
        ({}, [FOUND, FOUND, GONE], True, "most were found the first time"),
        ({}, [FOUND, GONE], False, "as many were gone as were found"),
        ({}, [GONE, GONE], False, "all were gone"),
        ({}, [FOUND, Unreadable("x")], False, "the scan was not complete"),
        ({}, [], False, "there is nothing to be found"),
        ({}, [Missing(Origin.UNAPPLIED)], False, "nothing was made yet"),
        (HERE, [FOUND, FOUND, FOUND, GONE], False, "it looks elsewhere, and one was gone"),
        (HERE, [FOUND, DRIFTED], True, "it looks elsewhere, and all were found"),
        (THERE, [FOUND, FOUND, GONE], True, "it looks where it did"),
    ],
)
def test_a_provider_is_believed_when_it_has_shown_its_objects(
    kept: Mapping[str, Mapping[str, str]],
    verdicts: Sequence[Verdict],
    *,
    believed: bool,
    reason: str,
) -> None:
    assert passed(verdicts).proven(kept, THERE) == (THERE if believed else kept), reason


def test_a_provider_that_is_gone_is_forgotten() -> None:
    assert passed([]).proven(HERE, {}) == {}


def test_each_setting_that_differs_is_a_doubt() -> None:
    assert doubts_of(HERE, THERE) == (
        ProviderDoubt(
            LABEL, 'AWS_REGION is "eu-west-1"; the objects were last found with "us-east-1"'
        ),
    )
    assert doubts_of(HERE, HERE) == doubts_of({}, THERE) == doubts_of(HERE, {}) == ()


@pytest.mark.parametrize(
    ("arns", "now", "told", "reason"),
    [
        (["arn:aws:sns:us-east-1:1:a"], THERE, HERE, "they are in another region"),
        (["arn:aws:sns:eu-west-1:1:a"], THERE, THERE, "they are in this region"),
        (["arn:aws:sns:us-east-1:1:a", "arn:aws:sns:eu-west-1:1:a"], THERE, THERE, "in both"),
        (["arn:aws:sns:us-east-1:1:a"], {LABEL: {"region": "x"}}, {LABEL: {"region": "x"}},
         "the environment does not decide"),
        ([], THERE, {}, "nothing tells"),
    ],
)  # fmt: skip
def test_before_the_first_pass_the_record_says_where_objects_are(
    arns: Sequence[str], now: Identities, told: Identities, reason: str
) -> None:
    recorded_as = RecordedResource(ResourceAddress("urn"), "x", Status.LIVE, provider=LABEL)
    resources = [
        LoadedResource(recorded_as, recorded=Recorded("1", {}, {"arn": arn})) for arn in arns
    ]
    assert recorded_in(resources, now) == told, reason


def test_what_is_kept_is_read_back_by_its_own_key_alone(tmp_path: Path) -> None:
    KnownIdentities(tmp_path, key=b"1" * 32).store(PLACE, HERE)
    assert KnownIdentities(tmp_path, key=b"1" * 32).load(PLACE) == HERE
    assert KnownIdentities(tmp_path, key=b"2" * 32).load(PLACE) == {}
    (file,) = tmp_path.iterdir()
    assert b"us-east-1" not in file.read_bytes()
    file.write_bytes(file.read_bytes()[:-1])
    assert KnownIdentities(tmp_path, key=b"1" * 32).load(PLACE) == {}
