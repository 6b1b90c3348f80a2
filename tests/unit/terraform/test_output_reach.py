"""Which moved objects the outputs of a root module take values from, by the text of the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.consequences import Ancestry, Moved
from iac_adapters.terraform.output_reach import feeder_among, parts_of_outputs, reaches_outputs
from reconciler.domain.model import ResourceAddress

ROOT = Path("/code")
CAUSE = ResourceAddress("thing.cause")


def reaches(code: str, *attributes: str, inner: str = "", address: ResourceAddress = CAUSE) -> bool:
    """Return whether an output of `code` may be another after `attributes` of one have moved."""
    texts = {ROOT / "main.tf": code, ROOT / "inner" / "main.tf": inner}
    parts = parts_of_outputs(texts, ROOT)
    moved = {address: Moved(frozenset(attributes or ("size",)), b"live")}
    return reaches_outputs(parts, moved, {}, Ancestry({}))


@pytest.mark.parametrize(
    "code",
    [
        'output "a" { value = thing.cause.size }',
        'output "a" { value = [for one in thing.cause[*] : one] }',
        'output "a" { value = "${local.b}" }\nlocals {\n  b = local.c\n  c = thing.cause.size\n}',
        'output "a" { value = data.thing.d.size }\ndata "thing" "d" { name = thing.cause.size }',
        'output "a" { value = data.thing.d.size }\ndata "thing" "d" { depends_on = [thing.cause] }',
        '# output: none\noutput "output" { value = thing.cause.size }',
        'output "a" { value = -thing.cause.size }',
        'output "a" { value = 1 -thing.cause.size }',
        'output "a" { value = 1-thing.cause.size }',
        'output "a" { value = -local.n }\nlocals { n = thing.cause.size }',
        'output "a" { value = [1 -local.n] }\nlocals { n = thing.cause.size }',
        'output "a" { value = -data.thing.d.size }\ndata "thing" "d" { name = thing.cause.size }',
    ],
)
def test_an_output_takes_what_leads_to_it(code: str) -> None:
    assert reaches(code)


@pytest.mark.parametrize(
    "code",
    [
        'output "a" { value = thing.cause.name }\nresource "thing" "b" { size = thing.cause.size }',
        'output "a" { value = thing.other.size }\nlocals { unused = thing.cause.size }',
        'output "a" {\n  value = 1\n  depends_on = [thing.cause]\n}\nlocals { b = thing.cause }',
        'output "a" { value = 1 }\ndata "thing" "d" { name = thing.cause.size }',
    ],
)
def test_an_output_takes_nothing_of_what_others_take(code: str) -> None:
    assert not reaches(code)


@pytest.mark.parametrize(
    "text",
    [
        "<<-MY-EOT\n  it's \"odd\n  MY-EOT\n",
        "<<MY-EOT\n}}} { [\nMY-EOT\n",
        '<<EOT\r\n"odd {\r\nEOT\r\n',
        '<<-EOT\r\n  "odd {\r\n  EOT\r\n',
    ],
)
def test_what_stands_behind_a_text_of_lines_is_found(text: str) -> None:
    before = f'output "first" {{\n  value = {text}}}\n'
    assert reaches(before + 'output "a" { value = thing.cause.size }')
    assert reaches(before + 'output "a" { value = local.b }\nlocals { b = thing.cause.size }')
    assert not reaches(before + 'output "a" { value = thing.cause.name }')


def test_a_file_that_is_not_understood_to_its_end_counts_as_a_whole() -> None:
    """A text that the walk takes to be open hides what follows it."""
    code = 'output "first" { value = 1 }\nlocals {\n  a = "odd\n}\n'
    assert reaches(code + 'output "a" { value = thing.cause.size }')
    assert reaches(
        'output "a" { value = module.m.b }\nmodule "m" {}', inner=code + "thing.cause.size"
    )


def test_a_module_hands_on_what_it_is_given_and_what_it_has() -> None:
    call = 'output "a" { value = module.m.told }\n'
    given = call + 'module "m" {\n  source = "./inner"\n  given = thing.cause.size\n}'
    handing = 'variable "given" {}\noutput "told" { value = var.given }'
    assert reaches(given, inner=handing)
    within = ResourceAddress("module.m.thing.cause")
    own = 'resource "thing" "cause" {}\noutput "told" { value = thing.cause.size }'
    assert reaches(call + 'module "m" { source = "./inner" }', inner=own, address=within)
    assert not reaches('output "a" { value = 1 }', inner=own, address=within)


def test_where_no_output_is_understood_all_of_the_code_counts() -> None:
    assert reaches("locals { b = thing.cause.size }")
    json = '{"output": {"a": {"value": "${thing.cause.size}"}}}'
    parts = parts_of_outputs({ROOT / "main.tf.json": json}, ROOT)
    moved = {CAUSE: Moved(frozenset({"size"}), b"live")}
    assert reaches_outputs(parts, moved, {}, Ancestry({}))


def test_what_is_gone_or_replaced_reaches_none() -> None:
    parts = parts_of_outputs({ROOT / "main.tf": 'output "a" { value = thing.cause.size }'}, ROOT)
    assert not reaches_outputs(parts, {CAUSE: Moved(None, b"live")}, {}, Ancestry({}))


def test_of_what_was_not_read_the_object_is_named_that_outputs_take() -> None:
    parts = parts_of_outputs({ROOT / "main.tf": 'output "a" { value = thing.cause }'}, ROOT)
    other = ResourceAddress("thing.a")
    assert feeder_among(parts, {other, CAUSE}, {}, Ancestry({})) == CAUSE
    assert feeder_among(parts, {other}, {}, Ancestry({})) is None
    assert feeder_among(parts, (), {}, Ancestry({})) is None
