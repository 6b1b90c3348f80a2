"""What is opened in another program: only what is there, and never what a value could smuggle."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.client.errors import InvalidError
from reconciler.wire.alerts import Ticket
from reconciler.wire.findings import Finding, Source
from tests.unit.tui.told import a_finding
from tui.opening import Opening, command_of, open_outside, openings_of


def declared_at(file: str, *urls: str) -> Finding:
    tickets = [Ticket(channel="ops", key="OPS-1", url=url) for url in urls]
    return replace(
        a_finding("f", "high", "open"), source=Source(file=file, line=7), tickets=tickets
    )


def test_the_source_is_offered_where_it_is_on_this_machine(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text("")
    (found,) = openings_of(declared_at("main.tf"), str(tmp_path))
    assert command_of(found, {"EDITOR": "vim -n"}) == ["vim", "-n", "+7", str(tmp_path / "main.tf")]
    assert not list(openings_of(declared_at("other.tf"), str(tmp_path)))
    assert not list(openings_of(declared_at("main.tf"), ""))


def test_nothing_outside_the_stack_and_no_address_but_of_the_web_is_offered(tmp_path: Path) -> None:
    stack = tmp_path / "stack"
    stack.mkdir()
    (tmp_path / "secret").write_text("")
    assert not list(openings_of(declared_at("../secret"), str(stack)))
    urls = ("javascript:alert(1)", "file:///etc/passwd", "-x", "https://tracker.example/OPS-1")
    found = list(openings_of(declared_at("main.tf", *urls), str(stack)))
    assert [each.url for each in found] == ["https://tracker.example/OPS-1"]


@pytest.mark.parametrize(
    "error", [PermissionError(13, "denied"), ValueError("NUL"), RuntimeError("loop of links")]
)
def test_a_source_that_cannot_be_looked_at_is_not_offered(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_file(_self: Path) -> bool:
        raise error

    monkeypatch.setattr(Path, "is_file", is_file)
    assert not list(openings_of(declared_at("main.tf"), str(tmp_path)))


def test_a_name_too_long_and_an_address_that_cannot_be_split_are_not_offered(
    tmp_path: Path,
) -> None:
    urls = ("https://[x/y", "https://tracker.example/OPS-1")
    found = list(openings_of(declared_at("x" * 300, *urls), str(tmp_path)))
    assert [each.url for each in found] == ["https://tracker.example/OPS-1"]


@pytest.mark.parametrize(
    ("environment", "command"),
    [({}, ["less"]), ({"PAGER": "delta --paging=always"}, ["delta", "--paging=always"]),
     ({"PAGER": ""}, ["less"])],
)  # fmt: skip
def test_the_pager_is_the_person_s_own(environment: dict[str, str], command: list[str]) -> None:
    assert command_of(Opening("page", text="x"), environment) == command


def test_a_pager_reads_the_text_and_one_that_is_not_there_is_named(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    code = f"import sys,pathlib; pathlib.Path({str(seen)!r}).write_text(sys.stdin.read())"
    open_outside(Opening("page", text="a\nb"), {"PAGER": f'{sys.executable} -c "{code}"'})
    assert seen.read_text() == "a\nb"
    with pytest.raises(InvalidError, match="no-such-pager cannot be started"):
        open_outside(Opening("page", text="x"), {"PAGER": "no-such-pager"})
    with pytest.raises(InvalidError, match="PAGER cannot be read"):
        open_outside(Opening("page", text="x"), {"PAGER": 'less "'})


def test_an_interrupt_is_the_pager_s_alone(tmp_path: Path) -> None:
    seen, heard = tmp_path / "seen", list[int]()
    code = tmp_path / "pager.py"
    code.write_text(
        "import os, pathlib, signal, sys\n"
        f"os.kill({os.getpid()}, signal.SIGINT)\n"
        "taken = signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
        f"pathlib.Path({str(seen)!r}).write_text(f'{{taken}} {{sys.stdin.read()}}')\n"
    )

    def hear(number: int, _frame: object) -> None:
        heard.append(number)

    before = signal.signal(signal.SIGINT, hear)
    try:
        open_outside(Opening("page", text="a"), {"PAGER": f"{sys.executable} {code}"})
        assert signal.getsignal(signal.SIGINT) is hear
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == []
    assert seen.read_text() == "True a"
