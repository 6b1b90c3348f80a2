"""An excerpt shows what the code refers to, and none of the values that are written in it."""

from __future__ import annotations

import json

import pytest

from iac_adapters.terraform.diagnostics_text import parse_events, render_diagnostics
from iac_adapters.terraform.excerpts import excerpt_of

CANARY = "hunter2-Canary_1"


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('  name = "a b"', '  name = "..."'),
        ("  subnet = aws_subnet.mian[0].id", "  subnet = aws_subnet.mian[0].id"),
        ('  name = "a-${var.no}-b"', '  name = "...${var.no}..."'),
        ('  name = "${upper("x")}"', '  name = "${upper("...")}"'),
        ("  count = var.on ? 1 : 0", "  count = var.on ? ... : ..."),
        ("  list = [local.a, 7, true]", "  list = [local.a, ..., true]"),
        ('resource "aws_vpc" "main" {', 'resource "aws_vpc" "main" {'),
        ("  filter {", "  filter {"),
        ('    "X-Key" = "v"', '    "..." = "..."'),
        ("  name = = 1", "  name = = ..."),
        ('  when = timestamp("x")', '  when = timestamp("...")'),
    ],
)
def test_values_are_left_out_and_references_are_kept(code: str, shown: str) -> None:
    excerpt = excerpt_of(code, None, file="main.tf")
    assert excerpt is not None
    assert excerpt.code == shown


@pytest.mark.parametrize(
    "code",
    [
        f'  password = "{CANARY}"',
        f'  password = "{CANARY}',
        f"  password = {CANARY}",
        f"  password = '{CANARY}'",
        f"password {CANARY}",
        f'{CANARY} = "x" {CANARY}',
        f'  url = "postgres://a:${{"{CANARY}"}}@b"',
        f"  # old: {CANARY}",
        f"  body = <<EOT\nexport X={CANARY}\npw = {CANARY}\nEOT",
        f'  a = "${{{CANARY}}}"',
        f'  "{CANARY}" = 1',
        f'  a = jsonencode({{ "{CANARY}" : "{CANARY}" }})',
        f"root:{CANARY}:19000:0:99999",
        f'provider "aws" {{ secret_key = "{CANARY}" }}',
        f'  a = "x\\"{CANARY}"',
        f'{{"password": "{CANARY}", "{CANARY}": 1}}',
    ],
)
@pytest.mark.parametrize("file", ["main.tf", "main.tf.json"])
def test_no_value_is_shown_however_broken_the_line_is(code: str, file: str) -> None:
    excerpt = excerpt_of(code, (0, len(code)), file=file)
    assert excerpt is not None
    assert "hunter2" not in excerpt.code.replace(f"{CANARY} =", "")
    assert "anary_1" not in excerpt.code.replace(f"{CANARY} =", "")


@pytest.mark.parametrize("file", ["/etc/shadow", "../other/main.tf", "a/../../b.tf"])
def test_files_outside_the_directory_are_not_quoted(file: str) -> None:
    assert excerpt_of("a = var.b", None, file=file) is None


def test_the_caret_stays_below_what_it_points_at() -> None:
    code = '  name = "a long value" + var.no'
    at = code.index("var.no")
    told = (
        b'{"@level":"error","type":"diagnostic","diagnostic":{"severity":"error","summary":"no",'
        b'"range":{"filename":"main.tf","start":{"line":3,"column":1}},"snippet":{"code":'
        + f'"{code}"'.replace('"a long value"', '\\"a long value\\"').encode()
        + f',"highlight_start_offset":{at},"highlight_end_offset":{at + 6}}}}}}}'.encode()
    )
    diagnostics, _ = parse_events(told)
    assert render_diagnostics(diagnostics).splitlines()[1:] == [
        '  3 |   name = "..." + var.no',
        "    |                  ^^^^^^",
    ]


def test_the_command_of_a_failed_provisioner_is_left_out_of_what_is_told() -> None:
    detail = "Error running command 'mysql -pplainword': exit status 1. Output: denied"
    event = {"diagnostic": {"severity": "error", "summary": "failed", "detail": detail}}
    diagnostics, _ = parse_events(json.dumps(event).encode())
    assert diagnostics[0].detail == "Error running command '...': exit status 1. Output: denied"
