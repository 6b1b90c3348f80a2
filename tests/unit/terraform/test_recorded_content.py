"""A file that an argument names is in doubt exactly where no recorded hash tells of its content."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from iac_adapters.terraform.recorded_content import digests_of, unrecorded_files

OLD, NEW = b"as applied", b"by hand"
MD5, SHA1 = "941f9b7e12d0320b068668534c5b4a85", "e8556cdb26f3b41a450126a57f8a48477c53be65"
SHA256 = base64.b64encode(hashlib.sha256(OLD).digest()).decode()
TEXT = OLD.decode()


@pytest.mark.parametrize(
    ("declared", "recorded", "files", "told", "why"),
    [
        ({"source": "s"}, {}, {"s": OLD}, ("source",), "nothing tells of its content"),
        ({"source": "s"}, {"etag": MD5}, {"s": OLD}, (), "the state holds its hash"),
        ({"source": "s"}, {"etag": f'"{MD5}"'}, {"s": OLD}, (), "and holds it in quotes"),
        ({"source": "s"}, {"code_sha256": SHA256}, {"s": OLD}, (), "and holds it in base64"),
        ({"source": "s"}, {"etag": MD5}, {"s": NEW}, ("source",), "it was edited since"),
        ({"source": "s"}, {"etag": MD5}, {"s": None}, ("source",), "it cannot be read"),
        ({"source": "s", "source_hash": "x"}, {}, {"s": NEW}, (), "the code gives a hash"),
        ({"source": "s", "tag": MD5}, {"tag": MD5}, {"s": OLD}, ("source",), "no computed hash"),
        (
            {"filename": "f", "content": TEXT},
            {"content_sha1": SHA1},
            {"f": NEW},
            (),
            "the content is that of `content`: the file is what the resource writes",
        ),
        (
            {"filename": "f", "content_base64": base64.b64encode(OLD).decode()},
            {"content_md5": MD5},
            {"f": NEW},
            (),
            "the same, given in base64",
        ),
        (
            {"filename": "f", "source": "s"},
            {"content_md5": MD5},
            {"f": NEW, "s": OLD},
            ("filename",),
            "of two files nothing tells which is read: one of them was edited",
        ),
        (
            {"filename": "f", "source": "s"},
            {"content_md5": MD5},
            {"f": OLD, "s": NEW},
            ("source",),
            "the same, the other way round",
        ),
        (
            {"filename": "f", "source": "s"},
            {"content_md5": MD5},
            {"f": NEW, "s": NEW},
            ("filename", "source"),
            "both were edited",
        ),
        (
            {"filename": "f", "content": TEXT},
            {},
            {"f": NEW},
            ("filename",),
            "no hash of the content is recorded",
        ),
        (
            {"one": "f", "other": "g", "content": TEXT},
            {"content_md5": MD5},
            {"f": NEW, "g": NEW},
            ("one", "other"),
            "the resource writes one of them at most",
        ),
        (
            {"certificate": TEXT, "key": "k"},
            {"sha256": SHA256},
            {"k": NEW},
            ("key",),
            "the hash of a text that is not the content tells nothing of a file",
        ),
    ],
)
def test_only_what_no_hash_tells_of_is_new(
    declared: dict[str, str],
    recorded: dict[str, Any],
    files: dict[str, bytes | None],
    told: tuple[str, ...],
    why: str,
) -> None:
    def digests_of_file(text: str) -> frozenset[str] | None:
        if text not in files:
            return None
        content = files[text]
        return frozenset() if content is None else digests_of(content)

    found = unrecorded_files(
        declared, planned=declared, recorded=recorded, digests_of_file=digests_of_file
    )
    assert found == told, why
