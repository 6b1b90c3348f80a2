"""The answers of programs, kept on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.known_versions import known_version, remember_version
from tests.unit.terraform.schemas import LAWS


def _program(folder: Path, content: bytes = b"\x7fELF") -> Path:
    program = folder / "terraform"
    program.write_bytes(content)
    return program


def test_an_answer_is_known_until_the_program_changes(tmp_path: Path) -> None:
    program, folder = _program(tmp_path), tmp_path / "cache"
    assert known_version(program, folder=folder) is None
    remember_version(program, name="tofu", version="1.2.3", folder=folder)
    assert known_version(program, folder=folder) == ("tofu", "1.2.3")
    status = program.stat()
    os.utime(program, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert known_version(program, folder=folder) is None
    remember_version(program, name="tofu", version="1.2.4", folder=folder)
    program.write_bytes(b"\x7fELF and more")
    os.utime(program, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert known_version(program, folder=folder) is None


def test_a_script_is_asked_every_time(tmp_path: Path) -> None:
    script = _program(tmp_path, b"#!/bin/sh\nexec the-tool-of-the-day\n")
    remember_version(script, name="terraform", version="1.2.3", folder=tmp_path / "cache")
    assert known_version(script, folder=tmp_path / "cache") is None


def test_a_folder_that_cannot_be_made_costs_nothing_else(tmp_path: Path) -> None:
    program = _program(tmp_path)
    remember_version(program, name="terraform", version="1.2.3", folder=program / "cache")
    assert known_version(program, folder=program / "cache") is None


@LAWS
@given(st.binary(max_size=60))
def test_rubbish_is_not_known(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("known")
    program = _program(folder)
    remember_version(program, name="terraform", version="1.2.3", folder=folder / "cache")
    (entry,) = (folder / "cache").iterdir()
    entry.write_bytes(content)
    assert known_version(program, folder=folder / "cache") is None
