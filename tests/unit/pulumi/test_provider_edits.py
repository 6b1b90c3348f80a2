"""What the code changes of a provider: what is read with, what is doubted, what is told."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given

from iac_adapters.pulumi.checkpoint import StateResource
from iac_adapters.pulumi.evaluation import Planned, Step
from iac_adapters.pulumi.provider_edits import ProviderEdit, provider_edit
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import Origin
from tests.unit.pulumi.raw import SECRETIVE_PROPERTIES, secret

TYPE: Final = "pulumi:providers:aws"
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MASKER: Final = SecretDigester(b"k" * 32)


def edit(
    recorded: Mapping[str, Any],
    changed: Mapping[str, Any],
    *,
    removed: tuple[str, ...] = (),
    step: Step = Step.UPDATE,
    name: str = "west",
) -> ProviderEdit:
    urn = f"urn:pulumi:dev::shop::{TYPE}::{name}"
    state = StateResource(urn, TYPE, True, "1", recorded, recorded, "", "", {})  # noqa: FBT003 - custom
    return provider_edit(state, Planned(step, changed, removed))


@pytest.mark.parametrize(
    ("recorded", "changed", "doubt"),
    [
        ({"region": "a"}, {"region": "b"},
         'region is "b" in code; the objects were recorded with "a"'),
        ({}, {"region": "b"}, 'region is "b" in code; the objects were recorded without it'),
        ({"region": "a"}, {"region": UNKNOWN},
         'region is not known before the next update; the objects were recorded with "a"'),
        ({"label": secret("CANARY-aaaa")}, {"label": secret("CANARY-bbbb")},
         "label is another in code than the objects were recorded with"),
        ({"url": "x://u:CANARY-a@h"}, {"url": "x://u:CANARY-b@h"},
         "url is another in code than the objects were recorded with"),
        ({"roles": '[{"token":"CANARY-a"}]'}, {"roles": '[{"token":"CANARY-b"}]'},
         "roles is another in code than the objects were recorded with"),
        ({"tags": {"a": 1}}, {"tags": {"a": 2}},
         "tags.a is 2 in code; the objects were recorded with 1"),
    ],
)  # fmt: skip
def test_an_edit_is_a_doubt_in_words_without_secrets(
    recorded: dict[str, Any], changed: dict[str, Any], doubt: str
) -> None:
    assert edit(recorded, changed).doubts() == (doubt,)


def test_a_setting_that_is_taken_away_is_a_doubt() -> None:
    told = edit({"region": "a"}, {}, removed=("region",)).doubts()
    assert told == ('region is not in code any more; the objects were recorded with "a"',)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"token": secret("CANARY-new")}, "a token"),
        ({"accessKey": "CANARY-new", "secretKey": "CANARY-new"}, "keys"),
        ({"version": "2.0.0", "__internal": {}}, "which plugin it is"),
        ({"extra": ""}, "nothing"),
    ],
)
def test_what_leads_nowhere_else_is_no_doubt(changed: dict[str, Any], reason: str) -> None:
    recorded = {"region": "a", "token": secret("CANARY-old"), "version": "1.0.0"}
    found = edit(recorded, changed)
    assert found.doubts() == (), reason
    assert found.shown is (found.paths != ()), reason
    assert not edit(recorded, changed, step=Step.SAME).shown, reason
    assert edit(recorded, changed, step=Step.REPLACE).shown, "its objects are replaced with it"


@pytest.mark.parametrize(
    ("recorded", "changed", "upgrades"),
    [
        ({"version": "1.0.0"}, {"version": "2.0.0"}, {"version": ("1.0.0", "2.0.0")}),
        ({"version": "1.0.0"}, {}, {}),
        ({}, {"version": "2.0.0"}, {}),
        ({"version": "0.0.0", "__internal": {"version": "3.0.0"}}, {"version": "3.0.0"}, {}),
        (
            {"version": "0.0.0", "__internal": {"version": "3.0.0"}},
            {"version": "3.1.0", "__internal": {"version": "3.1.0"}},
            {"version": ("3.0.0", "3.1.0")},
        ),
    ],
)
def test_an_upgrade_is_another_version_of_the_plugin_that_runs(
    recorded: dict[str, Any], changed: dict[str, Any], upgrades: dict[str, tuple[str, str]]
) -> None:
    found = edit(recorded, changed)
    told = {change.path: (change.recorded, change.declared) for change in found.changes(MASKER)}
    assert (found.upgraded, told) == (bool(upgrades), upgrades)


_BRIDGED: Final = {"version": "3.136.0", "name": "terraform-provider"}


def _bridging(parameter: object) -> dict[str, Any]:
    encoded = base64.b64encode(json.dumps(parameter).encode()).decode()
    return {"version": "3.136.0", "__internal": {**_BRIDGED, "parameterization": encoded}}


def _random(version: str) -> dict[str, Any]:
    return {"remote": {"url": "registry.opentofu.org/hashicorp/random", "version": version}}


@pytest.mark.parametrize(
    ("recorded", "wanted", "upgrades"),
    [
        (_random("3.5.1"), _random("3.6.0"), {"version": ("3.5.1", "3.6.0")}),
        (_random("3.5.1"), _random("3.5.1"), {}),
        (_random("3.5.1"), _random(""), {}),
        (_random("3.5.1"), {"local": {"path": "/else/where"}}, {}),
        ({"local": {"path": "/here"}}, {"local": {"path": "/else/where"}}, {}),
        ("anything", ["else"], {}),
    ],
)
@pytest.mark.parametrize("step", [Step.SAME, Step.UPDATE])
def test_a_package_that_bridges_another_version_is_an_upgrade(
    recorded: object, wanted: object, upgrades: dict[str, tuple[str, str]], step: Step
) -> None:
    """The engine calls such a provider the same."""
    found = edit(_bridging(recorded), _bridging(wanted), step=step)
    told = {change.path: (change.recorded, change.declared) for change in found.changes(MASKER)}
    assert (found.upgraded, told, found.shown) == (bool(upgrades), upgrades, False)


def test_objects_are_read_with_recorded_settings_and_the_credentials_of_today() -> None:
    recorded = {"region": "a", "accessKey": "old", "version": "1.0.0", "profile": "p"}
    changed = {"region": "b", "accessKey": "new", "version": "2.0.0", "token": UNKNOWN}
    assert edit(recorded, changed, removed=("profile",)).inputs == {
        "region": "a",
        "accessKey": "new",
        "version": "2.0.0",
        "profile": "p",
    }


def test_what_an_update_changes_of_it_is_unapplied_and_credentials_are_digests() -> None:
    found = edit({"region": "a", "accessKey": "CANARY-a"}, {"region": "b", "accessKey": "CANARY-b"})
    told = found.changes(MASKER)
    assert [(one.path, one.sensitive) for one in told] == [("accessKey", True), ("region", False)]
    assert {one.origin for one in told} == {Origin.UNAPPLIED}
    assert "CANARY" not in repr(told)


@pytest.mark.parametrize(
    ("name", "label"),
    [("west", "aws (west)"), ("default", "aws (default)"), ("default_6_0_0", "aws (default)"),
     ("defaults", "aws (defaults)")],
)  # fmt: skip
def test_a_provider_has_a_label_that_people_know(name: str, label: str) -> None:
    assert edit({}, {}, name=name).label == label


@given(SECRETIVE_PROPERTIES, SECRETIVE_PROPERTIES)
def test_no_secret_is_in_what_is_told_of_a_provider(
    recorded: Mapping[str, Any], changed: Mapping[str, Any]
) -> None:
    found = edit(recorded, changed)
    told = (found.doubts(), found.changes(MASKER), found.settings(MASKER))
    assert "CANARY" not in repr(told)
