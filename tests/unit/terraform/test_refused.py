"""Which resource a refusal is about, where the wire or the tool does not say it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from iac_adapters.terraform.diagnostics_text import ERROR, Diagnostic
from iac_adapters.terraform.recorder.capture import ConnectionCapture, ValidateCall
from iac_adapters.terraform.recorder.failed_reads import is_failed_read, of_ephemerals
from iac_adapters.terraform.recorder.recording import RecordedInstance
from iac_adapters.terraform.recorder.refused import refused_in, told_of_refused
from iac_adapters.terraform.source import ResourceBlock, Source

_WORDS: Final = (("Too short", "It is too short."),)


def _told(*calls: ValidateCall, of_data: bool = False) -> list[str]:
    capture = ConnectionCapture("s", 0)
    (capture.data_validations if of_data else capture.validations).extend(calls)
    blocks = {
        address: ResourceBlock(address, mode, "thing", "x", "main.tf", line)
        for line, (address, mode) in enumerate(
            (("thing.a", "managed"), ("thing.b", "managed"), ("data.thing.c", "data")), start=1
        )
    }
    instances = {
        f"thing.{name}": RecordedInstance(f"thing.{name}", "thing", 0, b"", config, (), b"")
        for name, config in (("a[0]", b"one"), ("a[1]", b"two"), ("b", b"two"))
    }
    told = told_of_refused(refused_in([capture]), instances, Source(Path(), blocks, (), ""))
    return [one.partition(":  ")[0].partition(": It is")[0] for one in told]


def test_a_refusal_is_of_who_has_that_configuration_or_one_of_that_type() -> None:
    assert _told(ValidateCall("thing", b"one")) == []
    assert _told(ValidateCall("thing", b"one", _WORDS)) == ["main.tf:1: Too short (thing.a[0])"]
    assert _told(ValidateCall("thing", b"two", _WORDS)) == ["Too short (thing.a[1], thing.b)"]
    assert _told(ValidateCall("thing", b"new", _WORDS)) == ["Too short (thing.a or thing.b)"]
    assert _told(ValidateCall("other", b"new", _WORDS)) == ["Too short (other)"]
    (of_data,) = _told(ValidateCall("thing", b"one", _WORDS), of_data=True)
    assert of_data == "main.tf:3: Too short (data.thing.c)"


def test_an_error_of_an_ephemeral_resource_is_that_of_a_source_of_values() -> None:
    capture = ConnectionCapture("s", 0)
    capture.refused_ephemerals.append(("token", "Too short"))
    declared = ("ephemeral.token.a", "module.m.ephemeral.token.b", "ephemeral.other.c")
    short, other = (Diagnostic(ERROR, words) for words in ("Too short", "Other"))
    found = of_ephemerals([short, other], [capture], declared)
    assert [one.address for one in found] == [*declared[:2], None]
    assert [is_failed_read(one) for one in found] == [True, True, False]


def test_one_error_of_two_types_may_be_that_of_either() -> None:
    capture = ConnectionCapture("s", 0)
    capture.refused_ephemerals += [("token", "Invalid"), ("key", "Invalid")]
    declared = ("ephemeral.token.a", "ephemeral.key.b")
    found = of_ephemerals([Diagnostic(ERROR, "Invalid")], [capture], declared)
    assert [one.address for one in found] == sorted(declared)
