"""What is broken is named, with what to do about it; a scan of it ends 1 or 3, in plain words."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.command import Ended, Trueup, bound_by_permissions
from tests.e2e.conftest import CODE, SECRET
from tests.world_stack import WorldStack

REFUSED, INCOMPLETE = 1, 3
Arrange = Callable[[WorldStack], object]


@dataclass(frozen=True, slots=True)
class Case:
    """One way to break a stack; `told` are the words its message must hold."""

    name: str
    arrange: Arrange
    told: tuple[str, ...]
    code: int = REFUSED
    arguments: tuple[str, ...] = ()
    deadline_s: int = 60


def _code(text: str | bytes, file: str = "extra.tf") -> Arrange:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda stack: (stack.directory / file).write_bytes(data)


def _state(content: bytes) -> Arrange:
    return lambda stack: stack.state.write_bytes(content)


def _edited(change: Callable[[dict[str, Any]], object]) -> Arrange:
    def arrange(stack: WorldStack) -> None:
        document = json.loads(stack.state.read_text())
        change(document)
        stack.state.write_text(json.dumps(document, indent=2))

    return arrange


def _thing(document: dict[str, Any], name: str) -> dict[str, Any]:
    made: dict[str, Any] = next(r for r in document["resources"] if r["name"] == name)
    return made


def _stranger(source: str, type_name: str) -> Arrange:
    """Record a resource of a type or provider that is not there."""
    instance = {"schema_version": 0, "attributes": {"id": "1", "secret": SECRET}}
    resource = {
        "mode": "managed",
        "type": type_name,
        "name": "stranger",
        "provider": f'provider["registry.terraform.io/{source}"]',
        "instances": [instance],
    }
    return _edited(lambda document: document["resources"].append(resource))


def _knob(knob: str, *names: str) -> Arrange:
    return lambda stack: stack.turn(**dict.fromkeys(names or ("many-1",), knob))


def _without(*names: str) -> Arrange:
    def arrange(stack: WorldStack) -> None:
        for name in names:
            place = stack.directory / name
            shutil.rmtree(place) if place.is_dir() else place.unlink()

    return arrange


def _cut(stack: WorldStack) -> None:
    content = stack.state.read_bytes()
    # Right behind a brace: the end alone does not look cut.
    stack.state.write_bytes(content[: content.rindex(b"}", 0, len(content) // 2) + 1])


def _linked_to_itself(name: str) -> Arrange:
    def arrange(stack: WorldStack) -> None:
        place = stack.directory / name
        place.unlink(missing_ok=True)
        place.symlink_to(name)

    return arrange


def _state_as_directory(stack: WorldStack) -> None:
    stack.state.unlink()
    stack.state.mkdir()


def _untouched(_stack: WorldStack) -> None:
    return


def _backend(stack: WorldStack) -> None:
    _code('terraform {\n  backend "s3" {\n    bucket = "b"\n    key    = "k"\n  }\n}\n')(stack)


def _resource(body: str) -> str:
    return f'resource "world_thing" "extra" {{\n{body}\n}}\n'


NOT_INITIALISED = "`terraform init`"
STATE = "terraform.tfstate"

CASES: Final = [
    Case(
        "hcl_expression", _code(_resource("  name = = 1")), ("extra.tf:2:10", "  name = = ...", "^")
    ),
    Case("endless_line", _code(_resource(f'  name = "{"x" * 9000}${{var.no}}"')), ("var.no", "^")),
    Case("hcl_unclosed", _code('resource "a" "b" {\n'), ("extra.tf:1", "^")),
    Case("hcl_binary", _code(b"\xff\xfe\x00\x80" * 50), ("extra.tf:1", "not UTF-8", "not HCL")),
    Case("hcl_nul", _code(b"locals {}\n\x00\x00"), ("extra.tf:2", "binary", "restore the file")),
    Case("hcl_json_broken", _code('{"resource": ', "extra.tf.json"), ("extra.tf.json",)),
    Case("hcl_self_link", _linked_to_itself("extra.tf"), ("extra.tf: Too many levels",)),
    Case("undeclared", _code(_resource("  name = var.nope")), ("extra.tf:2", "var.nope", "^")),
    Case("variable_missing", _code('variable "needed" {}'), ("extra.tf:1", '"needed" is not set')),
    Case(
        "variable_secret_invalid",
        _code(
            f'variable "v" {{\n  sensitive = true\n  default   = "{SECRET}"\n  validation {{\n'
            '    condition     = length(var.v) > 99\n    error_message = "too short"\n  }\n}\n'
        ),
        ("extra.tf:1", "too short"),
    ),
    Case("type_unknown", _code('resource "world_no" "x" {}'), ("extra.tf:1", '"world_no"', "^")),
    Case("state_cut", _cut, (STATE, "cut short", "terraform.tfstate.backup")),
    Case("state_brace", _state(b"{"), (STATE, "cut short")),
    Case("state_blank", _state(b"\n"), ("no state file", "terraform.tfstate.backup")),
    Case("state_array", _state(b"[1]"), (STATE, "JSON array")),
    Case("state_text", _state(b"hello"), (STATE, "not JSON")),
    Case("state_other_json", _state(b'{"a": 1}'), (STATE, "`version`")),
    Case("state_deep", _state(b'{"version":4,"a":' + b"[" * 200_000), (STATE,)),
    Case(
        "state_newer", _edited(lambda d: d.update(version=5)), (STATE, "version 5", "update trueup")
    ),
    Case("state_older", _edited(lambda d: d.update(version=1)), (STATE, "version 1")),
    Case("state_malformed", _edited(lambda d: d.update(resources=[{}])), (STATE, "malformed")),
    Case(
        "state_encrypted",
        _state(b'{"serial":1,"lineage":"x","encrypted_data":"YQ==","encryption_version":"v0"}'),
        (STATE, "encrypted by OpenTofu", "tofu state pull"),
    ),
    Case("state_self_link", _linked_to_itself(STATE), (STATE, "leads back to itself")),
    Case(
        "state_directory",
        _state_as_directory,
        (STATE, "is a directory"),
    ),
    Case(
        "schema_newer",
        _edited(lambda d: _thing(d, "one")["instances"][0].update(schema_version=9)),
        ("world_thing.one", "newer provider", "init -upgrade"),
    ),
    Case(
        "recorded_type_unknown",
        _stranger("trueup/world", "world_gone"),
        ("world_gone.stranger", "terraform state rm"),
    ),
    Case(
        "recorded_provider_unknown",
        _stranger("acme/other", "other_thing"),
        ("acme/other", NOT_INITIALISED),
    ),
    Case(
        "provider_not_installed",
        _without(".terraform"),
        ("trueup/world 1.0.0", "not installed", NOT_INITIALISED),
    ),
    Case("not_initialised", _without(".terraform", ".terraform.lock.hcl"), (NOT_INITIALISED,)),
    Case("lock_missing", _without(".terraform.lock.hcl"), ("lock file", NOT_INITIALISED)),
    Case(
        "lock_broken",
        _code(
            'provider "registry.terraform.io/trueup/world" {\n version = =\n', ".terraform.lock.hcl"
        ),
        (".terraform.lock.hcl", "broken", "version control"),
    ),
    Case("lock_binary", _code(b"\x00\xff" * 99, ".terraform.lock.hcl"), (".terraform.lock.hcl",)),
    Case(
        "module_missing",
        _code('module "m" {\n  source = "./m"\n}'),
        ("extra.tf:1", NOT_INITIALISED),
    ),
    Case(
        "module_remote",
        _code('module "m" {\n  source = "a/b/c"\n}'),
        ("extra.tf:1", NOT_INITIALISED),
    ),
    Case("backend_uninitialised", _backend, ("s3 backend", NOT_INITIALISED)),
    Case(
        "address_unknown",
        _untouched,
        ("world_thing.on", "did you mean world_thing.one"),
        arguments=("--address", "world_thing.on"),
    ),
    Case(
        "workspace_unknown",
        _untouched,
        ("no workspace 'nope'", "workspaces: default"),
        arguments=("--workspace", "nope"),
    ),
    Case(
        "workspace_no_name",
        _untouched,
        ("'../x'", "cannot be a workspace's name"),
        arguments=("--workspace", "../x"),
    ),
    Case(
        "variables_missing",
        _untouched,
        ("nope.tfvars", "--var-file"),
        arguments=("--var-file", "nope.tfvars"),
    ),
    Case("configure_expired", lambda stack: _token(stack, "expired"), ("ExpiredToken", "renew")),
    Case("crash", _knob("crash"), ("world_thing.many[1]", "exit code 3"), INCOMPLETE),
    Case("panic", _knob("panic"), ("world_thing.many[1]", "the world ended"), INCOMPLETE),
    # The other reads are to answer in that time.
    Case(
        "hang",
        _knob("hang"),
        ("world_thing.many[1]", "did not answer"),
        INCOMPLETE,
        deadline_s=5,
    ),
    Case("denied", _knob("deny"), ("world_thing.many[1]", "AccessDenied", "allow"), INCOMPLETE),
    Case("expired", _knob("expired"), ("world_thing.many[1]", "ExpiredToken", "renew"), INCOMPLETE),
]


def _token(stack: WorldStack, token: str) -> None:
    block = f'provider "world" {{\n  world = "{stack.cloud}"\n  token = "{token}"\n}}\n'
    stack.write(CODE, provider=block)


def _assert_plain(ended: Ended) -> None:
    assert "Traceback" not in ended.everything
    assert "unexpected" not in ended.err, "a defect of ours"
    assert "trueup itself failed" not in ended.err
    assert SECRET not in ended.everything
    assert len(ended.everything) < 6000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_named_and_a_remedy_told(case: Case, stack: WorldStack, trueup: Trueup) -> None:
    case.arrange(stack)
    environment = {**trueup.environment, "TRUEUP_READ_DEADLINE": str(case.deadline_s)}
    hurried = replace(trueup, environment=environment)
    ended = hurried.run("scan", *case.arguments, cwd=stack.directory)
    assert ended.code == case.code, ended.everything
    _assert_plain(ended)
    said = ended.err if case.code == REFUSED else ended.out
    for words in case.told:
        assert words in said
    if case.code == REFUSED:
        assert ended.out == ""
        assert ended.err.startswith("error: ")
        assert "  help: " in ended.err
    else:
        assert "1 unreadable" in ended.out
        assert "3 in sync" in ended.out
        assert "missing" not in ended.out
        # The reason, and behind it what to do.
        assert re.search(r"; (update|check|allow|renew) ", " ".join(ended.out.split()))


def test_several_crashes_are_found_each(stack: WorldStack, trueup: Trueup) -> None:
    _knob("crash", "many-0", "many-2")(stack)
    ended = trueup.run("scan", stack.directory, "--json")
    assert ended.code == INCOMPLETE
    (report,) = ended.json["stacks"]
    assert [one["address"] for one in report["unreadable"]] == [
        "world_thing.many[0]",
        "world_thing.many[2]",
    ]
    assert report["counts"]["in_sync"] == 2


def test_a_flood_on_stderr_hurts_nobody(stack: WorldStack, trueup: Trueup) -> None:
    _knob("flood")(stack)
    assert trueup.run("scan", stack.directory).code == 0


def test_throttling_is_waited_out_and_told(stack: WorldStack, trueup: Trueup) -> None:
    _knob("throttle")(stack)
    ended = trueup.run("scan", stack.directory, "--json")
    assert ended.code == INCOMPLETE
    (only,) = ended.json["stacks"][0]["unreadable"]
    assert only["address"] == "world_thing.many[1]"
    assert "ThrottlingException" in only["reason"]
    assert "less often" in only["reason"]


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("#!/bin/sh\nexit 3\n", "exit code 3 before it was ready"),
        ("no program at all", "cannot be run"),
        ("#!/bin/sh\necho hello\n", "printed 'hello'"),
    ],
    ids=["ends_at_once", "not_a_program", "says_something_else"],
)
def test_a_provider_that_is_none(
    program: str, told: str, stack: WorldStack, trueup: Trueup
) -> None:
    folder = stack.directory / ".terraform" / "providers"
    (link,) = (place for place in folder.rglob("*_*") if place.is_symlink())
    binary = next(link.resolve().iterdir()).name
    link.unlink()
    link.mkdir()
    (link / binary).write_text(program)
    (link / binary).chmod(0o755)
    # A lock without a checksum: with one the package would be refused before it is run.
    (stack.directory / ".terraform.lock.hcl").write_text(
        'provider "registry.terraform.io/trueup/world" {\n  version = "1.0.0"\n}\n'
    )
    ended = trueup.run("scan", stack.directory)
    assert ended.code == REFUSED
    _assert_plain(ended)
    assert "trueup/world" in ended.err
    assert told in ended.err
    assert "help: " in ended.err


def test_a_package_that_is_not_the_locked_one(stack: WorldStack, trueup: Trueup) -> None:
    lock = stack.directory / ".terraform.lock.hcl"
    lock.write_text(re.sub(r'"h1:[^"]*"', f'"h1:{"A" * 43}="', lock.read_text()))
    ended = trueup.run("scan", stack.directory)
    assert ended.code == REFUSED
    _assert_plain(ended)
    assert ".terraform.lock.hcl" in ended.err
    assert "run `terraform init`" in ended.err


@pytest.mark.parametrize("content", [None, b""], ids=["none", "empty"])
def test_no_state_is_nothing_applied_yet(
    content: bytes | None, stack: WorldStack, trueup: Trueup
) -> None:
    stack.state.unlink() if content is None else stack.state.write_bytes(content)
    ended = trueup.run("scan", stack.directory, "--json")
    assert ended.code == 2, ended.err
    (report,) = ended.json["stacks"]
    assert {(one["kind"], one["origin"]) for one in report["findings"]} == {
        ("missing", "unapplied")
    }
    assert report["counts"]["missing"] == 4


@pytest.mark.parametrize("name", ["terraform.tfstate", "main.tf", ".terraform.lock.hcl"])
def test_what_may_not_be_read_is_named(name: str, stack: WorldStack, trueup: Trueup) -> None:
    (stack.directory / name).chmod(0)
    bound = replace(trueup, wrapper=bound_by_permissions())
    ended = bound.run("scan", stack.directory)
    assert ended.code == REFUSED
    _assert_plain(ended)
    assert name in ended.err


def test_directories_linked_in_a_circle(stack: WorldStack, trueup: Trueup) -> None:
    (stack.directory / "again").symlink_to(".")
    (stack.directory / "files").mkdir()
    (stack.directory / "files" / "up").symlink_to("..")
    _code('locals {\n  all = fileset(path.module, "files/*")\n}\n')(stack)
    ended = trueup.run("scan", stack.directory)
    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("empty", ("code found in", "trueup init")),
        ("nowhere", ("neither a directory nor a stack",)),
        ("no/where", ("does not exist",)),
        ("file", ("is not a directory",)),
        ("link", ("link",)),
    ],
)
def test_a_place_without_a_template(
    given: str, told: tuple[str, ...], tmp_path: Path, caches: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("link")
    ended = Trueup({"XDG_CACHE_HOME": str(caches)}).run("scan", given, cwd=tmp_path)
    assert ended.code == REFUSED
    _assert_plain(ended)
    for words in (*told, "help: "):
        assert words in ended.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[stack]]\ndirectory = "s"\nintervall = "5m"', (":3", "did you mean 'interval'")),
        ('[[stak]]\ndirectory = "s"', (":1", "did you mean 'stack'")),
        ('[[stack]]\ndirectory = "s"\ninterval = "5 years"', (":3", "not a duration")),
        ('[[stack]]\ndirectory = "s"\ninterval = "1s"', (":3", "shorter than 10 s")),
        (
            '[[stack]]\ndirectory = "s"\nname = "a"\n[[stack]]\ndirectory = "s"\nname = "a"',
            ("two stacks are named 'a'", ":6", "line 3"),
        ),
        ('[[stack]]\ndirectory = "gone"', (":2", "does not exist or cannot be entered", "gone")),
        ('[[stack]\ndirectory = "s"', (":1", "not TOML")),
        (
            '[[channel]]\nname = "ops"\nurl = "hush-hush-4711"',
            (":3", "begins with how it is reached"),
        ),
    ],
    ids=["key", "table", "unit", "short", "twins", "directory", "toml", "secret"],
)
def test_settings_that_are_wrong(
    text: str, told: tuple[str, ...], tmp_path: Path, caches: Path
) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "trueup.toml").write_text(text)
    ended = Trueup({"XDG_CACHE_HOME": str(caches)}).run("scan", cwd=tmp_path)
    assert ended.code == REFUSED
    _assert_plain(ended)
    for words in ("trueup.toml", *told):
        assert words in ended.err
