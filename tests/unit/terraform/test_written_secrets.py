"""What is secret in a stack's files is found without evaluating or even parsing them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from iac_adapters.redaction.literals import literals_in
from iac_adapters.terraform.written_secrets import written_secrets

GENERATED = "kR8vN2mQ5xW9zT4p"


def words(
    folder: Path, files: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> frozenset[str]:
    for name, text in files.items():
        (folder / name).write_text(text)
    return frozenset(written_secrets(folder, files=(), var_files=(), environment=environment or {}))


DECLARED = 'variable "pw" {\n  type = string\n  sensitive = true\n}\nvariable "size" {}\n'


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("terraform.tfvars", 'size = "large one"\npw = "correct horse"\n'),
        ("a.auto.tfvars", 'pw = { inner = ["correct horse"] }\n'),
        ("a.auto.tfvars", 'pw = [\n  "x",\n  "correct horse",\n]\nsize = "large one"'),
        ("a.auto.tfvars", "pw = <<EOT\ncorrect horse\nEOT\nsize = <<EOT\nlarge one\nEOT\n"),
        ("a.auto.tfvars", 'broken = = {\npw = "correct horse\n'),
        ("a.auto.tfvars.json", '{"pw": "correct horse", "size": "large one"}'),
        ("a.auto.tfvars.json", '{"size": "large one",\n"pw": "correct horse"'),
        ("b.tf", 'variable "pw" { default = "correct horse" }'),
        ("b.tf", 'provider "x" {\n  auth {\n    api_token = "correct horse"\n  }\n}'),
        ("b.tf", 'resource "x" "y" {\n  headers = { Authorization = "correct horse" }\n}'),
        ("b.tf", 'resource "x" "y" {\n  user_data = <<-EOT\n    correct horse\n  EOT\n}'),
        ("b.tf", 'resource "x" "y" { command = "echo ${sensitive("correct horse")}" }'),
        ("b.tf.json", '{"provider": {"x": {"secret_key": "correct horse"}}}'),
    ],
)
def test_a_secret_is_known_by_its_variable_or_its_name(
    tmp_path: Path, file: str, text: str
) -> None:
    found = words(tmp_path, {"main.tf": DECLARED, file: text})
    assert any(word.strip() == "correct horse" for word in found)
    assert not any("large one" in word for word in found)


def test_what_looks_generated_is_a_secret_and_names_are_not(tmp_path: Path) -> None:
    ordinary = ["10.0.0.0/16", "vpc-0a1b2c3d4e5f67890", "web-server-01-prod", "eu-central-1",
                "arn:aws:iam::123456789012:role/a1b2c3d4e5f6", "~> 5.80.0", "2026-05-01T10:00:00Z",
                "https://example.org/a1b2c3d4e5f6", "./modules/network"]  # fmt: skip
    found = words(tmp_path, {"main.tf": f"a = {json.dumps([*ordinary, GENERATED])}"})
    assert found == {GENERATED}


def test_variables_of_the_environment_count_as_the_code_declares_them(tmp_path: Path) -> None:
    environment = {"TF_VAR_pw": '["correct horse"]', "TF_VAR_size": "large one"}
    found = words(tmp_path, {"main.tf": DECLARED}, environment)
    assert "correct horse" in found
    assert not any("large" in word for word in found)


@pytest.mark.parametrize(
    ("arguments", "secret"),
    [
        ("-var=pw=correct-horse", "correct-horse"),
        ("-no-color -var 'pw=correct horse'", "correct horse"),
        ("-var 'pw={a = \"correct horse\"}' -refresh=false", "correct horse"),
        (f"-var=size={GENERATED}", GENERATED),
        ("-var=db_password=swordfish", "swordfish"),
        ("-var 'pw=without end", "without"),
    ],
)
def test_variables_among_the_arguments_of_the_tool_count_as_well(
    tmp_path: Path, arguments: str, secret: str
) -> None:
    for name in ("TF_CLI_ARGS", "TF_CLI_ARGS_plan"):
        found = words(tmp_path, {"main.tf": DECLARED}, {name: f"{arguments} -var=size=large"})
        assert any(secret in word for word in found)
        assert "large" not in found


def test_what_cannot_be_read_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "loop.tf").symlink_to("loop.tf")
    (tmp_path / "folder.tf").mkdir()
    assert words(tmp_path, {"binary.tf": "\x00\ud7ff" * 100}) == frozenset()
    assert words(tmp_path / "none", {}) == frozenset()


def test_literals_are_named_by_what_is_around_them() -> None:
    text = 'a "b" {\n c = 1\n d { e = "x${"y"}" }\n f = ["g", { h = true }]\n}'
    named = [(literal.names, literal.text) for literal in literals_in(text, is_json=False)]
    assert (("a", "b", "c"), "1") in named
    assert (("a", "b", "f"), "g") in named
    assert (("a", "b", "f", "h"), "true") in named
