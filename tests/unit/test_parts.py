from __future__ import annotations

import pytest

from tests.parts import require


def test_a_part_that_is_there_is_handed_on() -> None:
    assert require("terraform", "found") == "found"


def test_a_missing_part_skips_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_REQUIRE", "terraform")
    with pytest.raises(pytest.skip.Exception, match="postgres is missing: no initdb"):
        require("postgres", None, lack="no initdb")


def test_a_missing_part_fails_where_it_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEUP_REQUIRE", "terraform, postgres")
    with pytest.raises(pytest.fail.Exception, match="postgres is missing"):
        require("postgres", None)
