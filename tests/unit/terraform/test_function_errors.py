"""What an error of a function quotes: no value that it was given, as terraform 1.11 words them."""

from __future__ import annotations

import json

import pytest

from iac_adapters.terraform.diagnostics_text import parse_events, render_diagnostics

ARGUMENT, CALL = "Invalid function argument", "Error in function call"


def rendered(summary: str, detail: str, function: str | None) -> str:
    diagnostic = {
        "severity": "error",
        "summary": summary,
        "detail": detail,
        "range": {"filename": "main.tf", "start": {"line": 1, "column": 1}},
        "snippet": {"code": "value = x", "function_call": {"called_as": function}},
    }
    if function is None:
        del diagnostic["snippet"]
    event = {"type": "diagnostic", "diagnostic": diagnostic}
    return render_diagnostics(parse_events(json.dumps(event).encode())[0])


@pytest.mark.parametrize(
    ("summary", "function", "detail", "shown"),
    [
        (ARGUMENT, "tonumber",
         'Invalid value for "v" parameter: cannot convert "CANARY" to number; given string must',
         'Invalid value for "v" parameter: cannot convert ... to number'),
        (ARGUMENT, "tobool",
         'Invalid value for "v" parameter: cannot convert "CANARY \\" x" to bool; only "true" are',
         'to bool; only "true" are'),
        (ARGUMENT, "textencodebase64",
         'Invalid value for "encoding" parameter: "CANARY" is not a supported IANA encoding name.',
         'Invalid value for "encoding" parameter: ... is not a supported'),
        (CALL, "base64decode",
         'Call to function "base64decode" failed: failed to decode base64 data "CANARY_2!".',
         'Call to function "base64decode" failed: failed to decode base64 data ....'),
        (CALL, None,
         'Call to function "base64decode" failed: failed to decode base64 data "CANARY_2!".',
         'Call to function "base64decode" failed'),
        (CALL, "cidrhost",
         'Call to function "cidrhost" failed: invalid CIDR address: CANARY.',
         "invalid CIDR address: ...."),
        (ARGUMENT, "regex",
         'Invalid value for "pattern" parameter: invalid regexp pattern: missing ) in (CANARY.',
         "invalid regexp pattern: missing ) in ...."),
    ],
)  # fmt: skip
def test_an_error_of_a_function_names_the_fault_and_not_the_value(
    summary: str, function: str | None, detail: str, shown: str
) -> None:
    text = rendered(summary, detail, function)
    assert "CANARY" not in text
    assert shown in text


@pytest.mark.parametrize(
    ("summary", "function", "detail"),
    [
        (ARGUMENT, "file", 'Invalid value for "path" parameter: no file exists at "a.txt".'),
        (CALL, None, 'Call to function "templatefile" failed: "a.tpl": no variable "x".'),
        ("Invalid reference", None, 'A managed resource "aws_vpc" "x" has not been declared.'),
    ],
)
def test_what_is_needed_to_mend_an_error_stays(
    summary: str, function: str | None, detail: str
) -> None:
    assert detail in rendered(summary, detail, function)
