from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.environment_file import read_environment_file


def test_variables_are_read_as_they_stand(tmp_path: Path) -> None:
    file = tmp_path / "web.env"
    file.write_text("# who\nexport A=1\nB = 'two words' \n\nC=x # why\n")
    assert read_environment_file(file) == {"A": "1", "B": "two words", "C": "x"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"A=1\nhush", ":2: not of the form NAME=value"),
        (b"A=1\nB=hush\0\n", ":2: holds a NUL character"),
        (b"A=\xff\xfe", "is not UTF-8 text"),
        (b"A=" + b"x" * 2**20, "is larger than 1 MiB"),
    ],
    ids=["no assignment", "nul", "no text", "huge"],
)
def test_a_broken_file_is_named_without_its_values(
    tmp_path: Path, content: bytes, words: str
) -> None:
    file = tmp_path / "web.env"
    file.write_bytes(content)
    with pytest.raises(PermanentError, match=str(file)) as caught:
        read_environment_file(file)
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)


def test_a_file_that_is_gone_or_a_pipe_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("gone", "No such file"), ("pipe", "is a named pipe")):
        with pytest.raises(PermanentError, match=words):
            read_environment_file(tmp_path / name)
