"""Settings that no intake accepts, and the sentence each is refused with."""

from __future__ import annotations

import re
from typing import Any

import pytest

GOOD: dict[str, Any] = {
    "environment": "dev",
    "owner": "platform",
    "network_cidr": "10.20.0.0/16",
    "allowed_cidrs": ["0.0.0.0/0"],
    "keep_old_versions_days": 30,
}
REGION = {"aws": {}, "azure": {}, "gcp": {"region": "europe-west1"}}

EVERYWHERE = [
    ("environment", "Production", "environment must be 1 to 10 lower-case letters"),
    ("environment", "", "environment must be 1 to 10 lower-case letters"),
    ("environment", "1st", "the first a letter, not '1st'"),
    ("environment", "elevenchars", "environment must be 1 to 10"),
    ("environment", "dev\n", "environment must be 1 to 10"),
    ("owner", "", "owner must be 1 to"),
    ("owner", "x" * 257, "owner must be 1 to"),
    ("owner", 7, "owner must be 1 to"),
    ("network_cidr", "10.20.0.0", "network_cidr must be written as ADDRESS/LENGTH"),
    ("network_cidr", "10.20.0.1/16", "network_cidr must be an IPv4 network: 10.20.0.1/16 has host"),
    ("network_cidr", "10.300.0.0/16", "network_cidr must be an IPv4 network"),
    ("network_cidr", "fd00::/16", "network_cidr must be an IPv4 network"),
    ("network_cidr", "8.8.0.0/16", "network_cidr must be a private IPv4 network from /16 to /24"),
    ("network_cidr", "10.0.0.0/8", "network_cidr must be a private IPv4 network from /16 to /24"),
    ("network_cidr", "10.0.0.0/28", "network_cidr must be a private IPv4 network from /16 to /24"),
    ("allowed_cidrs", [], "allowed_cidrs must be a list of at least one network"),
    ("allowed_cidrs", "0.0.0.0/0", "allowed_cidrs must be a list of at least one network"),
    ("allowed_cidrs", ["10.0.0.0/8", "everyone"], "allowed_cidrs[1] must be written as ADDRESS"),
    ("allowed_cidrs", [167772160], "allowed_cidrs[0] must be written as ADDRESS/LENGTH"),
    ("allowed_cidrs", ["10.0.0.0/8", "10.0.0.0/8"], "allowed_cidrs[1] repeats '10.0.0.0/8'"),
    ("keep_old_versions_days", 0, "keep_old_versions_days must be 1 to"),
    ("keep_old_versions_days", 3651, "keep_old_versions_days must be 1 to"),
]
ONLY_THERE = [
    ("aws", "tags", {"owner": "me"}, "tags must not set 'owner', which the template sets itself"),
    ("aws", "tags", {"Name": "me"}, "tags must not set 'Name'"),
    ("aws", "tags", {"aws:mine": "x"}, "tags has the key 'aws:mine', which AWS does not allow"),
    ("aws", "tags", {"": "x"}, "tags has the key '', which AWS does not allow"),
    ("aws", "tags", {"a": "<b>"}, "tags['a'] must be 1 to 256 letters"),
    ("aws", "tags", ["a"], "tags must be an object of texts"),
    ("azure", "tags", {"owner": "me"}, "tags must not set 'owner'"),
    ("azure", "tags", {"a/b": "x"}, "tags has the key 'a/b', which Azure does not allow"),
    ("azure", "tags", {"k" * 129: "x"}, "which Azure does not allow"),
    ("azure", "tags", {"a": 1}, "tags['a'] must be 1 to 256 printable characters"),
    ("azure", "keep_old_versions_days", 366, "keep_old_versions_days must be 1 to 365, not 366"),
    ("gcp", "labels", {"owner": "me"}, "labels must not set 'owner'"),
    ("gcp", "labels", {"Team": "x"}, "labels has the key 'Team', which Google Cloud does not"),
    ("gcp", "labels", {"team": "X"}, "labels['team'] must be 1 to 63 lower-case letters"),
    ("gcp", "labels", "team=x", "labels must be an object of texts"),
    ("gcp", "region", "europe", "region must be a region such as europe-west1, not 'europe'"),
]


@pytest.mark.parametrize("cloud", REGION)
def test_the_smallest_set_is_enough(arguments: dict[str, Any], cloud: str) -> None:
    assert arguments[cloud](**GOOD, **REGION[cloud]).environment == "dev"


@pytest.mark.parametrize("cloud", REGION)
@pytest.mark.parametrize(("argument", "value", "sentence"), EVERYWHERE)
def test_a_bad_argument_is_named(
    arguments: dict[str, Any], cloud: str, argument: str, value: object, *, sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        arguments[cloud](**{**GOOD, **REGION[cloud], argument: value})


@pytest.mark.parametrize(("cloud", "argument", "value", "sentence"), ONLY_THERE)
def test_a_cloud_s_own_rules_are_kept(
    arguments: dict[str, Any], cloud: str, argument: str, value: object, *, sentence: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        arguments[cloud](**{**GOOD, **REGION[cloud], argument: value})
