"""Blocks, positions and lifecycle rules of real module trees."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import hcl2.parser
import pytest

from iac_adapters.terraform.ignored import IgnoreRules
from iac_adapters.terraform.source import Source
from iac_adapters.terraform.source_cache import forget_parser
from iac_adapters.terraform.source_reading import load_source
from reconciler.domain.errors import PermanentError

_MAIN = """# a comment
resource "aws_x" "y" {
  provider = aws . west
  name     = "lit \\"q\\""
  size     = 3
  made     = "pre-${var.x}"
  password = "hunter2"
  lifecycle {
    prevent_destroy = true
    ignore_changes = [ # why
      tags, tags["a.b"], /* and */ ebs[0].size, "quoted",
    ]
  }
}

data "aws_ami" "z" {
  lifecycle { ignore_changes = all }
}
ephemeral "aws_secret" "s" {}
moved {
  from = aws_x.old
  to   = aws_x.y
}
removed {
  from = aws_x.gone
}
"""


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def _load(root: Path, tool: str = "terraform") -> Source:
    return load_source(
        root, data_dir=root / ".terraform", cache_dir=root.parent / "cache", tool=tool
    )


def test_a_block_says_where_it_is_and_what_it_ignores(tmp_path: Path) -> None:
    _write(tmp_path / "s", {"main.tf": _MAIN})
    for _ in ("parsed", "from the cache"):
        source = _load(tmp_path / "s")
        block = source.block('aws_x.y["some key"]')
        assert block is not None
        assert (block.file, block.line, block.address) == ("main.tf", 2, "aws_x.y")
        assert block.ignore_changes.paths == (
            ("tags",),
            ("tags", "a.b"),
            ("ebs", 0, "size"),
            ("quoted",),
        )
        data = source.block("data.aws_ami.z")
        assert data is not None
        assert data.ignore_changes == IgnoreRules(all=True)
        assert source.resource_types() == {"aws_x", "aws_ami", "aws_secret"}
        assert source.warnings == ()
    cached = b"".join(f.read_bytes() for f in (tmp_path / "cache").rglob("*.json"))
    assert b"aws_x" in cached
    assert b"hunter2" not in cached


def test_a_broken_cache_only_costs_time(tmp_path: Path) -> None:
    _write(tmp_path / "s", {"main.tf": _MAIN})
    first = _load(tmp_path / "s")
    for file in (tmp_path / "cache").rglob("*.json"):
        file.write_text('[{"rubbish": 1}]')
    assert _load(tmp_path / "s") == first


def test_the_parser_is_let_go_of_and_comes_back(tmp_path: Path) -> None:
    """Its tables are 13 MB, which a process that recorded once would keep for ever."""
    _write(tmp_path, {"main.tf": _MAIN})
    first = _load(tmp_path)
    assert hcl2.parser.parser.cache_info().currsize == 1
    forget_parser()
    assert hcl2.parser.parser.cache_info().currsize == 0
    (tmp_path / "more.tf").write_text('resource "aws_x" "z" {}\n')
    assert _load(tmp_path).blocks.keys() == {*first.blocks, "aws_x.z"}


def test_nested_modules_are_found_through_the_manifest(tmp_path: Path) -> None:
    inner = 'resource "t" "i" {}\nmoved {\n  from = t.h\n  to = t.i\n}\n'
    _write(
        tmp_path / "s",
        {
            "main.tf": 'module "a" { source = "registry/x" }\n',
            ".terraform/modules/a/main.tf": 'module "b" { source = "./b" }\n',
            ".terraform/modules/a/b/main.tf": inner,
            ".terraform/modules/stale/main.tf": 'resource "stale" "s" {}\n',
            ".terraform/modules/modules.json": json.dumps(
                {
                    "Modules": [
                        {"Key": "", "Source": "", "Dir": "."},
                        {"Key": "a", "Source": "registry/x", "Dir": ".terraform/modules/a"},
                        {"Key": "a.b", "Source": "./b", "Dir": ".terraform/modules/a/b"},
                        {"Key": "stale", "Source": "x", "Dir": ".terraform/modules/stale"},
                    ]
                }
            ),
        },
    )
    source = _load(tmp_path / "s")
    block = source.block('module.a["k"].module.b[0].t.i')
    assert block is not None
    assert block.file == ".terraform/modules/a/b/main.tf"
    assert source.resource_types() == {"t"}


def test_a_module_that_calls_itself_ends(tmp_path: Path) -> None:
    _write(tmp_path / "s", {"main.tf": 'module "a" { source = "./" }\nresource "t" "x" {}\n'})
    assert any("deep" in warning for warning in _load(tmp_path / "s").warnings)


def test_overrides_json_and_ignored_files(tmp_path: Path) -> None:
    _write(
        tmp_path / "s",
        {
            "main.tf": 'resource "t" "x" {\n  a = 1\n  b = 2\n}\n',
            "x_override.tf": 'resource "t" "x" {\n  a = 5\n'
            "  lifecycle {\n    ignore_changes = [a]\n  }\n}\n",
            "more.tf.json": json.dumps(
                {"resource": {"j": {"k": {"lifecycle": {"ignore_changes": ["tags"]}}}}}, indent=1
            ),
            ".hidden.tf": "resource",
            "main.tf~": "resource",
        },
    )
    source = _load(tmp_path / "s")
    block, in_json = source.block("t.x"), source.block("j.k")
    assert block is not None
    assert in_json is not None
    assert block.line == 1
    assert block.ignore_changes.paths == (("a",),)
    assert (in_json.line, in_json.ignore_changes.paths) == (4, (("tags",),))
    assert source.warnings == ()


def test_tofu_files_count_for_tofu_only(tmp_path: Path) -> None:
    _write(
        tmp_path / "s",
        {"a.tf": 'resource "one" "x" {}\n', "a.tofu": 'resource "two" "x" {}\n'},
    )
    assert _load(tmp_path / "s").resource_types() == {"one"}
    assert _load(tmp_path / "s", tool="tofu").resource_types() == {"two"}


def test_what_the_parser_refuses_is_skimmed_and_warned_about(tmp_path: Path) -> None:
    text = '\ufefflocals {\n  é = 1\n}\nresource "t" "x" {\n  lifecycle {\n'
    text += '    ignore_changes = [a, b["c"]]\n  }\n}\n'
    _write(tmp_path / "s", {"main.tf": text})
    source = _load(tmp_path / "s")
    block = source.block("t.x")
    assert block is not None
    assert (block.line, block.ignore_changes.paths) == (4, (("a",), ("b", "c")))
    assert source.warnings[0].startswith("main.tf:2:3: ")


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "main.tf").write_bytes(b"\xef\xbb\xbf" + _MAIN.replace("\n", "\r\n").encode())
    block = _load(tmp_path / "s").block("aws_x.y")
    assert block is not None
    assert (block.line, len(block.ignore_changes.paths)) == (2, 4)


@pytest.mark.parametrize(
    "changed",
    [
        "main.tf",
        ".terraform.lock.hcl",
        "x.auto.tfvars",
        "terraform.tfvars.json",
        "named.txt",
        "m/in_module.txt",
        "tpl/computed.tpl",
    ],
)
def test_the_digest_covers_what_a_plan_reads(tmp_path: Path, changed: str) -> None:
    root = tmp_path / "s"
    reading = (
        'locals {\n  a = file("named.txt")\n  b = templatefile("tpl/${var.x}.tpl", {})\n}\n'
        'module "m" { source = "./m" }\n'
    )
    names: tuple[str, ...] = (
        "x.auto.tfvars",
        "terraform.tfvars.json",
        "named.txt",
        "m/in_module.txt",
    )
    names += (".terraform.lock.hcl", "tpl/computed.tpl", "unrelated.md")
    _write(root, dict.fromkeys(names, "x"))
    _write(
        root,
        {"main.tf": reading, "m/main.tf": 'locals { c = file("${path.module}/in_module.txt") }\n'},
    )
    before = _load(root).digest
    (root / "unrelated.md").write_text("other")
    assert _load(root).digest == before
    with (root / changed).open("a") as file:
        file.write("\n# more\n")
    assert _load(root).digest != before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'resource "a" "b" {\n  x = = 1\n}\n', r"main\.tf:2:7: this does not parse .*\(at `=`\)$"),
        (b'resource "a" "b" {\n', r"main\.tf:1:19: the file ends"),
        (b'x = "a" "hunter2"\n', r"main\.tf:1:9: this does not parse as HCL \(at a string\)$"),
        (b"x = " + b"[" * 3000 + b"]" * 3000, r"main\.tf:1:1: is nested too deeply"),
    ],
)
def test_a_broken_file_is_warned_about_by_place_and_kind_of_token_alone(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "main.tf").write_bytes(content)
    (told,) = _load(tmp_path).warnings
    assert re.search(words, told)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x7fELF\x00\x01\xff", r"main\.tf:1: "),
        (b"a = 1\n\x00\x00", r"main\.tf:2: holds binary data"),
    ],
)
def test_binary_files_are_refused_with_their_line(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "main.tf").write_bytes(content)
    with pytest.raises(PermanentError, match=words) as caught:
        _load(tmp_path)
    assert caught.value.remedy


def test_a_directory_without_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="no Terraform configuration"):
        _load(tmp_path)


def test_link_loops_do_not_hang(tmp_path: Path) -> None:
    root = tmp_path / "s"
    _write(root, {"main.tf": 'locals { a = file("${path.module}/d/${var.x}") }\n', "d/x": ""})
    (root / "d" / "loop").symlink_to(root)
    assert _load(root).warnings == ()
    (root / "self.tf").symlink_to(root / "self.tf")
    with pytest.raises(PermanentError, match=r"self\.tf: Too many levels"):
        _load(root)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (".terraform/modules/modules.json", "locals {}\n"),
        ("pipe", 'locals {\n  a = file("pipe")\n}\n'),
        ("pipe", 'locals {\n  a = templatefile("${path.module}/pipe", {})\n}\n'),
    ],
)
def test_a_pipe_that_the_tool_would_wait_for_is_refused_by_its_name(
    tmp_path: Path, name: str, code: str
) -> None:
    _write(tmp_path, {"main.tf": code})
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(PermanentError, match=f"{tmp_path / name}: is a named pipe"):
        _load(tmp_path)
