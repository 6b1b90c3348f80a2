"""What was done to a stack, as a file backend keeps it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.history import CORRECTION, Entry, history_of

UPDATED = '{"kind": "update"}'


def place(root: Path, stack: str = "dev") -> Place:
    return Place(f"file://{root}", "shop", stack, root)


def written(root: Path, name: str, content: str | bytes) -> Path:
    folder = root / ".pulumi" / "history" / "shop" / "dev"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    data = content if isinstance(content, bytes) else content.encode()
    packs = name.endswith(".gz") and not isinstance(content, bytes)
    file.write_bytes(gzip.compress(data) if packs else data)
    return file


def test_operations_are_told_newest_first_with_what_they_left(tmp_path: Path) -> None:
    kinds = {"9": "update", "10": "refresh", "200": "destroy", "1000": "import"}
    for stamp, kind in kinds.items():
        written(tmp_path, f"dev-{stamp}.history.json", json.dumps({"kind": kind}))
    found = list(history_of(place(tmp_path)))
    assert [(entry.written_ns, entry.kind) for entry in found] == [
        (1000, "import"),
        (200, "destroy"),
        (10, "refresh"),
        (9, "update"),
    ]
    folder = tmp_path / ".pulumi" / "history" / "shop" / "dev"
    assert found[-1].checkpoint == folder / "dev-9.checkpoint.json"


def test_packed_files_are_read_and_lead_to_packed_ones(tmp_path: Path) -> None:
    file = written(tmp_path, "dev-7.history.json.gz", UPDATED)
    expected = Entry("update", 7, file.with_name("dev-7.checkpoint.json.gz"))
    assert list(history_of(place(tmp_path))) == [expected]


@pytest.mark.parametrize(
    ("told", "vain"),
    [
        ({"message": CORRECTION, "result": "failed"}, True),
        ({"message": CORRECTION, "result": "succeeded"}, False),
        ({"message": "", "result": "failed"}, False),
        ({"message": f"not {CORRECTION}", "result": "failed"}, False),
        ({}, False),
    ],
)
def test_a_correction_of_ours_that_failed_is_known(
    tmp_path: Path, told: dict[str, str], *, vain: bool
) -> None:
    written(tmp_path, "dev-7.history.json", json.dumps({"kind": "update", **told}))
    assert [entry.vain for entry in history_of(place(tmp_path))] == [vain]


def test_a_stack_may_have_dashes_and_digits_in_its_name(tmp_path: Path) -> None:
    written(tmp_path, "eu-1-dev-42.history.json", UPDATED)
    assert [entry.written_ns for entry in history_of(place(tmp_path))] == [42]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dev-8.history.json", "{"),
        ("dev-8.history.json", "[]"),
        ("dev-8.history.json", "7"),
        ("dev-8.history.json", "{}"),
        ("dev-8.history.json", b"\xff"),
        ("dev-8.history.json.gz", b"no gzip"),
        ("dev-8.history.json.gz", gzip.compress(UPDATED.encode(), mtime=0)[:-9]),
        (
            "dev-8.history.json.gz",
            gzip.compress(UPDATED.encode(), mtime=0)[:10] + bytes([255]) * 20,
        ),
        ("dev-8.checkpoint.json", UPDATED),
        ("dev-8.history.json.attrs", UPDATED),
    ],
)
def test_what_cannot_be_read_is_passed_over(
    tmp_path: Path, name: str, content: str | bytes
) -> None:
    written(tmp_path, name, content)
    written(tmp_path, "dev-7.history.json", UPDATED)
    assert [entry.written_ns for entry in history_of(place(tmp_path))] == [7]


def test_no_history_is_an_empty_one(tmp_path: Path) -> None:
    assert list(history_of(place(tmp_path))) == []
    assert list(history_of(Place("s3://bucket", "shop", "dev"))) == []
