"""What is broken about a Pulumi stack is named, with what to do; a scan of it ends 1 or 3."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.command import Ended, Trueup, bound_by_permissions
from tests.pulumi_world import PulumiStack, copied, imported
from tests.worlds.pulumi.project import PulumiProject
from tests.worlds.pulumi.tools import PulumiTools

IN_SYNC, REFUSED, DRIFT, INCOMPLETE = 0, 1, 2, 3
PLUGIN: Final = Path(__file__).parents[1] / "providers" / "gadget_plugin.py"
Arrange = Callable[[PulumiStack], object]
Variables = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Case:
    """One way to break a stack; `told` are the words its message must hold.

    `given` are variables that are set, or unset; `settings` are the stack's in trueup.toml.
    """

    name: str
    arrange: Arrange
    told: tuple[str, ...]
    code: int = REFUSED
    arguments: tuple[str, ...] = ()
    given: Variables = field(default_factory=dict)
    settings: str = 'pulumi_stack = "dev"\ndynamic_providers = true\n'


def _untouched(_stack: PulumiStack) -> None:
    return


def _project(text: str | bytes) -> Arrange:
    data = text if isinstance(text, bytes) else text.encode()
    return lambda stack: (stack.directory / "Pulumi.yaml").write_bytes(data)


def _program(text: str) -> Arrange:
    return lambda stack: (stack.directory / "__main__.py").write_text(text)


def _state(content: bytes) -> Arrange:
    return lambda stack: stack.state.write_bytes(content)


def _cut(stack: PulumiStack) -> None:
    content = stack.state.read_bytes()
    stack.state.write_bytes(content[: content.rindex(b"}", 0, len(content) // 2) + 1])


def _edited(change: Callable[[dict[str, Any]], object]) -> Arrange:
    def arrange(stack: PulumiStack) -> None:
        document = json.loads(stack.state.read_text())
        change(document)
        stack.state.write_text(json.dumps(document, indent=2))

    return arrange


def _resources(document: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document["checkpoint"]["latest"]["resources"]
    return found


def _pending(kind: str, name: str) -> Arrange:
    """Leave an operation on a thing without an end, and the thing itself out of the record."""

    def change(document: dict[str, Any]) -> None:
        latest = document["checkpoint"]["latest"]
        (resource,) = [one for one in _resources(document) if one["urn"].endswith(f"::{name}")]
        latest["resources"].remove(resource)
        latest["pending_operations"] = [{"resource": resource, "type": kind}]

    return _edited(change)


def _stranger(document: dict[str, Any]) -> None:
    """Record a resource of a provider that nobody installed."""
    base = "urn:pulumi:dev::things"
    provider = f"{base}::pulumi:providers:acme::own"
    stack = f"{base}::pulumi:pulumi:Stack::things-dev"
    _resources(document).extend(
        [
            {
                "urn": provider,
                "type": "pulumi:providers:acme",
                "custom": True,
                "id": "1",
                "inputs": {"version": "7.0.0"},
                "outputs": {"version": "7.0.0"},
                "parent": stack,
            },
            {
                "urn": f"{base}::acme:index:Thing::stranger",
                "type": "acme:index:Thing",
                "custom": True,
                "id": "1",
                "parent": stack,
                "provider": f"{provider}::1",
            },
        ]
    )


def _lock(stack: PulumiStack) -> None:
    content = {
        "pid": os.getpid(),
        "username": "ada",
        "hostname": socket.gethostname(),
        "timestamp": datetime.now(UTC).isoformat(),
    }
    stack.locks.mkdir(parents=True, exist_ok=True)
    (stack.locks / "held.json").write_text(json.dumps(content))


def _knob(knob: str) -> Arrange:
    return lambda stack: stack.turn(kept=knob)


def _cli(script: str) -> Arrange:
    def arrange(stack: PulumiStack) -> None:
        program = stack.folder / "pulumi"
        program.write_text(script.replace("{program}", str(stack.program)))
        program.chmod(0o755)

    return arrange


def _mute(stack: PulumiStack) -> None:
    stack.edit("kept", provider="mute")
    stack.up()


URN: Final = "dynamic/things:Thing::kept"
CASES: Final = [
    Case("project_without_name", _project("runtime: python\n"), ("Pulumi.yaml: `name`",)),
    Case("project_without_runtime", _project("name: things\n"), ("Pulumi.yaml: `runtime`",)),
    Case("project_damaged", _project("name: things\nruntime: [\n"), ("Pulumi.yaml:3",)),
    Case("project_binary", _project(b"\xff\xfe\x00"), ("Pulumi.yaml: not UTF-8",)),
    Case("project_list", _project("- a\n"), ("Pulumi.yaml: holds no project",)),
    Case(
        "stack_not_selected",
        _untouched,
        ("no stack is selected (stacks: dev)", "--stack"),
        settings="",
    ),
    Case(
        "stack_unknown",
        _untouched,
        ("there is no stack 'nope'", "(stacks: dev)", "pulumi stack init"),
        settings='pulumi_stack = "nope"\n',
    ),
    Case(
        "stack_file_damaged",
        lambda stack: (stack.directory / "Pulumi.dev.yaml").write_text("config: [\n"),
        ("invalid YAML file", "Pulumi.STACK.yaml"),
    ),
    Case(
        "passphrase_missing",
        _untouched,
        ("things/dev", "none is given", "PULUMI_CONFIG_PASSPHRASE"),
        given={"PULUMI_CONFIG_PASSPHRASE": None},
    ),
    Case(
        "passphrase_wrong",
        _untouched,
        ("things/dev", "not the one", "PULUMI_CONFIG_PASSPHRASE"),
        given={"PULUMI_CONFIG_PASSPHRASE": "battery staple"},
    ),
    Case(
        "passphrase_file_missing",
        _untouched,
        ("/no/such/file: No such file", "PULUMI_CONFIG_PASSPHRASE_FILE"),
        given={
            "PULUMI_CONFIG_PASSPHRASE": None,
            "PULUMI_CONFIG_PASSPHRASE_FILE": "/no/such/file",
        },
    ),
    Case("state_cut", _cut, ("dev.json: cut short", ".pulumi/backups")),
    Case("state_text", _state(b"hello"), ("dev.json: cut short or damaged",)),
    Case("state_array", _state(b"[1]"), ("dev.json: not a Pulumi state",)),
    Case("state_gzip_cut", _state(b"\x1f\x8b\x08\x00"), ("dev.json: cut short or damaged",)),
    Case(
        "state_newer",
        _edited(lambda d: d.update(version=9)),
        ("dev.json: version 9", "update trueup"),
    ),
    Case("state_older", _edited(lambda d: d.update(version=1)), ("dev.json: version 1",)),
    Case(
        "state_feature",
        _edited(lambda d: d.update(version=4, features=["teleport"])),
        ("dev.json: it needs teleport", "update trueup"),
    ),
    Case("state_malformed", _edited(lambda d: _resources(d).append({})), ("dev.json: damaged",)),
    Case("plugin_missing", _edited(_stranger), ("pulumi plugin install resource acme 7.0.0",)),
    Case(
        "cli_nowhere",
        _untouched,
        ("/nowhere/pulumi: no program", "correct TRUEUP_PULUMI"),
        given={"TRUEUP_PULUMI": "/nowhere/pulumi"},
    ),
    Case(
        "cli_not_installed",
        _untouched,
        ("pulumi was not found", "doctor --fix pulumi"),
        given={
            "TRUEUP_PULUMI": None,
            "PATH": "",
            "HOME": "/nowhere",
            "XDG_CACHE_HOME": "{folder}/empty",
            "XDG_DATA_HOME": "{folder}/empty",
        },
    ),
    Case(
        "cli_too_old",
        _cli("#!/bin/sh\necho v3.100.0\n"),
        ("pulumi 3.100.0 is too old", "3.190"),
        given={"TRUEUP_PULUMI": "{folder}/pulumi"},
    ),
    Case(
        "cli_is_none",
        _cli("#!/bin/sh\necho hello\n"),
        ("does not answer `version`", "TRUEUP_PULUMI"),
        given={"TRUEUP_PULUMI": "{folder}/pulumi"},
    ),
    Case(
        "cli_fails_without_a_word",
        _cli('#!/bin/sh\n[ "$1" = version ] && echo v3.259.0 && exit 0\nexit 7\n'),
        ("code: the program could not be evaluated: it ended with exit code 7",),
        given={"TRUEUP_PULUMI": "{folder}/pulumi", "PATH": "{tools}:/usr/bin:/bin"},
    ),
    Case(
        "program_raises",
        _program("def f():\n    raise ValueError('a bad day')\n\nf()\n"),
        ("__main__.py:2: ValueError: a bad day",),
    ),
    Case("program_syntax", _program("import =\n"), ("__main__.py", "SyntaxError")),
    Case(
        "program_import", _program("import no_such_module\n"), ("No module named", "pulumi install")
    ),
    Case(
        "program_hangs",
        _program("import time\ntime.sleep(3600)\n"),
        ("code: the program did not end within 3 s", "TRUEUP_EVALUATE_DEADLINE"),
        given={"TRUEUP_EVALUATE_DEADLINE": "3"},
    ),
    Case(
        "program_gone",
        lambda stack: (stack.directory / "__main__.py").unlink(),
        ("code: the program could not be evaluated",),
    ),
    Case(
        "program_elsewhere",
        _project("name: things\nruntime: python\nmain: nowhere/\n"),
        ("nowhere",),
    ),
    Case(
        "program_demands_configuration",
        _program("import pulumi\npulumi.Config().require('needed')\n"),
        ("Missing required configuration", "pulumi config set"),
    ),
    Case(
        "deadline_no_number",
        _untouched,
        ("TRUEUP_EVALUATE_DEADLINE: 'soon'",),
        given={"TRUEUP_EVALUATE_DEADLINE": "soon"},
    ),
    Case("lock_held", _lock, ("things/dev: an update by ada@", "is under way", "has ended")),
    Case(
        "runtime_unknown",
        _project("name: things\nruntime: cobol\n"),
        ("pulumi-language-cobol is not installed",),
        IN_SYNC,
    ),
    Case(
        "host_missing",
        _cli('#!/bin/sh\nexec {program} "$@"\n'),
        ("pulumi-language-python is not installed",),
        IN_SYNC,
        given={"TRUEUP_PULUMI": "{folder}/pulumi", "PATH": "/usr/bin:/bin"},
    ),
    Case(
        "address_unknown",
        _untouched,
        ("is named kept2", "did you mean kept?"),
        arguments=("--address", "kept2"),
    ),
    Case("backend_unknown", _untouched, ("ftp://x",), given={"PULUMI_BACKEND_URL": "ftp://x"}),
    Case(
        "backend_gone",
        _untouched,
        ("there is no stack 'dev'", "(stacks: none)"),
        given={"PULUMI_BACKEND_URL": "file:///no/such/folder"},
    ),
    Case(
        "cloud_without_token",
        _untouched,
        ("from https://127.0.0.1:9", "pulumi login"),
        given={"PULUMI_BACKEND_URL": "https://127.0.0.1:9"},
    ),
    Case(
        "pending_creation",
        _pending("creating", "kept"),
        (URN, "interrupted while creating", "pulumi refresh --clear-pending-creates"),
        INCOMPLETE,
    ),
    Case(
        "providers_not_allowed",
        _untouched,
        (URN, "not allowed", "dynamic_providers = true", "--dynamic-providers"),
        INCOMPLETE,
        settings='pulumi_stack = "dev"\n',
    ),
    Case("without_read", _mute, (URN, "no read()", "give the provider a read()"), INCOMPLETE),
    Case("crash", _knob("crash"), (URN, "exit code 3", "update the provider"), INCOMPLETE),
    Case(
        "hang",
        _knob("hang"),
        (URN, "did not answer Read", "scan again"),
        INCOMPLETE,
        given={"TRUEUP_READ_DEADLINE": "1.5"},
    ),
    Case("denied", _knob("deny"), (URN, "AccessDenied", "allow the credentials"), INCOMPLETE),
    Case("expired", _knob("expired"), (URN, "ExpiredToken", "renew"), INCOMPLETE),
    Case("leak", _knob("leak"), (URN, "NotUnderstood", "***"), INCOMPLETE),
]


@pytest.fixture
def stack(applied_things: PulumiStack, tmp_path: Path) -> PulumiStack:
    folder = tmp_path / "own"
    folder.mkdir()
    return copied(applied_things, folder)


@pytest.fixture
def trueup(stack: PulumiStack, caches: Path) -> Iterator[Trueup]:
    """The command, set up for `stack`; at the end nothing it started may be left."""
    command = Trueup({**stack.environment, "XDG_CACHE_HOME": str(caches)})
    yield command
    left = command.wait_until_gone()
    for process in command.processes():
        process.kill()
    assert not left


def given(trueup: Trueup, variables: Variables, stack: PulumiStack) -> Trueup:
    """Return the command with `variables` set, or unset; `{folder}` and `{tools}` are places."""
    made = dict(trueup.environment)
    for name, value in variables.items():
        if value is None:
            made.pop(name, None)
        else:
            told = value.replace("{folder}", str(stack.folder))
            made[name] = told.replace("{tools}", str(stack.program.parent))
    return replace(trueup, environment=made)


def settings(stack: PulumiStack, keys: str) -> None:
    """Write a trueup.toml above the project; what its providers need stands in the env_file."""
    (stack.folder / "things.env").write_text(f"TRUEUP_THINGS={stack.cloud}\n")
    (stack.folder / "trueup.toml").write_text(
        f'[[stack]]\nname = "things"\ndirectory = "code"\nenv_file = "things.env"\n{keys}'
    )


def contents(stack: PulumiProject) -> dict[str, bytes]:
    """Return every file of project and backend."""
    places = (stack.directory, stack.folder / "state")
    files = (file for place in places for file in place.rglob("*") if file.is_file())
    return {str(file.relative_to(stack.folder)): file.read_bytes() for file in files}


def assert_plain(ended: Ended) -> None:
    assert "Traceback" not in ended.everything
    assert "trueup itself failed" not in ended.err
    assert "CANARY" not in ended.everything
    assert "correct horse" not in ended.everything
    assert len(ended.everything) < 6000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_named_and_a_remedy_told(case: Case, stack: PulumiStack, trueup: Trueup) -> None:
    case.arrange(stack)
    before = contents(stack)
    settings(stack, case.settings)
    command = given(trueup, case.given, stack)
    ended = command.run("scan", *case.arguments, cwd=stack.directory)
    assert ended.code == case.code, ended.everything
    assert_plain(ended)
    said = " ".join((ended.err if case.code == REFUSED else ended.out).split())
    for words in case.told:
        assert words in said
    if case.code == REFUSED:
        assert ended.out == ""
        assert ended.err.startswith("error: ")
        assert "  help: " in ended.err
    if case.code == INCOMPLETE:
        assert "unreadable" in ended.out
        assert "missing" not in ended.out
    assert contents(stack) == before


@pytest.fixture(scope="session")
def gadgets(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> PulumiProject:
    """A stack of one gadget, whose plugin is well with the CLI and ill with us when told to."""
    folder = tmp_path_factory.mktemp("gadgets")
    for name in ("code", "state", "home", "bin"):
        (folder / name).mkdir()
    (folder / "code" / "Pulumi.yaml").write_text("name: gadgets\nruntime: python\n")
    (folder / "code" / "__main__.py").write_text(
        "import pulumi\n"
        'pulumi.CustomResource("gadgets:index:Gadget", "one", {"value": "CANARY-gadget"})\n'
    )
    plugin = folder / "bin" / "pulumi-resource-gadgets"
    plugin.write_text(f'#!/bin/sh\nexec {sys.executable} {PLUGIN} "$@"\n')
    plugin.chmod(0o755)
    path = f"{plugin.parent}:{os.environ['PATH']}"
    stack = PulumiProject(folder=folder, program=pulumi.cli, name="gadgets", extra={"PATH": path})
    stack.run("stack", "init")
    stack.up()
    return stack


@pytest.mark.parametrize(
    ("mood", "told"),
    [
        ("exits", ("exit code 3 before it was ready", "pulumi plugin install resource gadgets")),
        ("chatter", ("printed 'hello'", "pulumi plugin install resource gadgets")),
        ("refuses", ("ExpiredToken: log in again", "renew the credentials")),
        ("hangs", ("did not answer Configure in 2 s", "scan again")),
    ],
)
def test_a_plugin_that_is_ill_is_named_and_a_remedy_told(
    mood: str, told: tuple[str, ...], gadgets: PulumiProject, caches: Path
) -> None:
    hurry = {"TRUEUP_CONFIGURE_DEADLINE": "2"} if mood == "hangs" else {}
    told_to = {"XDG_CACHE_HOME": str(caches), "GADGETS": mood, **hurry}
    command = Trueup({**gadgets.environment, **told_to})
    before = contents(gadgets)
    ended = command.run("scan", gadgets.directory, "--stack", "dev")
    assert ended.code == INCOMPLETE, ended.everything
    assert_plain(ended)
    said = " ".join(ended.out.split())
    for words in ("gadgets:index:Gadget::one", "1 unreadable", *told):
        assert words in said
    assert contents(gadgets) == before
    assert command.wait_until_gone() == []


@pytest.mark.parametrize(
    "place",
    [
        "state/.pulumi/stacks/things/dev.json",
        "state/.pulumi",
        "state/.pulumi/locks/organization",
        "code/Pulumi.yaml",
    ],
)
def test_what_may_not_be_read_is_named(place: str, stack: PulumiStack, trueup: Trueup) -> None:
    settings(stack, 'pulumi_stack = "dev"\n')
    closed = stack.folder / place
    mode = closed.stat().st_mode
    closed.chmod(0)
    try:
        bound = replace(trueup, wrapper=bound_by_permissions())
        ended = bound.run("scan", cwd=stack.folder)
    finally:
        closed.chmod(mode)
    assert ended.code == REFUSED, ended.everything
    assert_plain(ended)
    assert str(closed) in ended.err
    assert "Permission denied" in ended.err
    assert "  help: " in ended.err


def test_a_scan_writes_nothing_not_even_byte_code(stack: PulumiStack, trueup: Trueup) -> None:
    imported(stack)
    stack.edit("lax", size=9)
    settings(stack, 'pulumi_stack = "dev"\ndynamic_providers = true\n')
    before = contents(stack)
    ended = trueup.run("scan", cwd=stack.directory)
    assert ended.code == DRIFT, ended.everything
    assert contents(stack) == before
