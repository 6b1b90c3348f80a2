"""What is remembered of a stack's children survives a restart, and nobody reads it."""

from __future__ import annotations

from pathlib import Path

from iac_adapters.children.memory import Answered, Kept, child_memory

KEPT = Kept(
    scan=7,
    credit=1.5,
    answers={
        "aws_iam_user.ana/aws_iam_user_policy": Answered(
            scan=6, contents={"admin": {"policy": "a-secret-word"}}, accepted={"admin": "digest"}
        ),
        "aws_s3_bucket.b/aws_s3_bucket_notification": Answered(
            scan=3, contents=None, reason="no answer"
        ),
    },
)


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    child_memory(tmp_path, key=b"k" * 32).store("stack", KEPT)
    assert child_memory(tmp_path, key=b"k" * 32).load("stack") == KEPT
    assert child_memory(tmp_path, key=b"k" * 32).load("other") == Kept()


def test_no_content_is_readable_on_disk_or_with_another_key(tmp_path: Path) -> None:
    child_memory(tmp_path, key=b"k" * 32).store("stack", KEPT)
    (file,) = tmp_path.iterdir()
    assert b"a-secret-word" not in file.read_bytes()
    assert child_memory(tmp_path, key=b"o" * 32).load("stack") == Kept()


def test_a_damaged_file_counts_as_none(tmp_path: Path) -> None:
    child_memory(tmp_path, key=b"k" * 32).store("stack", KEPT)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-3])
    assert child_memory(tmp_path, key=b"k" * 32).load("stack") == Kept()
