from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.coverage import covering, covers, derived_template_id
from reconciler.domain.globs import glob_covers, glob_matches
from reconciler.domain.records import Template, TemplateId
from tests.unit.domain.drift import AT

UPLOADED = Template(
    TemplateId("t"), "aws_s3_bucket", {}, AT, AT, applies_to=("web*/aws_s3_bucket.*",)
)


@pytest.mark.parametrize(
    ("glob", "text", "whole", "around"),
    [
        ("a", "a", True, True),
        ("a", "a.b", False, True),
        ("a", 'a["k"]', False, True),
        ("a", "ab", False, False),
        ("*", "anything\nat all", True, True),
        ("a?c", "abc", True, True),
        ("a.c", "abc", False, False),
        ("[ab]", "a", False, False),
        ('x["*"]', 'x["k"]', True, True),
        ("", "", True, True),
    ],
)
def test_globs_know_stars_and_question_marks_only(
    glob: str,
    text: str,
    whole: bool,  # noqa: FBT001
    around: bool,  # noqa: FBT001
) -> None:
    assert (glob_matches(glob, text), glob_covers(glob, text)) == (whole, around)


@given(st.text(alphabet="ab.[]*?", max_size=12))
def test_a_text_without_stars_names_itself(text: str) -> None:
    assert glob_matches(text, text)


def test_many_stars_cost_no_time() -> None:
    assert not glob_matches("*" * 200 + "b", "a" * 5000)


@pytest.mark.parametrize(
    ("resource", "type_name", "covered"),
    [
        ("web-eu/aws_s3_bucket.x", "aws_s3_bucket", True),
        ("db/aws_s3_bucket.x", "aws_s3_bucket", False),
        ("web/aws_s3_bucket.x", "aws_sqs_queue", False),
    ],
)
def test_an_uploaded_template_covers_what_it_names(
    resource: str,
    type_name: str,
    covered: bool,  # noqa: FBT001
) -> None:
    assert covers(UPLOADED, resource, type_name) is covered


def test_a_template_that_names_nothing_covers_nothing() -> None:
    assert not covers(replace(UPLOADED, applies_to=()), "web/aws_s3_bucket.x", "aws_s3_bucket")


def test_a_derived_template_covers_its_own_resource_only() -> None:
    derived = replace(UPLOADED, resource_id="web/a.b", applies_to=())
    assert covers(derived, "web/a.b", "whatever")
    assert not covers(derived, "web/a.c", "aws_s3_bucket")


def test_a_resource_falls_under_its_own_and_every_uploaded_that_covers_it() -> None:
    resource = "web/aws_s3_bucket.x"
    other = replace(UPLOADED, template_id=TemplateId("u"), applies_to=("db/*",))
    own = derived_template_id(resource)
    assert covering([UPLOADED, other], resource, "aws_s3_bucket") == {own, "t"}
    assert own == derived_template_id(resource) != derived_template_id(resource + "2")
