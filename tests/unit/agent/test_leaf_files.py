"""Leaves on the disk: as a dictionary would hold them, whatever changed since the last capture."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.leaf_file import NO_STAMP, LeafFile
from agent.leaf_rewriting import LeafRewriting
from agent.probes.files import FileScope, files_section
from agent.protocol.canonical import encode
from agent.protocol.messages import LONGEST_KEY
from agent.protocol.tree import Section

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
HOSTS = st.dictionaries(TEXTS, TEXTS, max_size=8)
NAMES = st.binary(min_size=1, max_size=4).filter(
    lambda name: not {0, ord("/")} & set(name) and name not in {b".", b".."}
)
OLD_NS = 10**18


def rewritten(file: Path, leaves: dict[str, str], *, stamp: bytes = b"1") -> LeafFile:
    writing = LeafRewriting(file)
    for key in sorted(leaves):
        writing.before(key)
        writing.put(key, stamp, encode(leaves[key]))
    return writing.finish()


def look(root: Path, kept: Path, *, declared: frozenset[str] = frozenset()) -> Section:
    return files_section(FileScope(root, ("/etc",), declared, b"key"), kept)


def write(file: Path, text: str = "text") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    os.utime(file, ns=(OLD_NS, OLD_NS))


@given(HOSTS, HOSTS)
def test_leaves_that_are_written_over_others_are_those_that_were_put(
    before: dict[str, str], now: dict[str, str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leaves"
        rewritten(file, before)
        found = rewritten(file, now)
        assert (dict(found.items()), len(found)) == (now, len(now))
        assert [key for key, _ in found.encoded()] == sorted(now)


def test_a_file_that_would_be_equal_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "leaves"
    rewritten(file, {"a": "1", "b": "2"})
    file.chmod(0o400)
    rewritten(file, {"a": "1", "b": "2"})
    assert file.stat().st_mode & 0o777 == 0o400
    rewritten(file, {"a": "1", "b": "3"})
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"x", b'"c"\t1\t"x"', b'"c"\tno line\n', b"\xff\t\t\n"])
def test_what_is_damaged_is_made_anew(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "leaves"
    rewritten(file, {"a": "1"})
    file.write_bytes(file.read_bytes() + damage if damage else b"")
    assert dict(rewritten(file, {"a": "1"}).items()) == {"a": "1"}


def test_leaves_kept_under_another_name_stay_when_the_file_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "leaves"
    kept = rewritten(file, {"a": "1"}).kept_as(tmp_path / "kept")
    rewritten(file, {"a": "2"})
    assert dict(kept.items()) == {"a": "1"}


@given(st.lists(st.lists(NAMES, min_size=1, max_size=3), max_size=6))
def test_every_path_of_a_tree_has_one_leaf_in_the_order_of_the_keys(
    paths: list[list[bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        etc = os.fsencode(folder) + b"/host/etc"
        Path(os.fsdecode(etc)).mkdir(parents=True)
        for path in paths:
            try:
                Path(os.fsdecode(b"/".join([etc, *path]))).mkdir(parents=True, exist_ok=True)
            except OSError:
                return  # a file system that takes no such names
        kept = Path(folder) / "kept"
        found = look(Path(folder) / "host", kept, declared=frozenset({"/etc", "/etc/a", "x"}))
        keys = list(found.leaves)
        walked = sum(len(folders) for _, folders, _ in os.walk(etc)) + 1
        assert (keys, len(set(keys))) == (sorted(keys), walked)


def test_a_file_is_not_read_again_until_it_changes(tmp_path: Path) -> None:
    root, kept, file = tmp_path / "root", tmp_path / "kept", tmp_path / "root/etc/motd"
    write(file, "one")
    # Its change time is now, and a file as young as that is read each time.
    first = look(root, kept).leaves["/etc/motd"]["sha256"]
    assert kept.read_bytes().count(b"\t-\t") == 2
    lines = kept.read_bytes()
    found = file.stat()
    stamp = b"%d.%d.%d.%d.%d" % (
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns,
    )  # fmt: skip
    known = lines.replace(b'/etc/motd"\t-', b'/etc/motd"\t' + stamp)
    other = known.replace(first.encode(), b"0" * 64)
    kept.write_bytes(other)
    assert look(root, kept).leaves["/etc/motd"]["sha256"] == "0" * 64
    write(file, "another size")
    assert look(root, kept).leaves["/etc/motd"]["sha256"] not in {"0" * 64, first}


def test_a_file_that_only_its_owner_reads_gets_a_keyed_digest_unless_it_is_declared(
    tmp_path: Path,
) -> None:
    root, kept = tmp_path / "root", tmp_path / "kept"
    write(root / "etc/secret")
    (root / "etc/secret").chmod(0o600)
    for _ in range(2):
        assert "keyed_sha256" in look(root, kept).leaves["/etc/secret"]
        declared = look(root, kept, declared=frozenset({"/etc/secret"}))
        assert "sha256" in declared.leaves["/etc/secret"]


def test_a_new_name_of_an_owner_is_seen_though_no_file_changed(tmp_path: Path) -> None:
    root, kept = tmp_path / "root", tmp_path / "kept"
    write(root / "etc/motd")
    for name in ("first", "second"):
        write(root / "etc/passwd", f"{name}:x:{os.getuid()}:0::/:/bin/sh\n")
        assert look(root, kept).leaves["/etc/motd"]["owner"] == name


def test_what_is_declared_is_looked_at_beyond_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "root"
    for number in range(5):
        write(root / f"etc/{number}")
    monkeypatch.setattr("agent.probes.files.MOST_FILES", 3)
    found = look(root, tmp_path / "kept", declared=frozenset({"/etc/4"}))
    assert (found.status, list(found.leaves)) == (
        "truncated",
        ["/etc", "/etc/0", "/etc/1", "/etc/4"],
    )


def test_a_leaf_without_a_stamp_is_made_at_each_capture(tmp_path: Path) -> None:
    file = tmp_path / "leaves"
    rewritten(file, {"a": "1"}, stamp=NO_STAMP)
    assert LeafRewriting(file).before("a") == (NO_STAMP, b'"1"')


@given(HOSTS, HOSTS, st.integers(0, 8))
def test_leaves_that_nobody_looked_at_any_more_are_as_before(
    before: dict[str, str], now: dict[str, str], looked_at: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "leaves"
        rewritten(file, before)
        writing = LeafRewriting(file)
        keys = sorted({*before, *now})[:looked_at]
        for key in keys:
            writing.before(key)
            if key in now:
                writing.put(key, b"1", encode(now[key]))
        writing.keep_rest()
        found = writing.finish()
        last = keys[-1] if keys else ""
        rest = {key: value for key, value in before.items() if not keys or key > last}
        wanted = {**{key: now[key] for key in keys if key in now}, **rest}
        assert (dict(found.items()), len(found)) == (wanted, len(wanted))


def test_a_tree_that_takes_too_long_is_read_further_at_each_capture(tmp_path: Path) -> None:
    root, kept = tmp_path / "root", tmp_path / "kept"
    for number in range(3):
        write(root / f"etc/{number}")
    whole = look(root, kept)
    late = FileScope(root, ("/etc",), frozenset(), b"key", ends=time.monotonic() + 10)
    found = files_section(late, kept)
    assert (found.status, dict(found.leaves.items())) == ("timeout", dict(whole.leaves.items()))


def test_a_capture_that_nobody_waits_for_leaves_the_file_alone(tmp_path: Path) -> None:
    root, kept = tmp_path / "root", tmp_path / "kept"
    write(root / "etc/motd")
    look(root, kept)
    before = kept.read_bytes()
    write(root / "etc/motd", "another")
    over = FileScope(root, ("/etc",), frozenset(), b"key", ends=time.monotonic() - 1)
    with pytest.raises(TimeoutError):
        files_section(over, kept)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["kept"]
    assert kept.read_bytes() == before


def test_a_link_that_goes_while_it_is_looked_at_has_no_leaf(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "root/etc/motd")
    (tmp_path / "root/etc/link").symlink_to("motd")

    def gone(_path: bytes) -> str:
        raise FileNotFoundError

    monkeypatch.setattr("os.readlink", gone)
    found = look(tmp_path / "root", tmp_path / "kept")
    assert (found.status, list(found.leaves)) == ("ok", ["/etc", "/etc/motd"])


def test_a_folder_that_cannot_be_listed_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "root/etc/closed/hidden")
    (tmp_path / "root/srv").mkdir()
    scandir = os.scandir

    def denied(path: Any) -> object:
        if os.fsencode(path).endswith((b"closed", b"closed/", b"srv")):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    with monkeypatch.context() as patched:  # the test's own folder is removed by it afterwards
        patched.setattr("os.scandir", denied)
        found = look(tmp_path / "root", tmp_path / "kept", declared=frozenset({"/srv"}))
    unreadable = {key: leaf.get("unreadable") for key, leaf in found.leaves.items()}
    # What is in a folder beside the trees is not looked at, and need not be seen.
    assert unreadable == {"/etc": None, "/etc/closed": "denied", "/srv": None}


def test_a_path_that_the_server_takes_no_key_of_is_left_out_and_said(tmp_path: Path) -> None:
    # A report that names it would be refused whole, and no change of the host be seen any more.
    folder = os.fsencode(tmp_path) + b"/host/etc"
    deep = folder
    while len(deep) - len(os.fsencode(tmp_path)) < LONGEST_KEY * 3 // 4 + 100:
        deep += b"/" + b"\xff" * 200
        if len(deep) > 4000:
            break
    Path(os.fsdecode(deep)).mkdir(parents=True)
    found = look(tmp_path / "host", tmp_path / "kept")
    assert found.status == "truncated"
    assert all(len(key) <= LONGEST_KEY for key in found.leaves)
