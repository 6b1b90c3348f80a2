"""Texts that follow from what is written, and files that are named by them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.terraform.file_references import file_references
from iac_adapters.terraform.given_variables import given_variables
from iac_adapters.terraform.hcl_text import end_of_text, statements
from iac_adapters.terraform.known_texts import Scope, Text
from iac_adapters.terraform.source_reading import load_source

_ROOT = Path("/base/stack")
_CODE = """
locals {
  shared = "../shared"
  deep   = "${local.shared}/deep" # behind another
  twice  = "a"
  nested = { shared = "no" }
  made   = join("/", [local.shared, "x", var.plain])
  cycle  = local.cycle
  later  = null_resource.x.id
}
locals { one_line = "../one" }
locals {
  twice = "b"
}
variable "plain" { default = "plain" }
variable "given" {
  type    = string
  default = "default"
}
variable "asked" {}
resource "t" "x" { a = <<-EOF
  locals { shared = "in a heredoc" }
  EOF
}
"""


def _scope(code: str = _CODE, **given: str | None) -> Scope:
    return Scope((code,), _ROOT, _ROOT, Path("/base"), "dev", given=lambda: given)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ('"x"', "x"),
        ('"a\\tb $${c}"', "a\tb ${c}"),
        ("local.shared", "../shared"),
        ("local.deep", "../shared/deep"),
        ("local.made", "../shared/x/plain"),
        ("local.one_line", "../one"),
        ("var.plain", "plain"),
        ("var.given", "by a file"),
        ('"${local.shared}/${terraform.workspace}.json"', "../shared/dev.json"),
        ("path.module", "."),
        ("path.cwd", "/base"),
        ("abspath(path.root)", "/base/stack"),
        ("dirname(abspath(path.module))", "/base"),
        ('format("%s/%s.txt", local.shared, "a")', "../shared/a.txt"),
        ('coalesce("", local.shared)', "../shared"),
        ('(\n  lower("ABC")\n)', "abc"),
        ('replace("a-b", "-", "/")', "a/b"),
        ('nonsensitive(trimsuffix("a/", "/"))', "a"),
    ],
)
def test_a_text_follows_from_what_is_written(expression: str, text: str) -> None:
    scope = _scope(given="by a file")
    assert scope.text_at(f"{expression}\n", 0) == Text(text, whole=True)
    assert scope.text_at(f"{expression}, {{}})", 0) == Text(text, whole=True)


@pytest.mark.parametrize(
    ("expression", "beginning"),
    [
        ("local.twice", ""),
        ("local.cycle", ""),
        ("local.later", ""),
        ("local.nested", ""),
        ("var.asked", ""),
        ("var.null", ""),
        ("each.value", ""),
        ('local.shared == "x" ? "a" : "b"', ""),
        ('"a" != local.shared ? "a" : "b"', ""),
        ("local.map[each.key]", ""),
        ('replace("a", "/a/", "b")', ""),
        ('format("%03d", 7)', ""),
        ('"${local.shared}/${each.value}.txt"', "../shared/"),
        ('"${path.module}/%{ if true }x%{ endif }"', "./"),
        ('"${~ local.shared }x"', ""),
        ("file(", ""),
        ('"unclosed', "unclosed"),
        ("((((" * 500, ""),
    ],
)
def test_what_something_else_decides_is_not_known(expression: str, beginning: str) -> None:
    found = _scope(null=None).text_at(expression, 0)
    assert found == Text(beginning)


@given(st.text(alphabet='{}[]()"$%\\<E\n#/*=,.a '))
def test_no_text_breaks_the_walk(text: str) -> None:
    ends = [one.end for one in statements(text)]
    assert ends == sorted(ends)
    assert end_of_text(f'"{text}', 0) > 0
    _scope(text).text_at(text, 0)


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize(
    "call",
    [
        'file("${local.shared}/policy.txt")',
        'file(format("%s/policy.txt", local.shared))',
        'file(join("/", [local.shared, "policy.txt"]))',
        'file(abspath("${path.module}/../shared/policy.txt"))',
        "templatefile(local.policy, { a = 1 })",
        'file("${var.shared}/policy.txt")',
        'filemd5("${var.defaulted}/policy.txt")',
        'file(\n  "../${terraform.workspace}/policy.txt"\n)',
        '[for one in fileset("../shared", "*.txt") : one]',
        'file("../shared/${each.value}")',
        'templatefile("t.tpl", {})',
        'templatefile("outer.tpl", {})',
    ],
)
def test_a_file_elsewhere_is_part_of_the_digest_however_it_is_named(
    tmp_path: Path, call: str
) -> None:
    """Row T23."""
    root = tmp_path / "stack"
    code = (
        'locals {\n  shared = "../shared"\n  policy = "${local.shared}/policy.txt"\n}\n'
        'variable "shared" {}\nvariable "defaulted" { default = "../shared" }\n'
        f'module "m" {{\n  source = "./m"\n  folder = "${{var.shared}}/"\n}}\n'
        f"locals {{\n  read = {call}\n}}\n"
    )
    template = 'no file (x), $${file(y)} but ${ trimspace("${file("../shared/policy.txt")}") }.'
    files = {"shared/policy.txt": "a", "stack/t.tpl": template}
    outer = '%{ if templatefile("t.tpl", {}) != "" }file(x)%{ endif }'
    _write(tmp_path, {"stack/main.tf": code, "stack/outer.tpl": outer, **files})
    scope = Scope((), root, root, root, "shared", given=lambda: {"shared": "../shared"})

    def digest() -> str:
        source = load_source(root, data_dir=root / ".terraform", cache_dir=None, scope=scope)
        assert not source.unnamed_files
        return source.digest

    before = digest()
    assert digest() == before
    (tmp_path / "shared" / "policy.txt").write_text("changed")
    assert digest() != before


@pytest.mark.parametrize("call", ['provider::local::direxists("../sub")', 'templatefile("t", {})'])
def test_a_folder_that_a_function_of_a_provider_looks_for_is_part_of_the_digest(
    tmp_path: Path, call: str
) -> None:
    code = f"locals {{\n  x = {call}\n  y = provider::a::b(each.key)\n}}\n"
    root = tmp_path / "stack"
    _write(root, {"main.tf": code, "t": '${provider::local::direxists("../sub")}'})
    seen = set()
    for _ in range(2):
        source = load_source(root, data_dir=root / ".terraform", cache_dir=None)
        seen.add(source.digest)
        assert not source.unnamed_files  # most of them look at nothing but their arguments
        (tmp_path / "sub").mkdir(exist_ok=True)
    assert len(seen) == 2


def test_a_module_reads_by_what_its_caller_gives_it(tmp_path: Path) -> None:
    """Row T23: one module, called twice, opens two files."""
    root = tmp_path / "stack"
    _write(
        root,
        {
            "main.tf": 'module "a" {\n  source = "./m"\n  at = local.here\n}\n'
            'module "b" {\n  source = "./m"\n  at = "../b"\n}\nlocals {\n  here = "../a"\n}\n',
            "m/main.tf": 'variable "at" {}\nlocals {\n  x = file("${var.at}/x.txt")\n}\n',
        },
    )
    _write(tmp_path, {"a/x.txt": "a", "b/x.txt": "b"})

    def digest() -> str:
        return load_source(root, data_dir=root / ".terraform", cache_dir=None).digest

    seen = [digest()]
    for name in ("a", "b"):
        (tmp_path / name / "x.txt").write_text("changed")
        seen.append(digest())
    assert len(set(seen)) == 3


@pytest.mark.parametrize(
    "call",
    [
        "file(each.value)",
        "file(var.asked)",
        'fileset(local.x, "*")',
        "templatestring(data.local_file.t.content, {})",
        "templatestring(local.known, {})",
    ],
)
def test_a_name_that_nothing_tells_is_said_to_be_one(tmp_path: Path, call: str) -> None:
    """Row T23: such a stack is evaluated anew after ten minutes."""
    known = 'locals {\n  known = "$${file(name)}"\n}\n'
    texts = {tmp_path / "main.tf": f"{known}a = {call}"}
    scope = Scope(tuple(texts.values()), tmp_path, tmp_path, tmp_path, "dev")
    assert file_references(texts, scope, tool="tofu").unnamed
    before = file_references(texts, scope, tool="tofu").digest
    (tmp_path / "new").touch()
    assert file_references(texts, scope, tool="tofu").digest != before


def test_a_template_that_is_no_file_reads_files_with_opentofu_alone(tmp_path: Path) -> None:
    texts = {tmp_path / "main.tf": "a = templatestring(var.known, {})"}
    known = {"known": '${file("side.txt")}'}
    scope = Scope(tuple(texts.values()), tmp_path, tmp_path, tmp_path, "dev", given=lambda: known)
    (tmp_path / "side.txt").write_text("one")
    before = file_references(texts, scope, tool="tofu")
    (tmp_path / "side.txt").write_text("two")
    after = file_references(texts, scope, tool="tofu")
    assert (before.unnamed, after.unnamed, before == after) == (False, False, False)
    # Terraform refuses to plan what would read a file in that way.
    read = {tmp_path / "main.tf": "a = templatestring(data.a.b.c, {})"}
    assert not file_references(read, scope, tool="terraform").unnamed


def test_variables_are_given_in_the_order_of_the_tool(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "terraform.tfvars": 'a = "file"\nb = "file"\nc = ["x"]\nd = "file"\n',
            "x.auto.tfvars.json": '{"b": "auto", "e": {"f": 1}}',
            "more.tfvars": 'd = "more"\nm = { a = "nested" }\n',
            "last.tfvars": 'd = "last" # why\n',
        },
    )
    environment = {
        "TF_VAR_a": "environment",
        "TF_VAR_z": "environment",
        "TF_CLI_ARGS_plan": "-var-file=more.tfvars -var y=argument",
    }
    assert given_variables(tmp_path, environment, [tmp_path / "last.tfvars"]) == {
        "a": "file",
        "b": "auto",
        "c": None,
        "d": "last",
        "e": None,
        "m": None,
        "y": "argument",
        "z": "environment",
    }


def test_the_home_of_nobody_is_no_error(tmp_path: Path) -> None:
    texts = {tmp_path / "main.tf": 'a = file("~nobody-of-this-name/x")'}
    scope = Scope(tuple(texts.values()), tmp_path, tmp_path, tmp_path, "dev")
    assert not file_references(texts, scope, tool="tofu").unnamed
    assert os.path.lexists(tmp_path)
