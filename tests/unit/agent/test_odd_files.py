"""Files that no probe expects: pipes, devices, endless ones, names that are no text."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.capture import _hashed
from agent.probes.accounts import groups_section, sudoers_section, users_section
from agent.probes.certificates import certificates_section
from agent.probes.cron import cron_section
from agent.probes.packages import packages_section
from agent.probes.reading import read_plain
from agent.protocol.tree import Section

KEY = b"k" * 32
NO_TEXT = b"\xff\xfe"
ESCAPED = "base64:"


def placed(root: Path, path: str, text: str = "") -> Path:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    for path in ("etc/sudoers.d/pipe", "etc/ssl/pipe.pem", "etc/passwd", "var/lib/dpkg/status"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(tmp_path / path)
    placed(tmp_path, "etc/sudoers", "root ALL=(ALL) ALL\n")
    (tmp_path / "etc/crontab").symlink_to("passwd")
    assert users_section(tmp_path) == Section("unsupported")
    assert certificates_section(tmp_path) == Section("ok", {})
    assert cron_section(tmp_path, KEY) == Section("ok", {})
    assert packages_section(tmp_path).status == "unsupported"
    assert sudoers_section(tmp_path).leaves["/etc/sudoers.d/pipe"] == {
        "unreadable": "no ordinary file"
    }


def test_a_file_without_an_end_is_not_read_into_memory(tmp_path: Path) -> None:
    endless = placed(tmp_path, "etc/ssl/huge.pem")
    os.truncate(endless, 1 << 40)
    (tmp_path / "etc/crontab").symlink_to("/dev/zero")
    (tmp_path / "etc/group").symlink_to("ssl/huge.pem")
    assert certificates_section(tmp_path) == Section("ok", {})
    assert cron_section(tmp_path, KEY) == Section("ok", {})
    assert groups_section(tmp_path).status == "truncated"


def test_what_sudo_passes_over_hides_none_of_its_rules(tmp_path: Path) -> None:
    placed(tmp_path, "etc/sudoers", "root ALL=(ALL) ALL\n")
    placed(tmp_path, "etc/sudoers.d/web", "web ALL=(ALL) NOPASSWD: ALL\n")
    (tmp_path / "etc/sudoers.d/nowhere").symlink_to("/nowhere/at/all")
    (tmp_path / "etc/sudoers.d/loop").symlink_to("loop")
    (tmp_path / "etc/sudoers.d/folder").mkdir()
    section = sudoers_section(tmp_path)
    assert section.status == "ok"
    assert section.leaves["/etc/sudoers.d/web"] == {"rules": ["web ALL=(ALL) NOPASSWD: ALL"]}
    assert section.leaves["/etc/sudoers.d/folder"] == {"unreadable": "no ordinary file"}
    assert section.leaves["/etc/sudoers.d/nowhere"] == {"unreadable": "No such file or directory"}


@pytest.mark.parametrize(
    ("folder", "ending", "look"),
    [
        ("etc/sudoers.d", b"", sudoers_section),
        ("etc/cron.d", b"", lambda root: cron_section(root, KEY)),
        ("etc/ssl", b".pem", certificates_section),
    ],
)
def test_a_name_that_is_no_text_is_a_key_that_is_one(
    tmp_path: Path, folder: str, ending: bytes, look: Callable[[Path], Section]
) -> None:
    placed(tmp_path, "etc/sudoers", "root ALL=(ALL) ALL\n")
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    Path(os.fsdecode(os.fsencode(tmp_path / folder) + b"/" + NO_TEXT + ending)).write_text(
        certificate
    )
    section, _ = _hashed("section", look(tmp_path))
    assert section.status == "ok"
    assert any(key.startswith(ESCAPED) for key in section.leaves)


def test_a_table_of_a_user_whose_name_is_no_text_hides_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "var/spool/cron"
    folder.mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(folder) + b"/" + NO_TEXT)).write_text("@daily true\n")
    section, _ = _hashed("section", cron_section(tmp_path, KEY))
    assert section.status == "ok"
    assert len(section.leaves) == 1


def test_a_section_with_a_key_that_is_no_text_silences_no_other_one() -> None:
    section, _ = _hashed("section", Section("ok", {"\udcff": {"a": "b"}}))
    assert section == Section("unsupported")


def test_a_device_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no ordinary file"):
        read_plain(Path("/dev/null"), most=10)
    file = placed(tmp_path, "file", "123456")
    assert read_plain(file, most=3) == b"123"
