"""The worlds that everything else is held against are what their names say."""

from __future__ import annotations

import re

import pytest

from tests.worlds.deploy import STACKS
from tests.worlds.mutations import paths_match
from tests.worlds.provider_file import provider_file

DECLARED = {"small5": 5, "mixed62": 62}


@pytest.mark.parametrize("stack", sorted(DECLARED))
def test_a_stack_declares_as_many_resources_as_its_name_says(stack: str) -> None:
    text = "\n".join(path.read_text() for path in (STACKS / stack).glob("*.tf"))

    assert len(re.findall(r"^resource ", text, re.MULTILINE)) == DECLARED[stack]


def test_the_provider_file_names_the_simulator_only_when_asked() -> None:
    plain = provider_file(aliases={"west": "us-west-2"})
    named = provider_file(endpoint="http://127.0.0.1:1")

    assert plain.count('provider "aws"') == 2
    assert "endpoints" not in plain
    assert named.count("http://127.0.0.1:1") > 20


@pytest.mark.parametrize(
    ("expected", "actual", "match"),
    [
        ({"ingress"}, {"ingress[1].port"}, True),
        ({"ingress"}, {"ingress_rule"}, False),
        ({"ingress"}, {"ingress", "name"}, False),
        ({"ingress"}, set(), False),
        ({"tags.team"}, {"tags.team", "tags_all.team"}, True),
        ({"tags_all.owner"}, {"tags_all.owner"}, True),
        ({"tags_all.owner"}, {"tags_all.team"}, False),
    ],
)
def test_paths_match_when_none_is_lost_and_none_is_foreign(
    expected: set[str], actual: set[str], *, match: bool
) -> None:
    assert paths_match(expected, actual) is match
