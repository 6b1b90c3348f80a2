"""Which files the tool's own configuration is made of, and what overrides in them count."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.terraform.cli_configuration import Item, parse_configuration
from iac_adapters.terraform.dev_overrides import DevOverrides, dev_overrides
from reconciler.bounded_files import MOST_BYTES
from reconciler.domain.errors import PermanentError

_OWN: Final = 'provider_installation {\n  dev_overrides {\n    "hashicorp/local" = "/own"\n  }\n}\n'
_JSON: Final = (
    '{"provider_installation": {"dev_overrides": {"hashicorp/local": "/own"}, "direct": [{}]}}'
)
_LOCAL: Final = {"registry.terraform.io/hashicorp/local": Path("/own")}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home directory without any configuration."""
    folder = tmp_path / "home"
    (folder / ".terraform.d").mkdir(parents=True)
    return folder


def _folders(home: Path, tool: str = "terraform", **environment: str) -> dict[str, Path]:
    found = dev_overrides(
        {"HOME": str(home), **environment}, tool=tool, called_from=home, directory=home
    )
    return dict(found.folders)


@pytest.mark.parametrize("text", [_OWN, _JSON])
@pytest.mark.parametrize(
    "name", [".terraformrc", ".terraform.d/any.tfrc", ".terraform.d/any.tfrc.json"]
)
def test_every_file_that_the_tool_merges_is_read(home: Path, name: str, text: str) -> None:
    """Row V10."""
    (home / name).write_text(text)
    assert _folders(home) == _LOCAL


@pytest.mark.parametrize("name", ["any.tf", "any.tfrc.bak", "sub/any.tfrc"])
def test_no_other_file_is(home: Path, name: str) -> None:
    file = home / ".terraform.d" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(_OWN)
    assert _folders(home) == {}


@pytest.mark.parametrize("variable", ["TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG"])
def test_a_file_that_a_variable_names_is_read_alone(home: Path, variable: str) -> None:
    (home / ".terraform.d" / "any.tfrc").write_text(_OWN)
    (home / "named").write_text("")
    assert _folders(home, **{variable: "named"}) == {}
    (home / "named").write_text(_OWN.replace("/own", "elsewhere"))
    assert _folders(home, **{variable: "named"}) == {next(iter(_LOCAL)): home / "elsewhere"}


def test_a_relative_folder_is_looked_for_where_chdir_has_brought_the_tool(
    home: Path, tmp_path: Path
) -> None:
    (home / "named").write_text(_OWN.replace("/own", "elsewhere"))
    found = dev_overrides(
        {"HOME": str(home), "TF_CLI_CONFIG_FILE": "named"},
        tool="terraform",
        called_from=home,
        directory=tmp_path / "code",
    )
    assert found.file == home / "named"
    assert set(found.folders.values()) == {tmp_path / "code" / "elsewhere"}


def test_tofu_reads_its_own_file_before_the_older_ones(home: Path, tmp_path: Path) -> None:
    xdg = tmp_path / "xdg"
    (xdg / "opentofu").mkdir(parents=True)
    places = [xdg / "opentofu" / "tofurc", home / ".terraformrc", home / ".tofurc"]
    for place in places:
        place.write_text(_OWN.replace("/own", f"/{place.name}"))
        found = _folders(home, tool="tofu", XDG_CONFIG_HOME=str(xdg))
        assert found == {"registry.opentofu.org/hashicorp/local": Path(f"/{place.name}")}
    assert _folders(home, XDG_CONFIG_HOME=str(xdg)) != {}


def test_tofu_reads_the_other_folder_where_there_is_no_older_one(
    home: Path, tmp_path: Path
) -> None:
    xdg = tmp_path / "xdg"
    (xdg / "opentofu").mkdir(parents=True)
    (xdg / "opentofu" / "any.tfrc").write_text(_OWN)
    assert _folders(home, tool="tofu", XDG_CONFIG_HOME=str(xdg)) == {}
    (home / ".terraform.d").rmdir()
    assert _folders(home, tool="tofu", XDG_CONFIG_HOME=str(xdg)) != {}


@pytest.mark.parametrize(
    "text",
    [
        f"/* {_OWN} */",
        'provider_installation {\n  # dev_overrides { "a/b" = "/x" }\n  direct {}\n}\n',
        'text = "provider_installation { dev_overrides { \\"a/b\\" = \\"/x\\" } }"',
        "text = <<E\n" + _OWN + "E\n",
        "other {\n" + _OWN + "}\n",
    ],
)
def test_what_only_looks_like_an_override_is_none(home: Path, text: str) -> None:
    (home / ".terraformrc").write_text(text)
    found = dev_overrides({"HOME": str(home)}, tool="terraform", called_from=home, directory=home)
    assert (found.folders, found.warnings) == ({}, ())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("provider_installation {", "ends too early"),
        (f"plugin_cache_dir = /tmp\n{_OWN}", "line 1"),
        ('{"provider_installation": ', "line 1"),
        (_OWN.replace("installation {", "installation = {"), "without an equals sign"),
        (_OWN.replace("overrides {", "overrides = {"), "without an equals sign"),
        (_OWN.replace("  dev_", "  direct {}\n  dev_"), "before all other methods"),
        (_OWN.replace('"/own"', '["/own"]'), "hashicorp/local must be a text"),
        (_JSON.replace("[{}]", "{}"), "must be lists"),
        (_JSON.replace(', "direct": [{}]', ""), "must be lists"),
        ("[" * 100_000, "line 1"),
        ("a = " + "[" * 100_000, "too deep"),
    ],
)
def test_what_is_not_followed_is_said_with_its_file(home: Path, text: str, words: str) -> None:
    """Row V10."""
    file = home / ".terraform.d" / "any.tfrc"
    file.write_text(text)
    found = dev_overrides({"HOME": str(home)}, tool="terraform", called_from=home, directory=home)
    assert found.folders == {}
    (warning,) = found.warnings
    assert warning.startswith(f"{file}: ")
    assert words in warning


def test_a_second_block_is_said_not_to_count(home: Path) -> None:
    (home / ".terraformrc").write_text(_OWN)
    second = home / ".terraform.d" / "any.tfrc"
    second.write_text(_OWN.replace("/own", "/other"))
    found = dev_overrides({"HOME": str(home)}, tool="terraform", called_from=home, directory=home)
    assert found.folders == _LOCAL
    (warning,) = found.warnings
    assert warning.startswith(f"{second}: a second provider_installation block")


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_said(home: Path, kind: str) -> None:
    named = home / "named"
    if kind == "folder":
        named.mkdir()
    environment = {"HOME": str(home), "TF_CLI_CONFIG_FILE": str(named)}
    (warning,) = dev_overrides(
        environment, tool="terraform", called_from=home, directory=home
    ).warnings
    assert warning.startswith(f"{named}: ")


def test_a_file_that_would_block_the_tool_is_an_error(home: Path) -> None:
    os.mkfifo(home / "pipe")
    environment = {"TF_CLI_CONFIG_FILE": str(home / "pipe")}
    with pytest.raises(PermanentError, match=r"pipe: is a named pipe"):
        dev_overrides(environment, tool="terraform", called_from=home, directory=home)


@pytest.mark.parametrize("spelling", [os.devnull, "/dev/../dev/null", "a link"])
def test_the_null_device_is_an_empty_configuration(home: Path, spelling: str) -> None:
    environment = {"HOME": str(home)}
    if spelling == "a link":
        (home / ".terraformrc").symlink_to(os.devnull)
    else:
        environment["TF_CLI_CONFIG_FILE"] = spelling
    assert (
        dev_overrides(environment, tool="terraform", called_from=home, directory=home)
        == DevOverrides()
    )


def test_another_device_and_a_huge_file_are_errors_with_a_remedy_each(home: Path) -> None:
    (home / ".terraformrc").symlink_to("/dev/zero")
    with pytest.raises(PermanentError, match="is a device") as caught:
        _folders(home)
    assert "regular file in its place" in str(caught.value.remedy)
    (home / ".terraformrc").unlink()
    with (home / ".terraformrc").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(PermanentError, match="is larger than 64 MiB") as caught:
        _folders(home)
    assert "shorten it" in str(caught.value.remedy)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("local", "registry.terraform.io/hashicorp/local"),
        ("Acme/Local", "registry.terraform.io/acme/local"),
        ("example.com/acme/local", "example.com/acme/local"),
    ],
)
def test_a_source_is_completed_as_by_the_tool(home: Path, source: str, expected: str) -> None:
    (home / ".terraformrc").write_text(_OWN.replace("hashicorp/local", source))
    assert _folders(home).keys() == {expected}


def test_hcl_of_version_1_is_read() -> None:
    text = (
        'a = 1 // one\n"b" "c" { d = "x\\"\\n${e("x")}", }\n/* f {\n} */ g = [1, "h", { i = j }]\n'
    )
    assert parse_configuration(text) == (
        Item(("a",), "1", is_block=False),
        Item(("b", "c"), (Item(("d",), 'x"\n${e("x")}', is_block=False),)),
        Item(("g",), ["1", "h", (Item(("i",), "j", is_block=False),)], is_block=False),
    )


def test_a_file_written_on_windows_is_read_as_any_other(home: Path) -> None:
    text = "text = <<-EOT\n  provider_installation {\n  EOT\n" + _OWN
    assert parse_configuration(text.replace("\n", "\r\n")) == parse_configuration(text)
    (home / ".terraformrc").write_bytes(text.replace("\n", "\r\n").encode())
    assert _folders(home) == _LOCAL


@pytest.mark.parametrize("text", ["a = <<E \nx\nE\n", "a = <<E\nx\nE \n"])
def test_a_blank_beside_the_word_of_a_heredoc_is_refused_as_by_the_tool(text: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        parse_configuration(text)


@given(st.text(alphabet='ab"={}[],#/*\n <$\\', max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        body = parse_configuration(text)
    except ValueError:
        return
    assert all(item.keys for item in body)
