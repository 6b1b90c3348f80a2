"""A setting that a stack's configuration has newly: no preview tells of its default provider."""

from __future__ import annotations

from typing import Any, Final

import pytest

from iac_adapters.pulumi.provider_edits import ProviderEdit, is_shown_itself

DEFAULT: Final = "urn:pulumi:dev::shop::pulumi:providers:aws::default_7_0_0"
OWN: Final = "urn:pulumi:dev::shop::pulumi:providers:aws::west"
REGION: Final = {"region": "r1"}


@pytest.mark.parametrize(
    ("urn", "wanted", "replaced", "shown"),
    [
        (DEFAULT, {**REGION, "defaultTags": '{"tags":{"a":"b"}}'}, False, False),
        (DEFAULT, {**REGION, "skipRegionValidation": "true"}, True, True),
        (DEFAULT, {"region": "r2"}, False, True),
        (DEFAULT, {"region": "r2", "skipRegionValidation": "true"}, False, True),
        (DEFAULT, {}, False, True),
        (OWN, {**REGION, "skipRegionValidation": "true"}, False, True),
    ],
)
def test_only_what_was_recorded_otherwise_is_a_finding_of_a_default_provider(
    urn: str, wanted: dict[str, Any], *, replaced: bool, shown: bool
) -> None:
    paths = tuple(
        (key,) for key in wanted.keys() | REGION.keys() if wanted.get(key) != REGION.get(key)
    )
    edit = ProviderEdit("aws", REGION, wanted, REGION, paths, replaced=replaced, updated=True)
    assert is_shown_itself(urn, edit) is shown
    # Where its objects are is a doubt whatever is shown.
    assert bool(edit.doubts())
