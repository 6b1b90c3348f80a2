"""Users, groups, sudo, sshd and cron: parsers on recorded output, secrets left out."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from agent.probes.accounts import read_groups, read_rules, read_users, sudoers_section
from agent.probes.cron import read_table
from agent.probes.sshd import read_settings

_NOBODY: Final = 65534


def test_users_are_told_without_their_passwords() -> None:
    text = "root:x:0:0:root:/root:/bin/bash\nbroken\nana:$6$secret:1000:1000::/home/ana:/bin/sh\n"
    assert read_users(text)["ana"] == {
        "uid": "1000",
        "gid": "1000",
        "home": "/home/ana",
        "shell": "/bin/sh",
    }
    assert "secret" not in json.dumps(read_users(text))


def test_members_of_a_group_have_no_order() -> None:
    assert read_groups("sudo:x:27:eve,ana\n") == {"sudo": {"gid": "27", "members": ["ana", "eve"]}}


def test_sudo_rules_keep_their_order_and_lose_comments() -> None:
    text = (
        "# a comment\nDefaults\tenv_reset\n%sudo ALL=(ALL) \\\n  ALL\n#1000 ALL=ALL\n#include /x\n"
    )
    assert list(read_rules(text)) == [
        "Defaults env_reset",
        "%sudo ALL=(ALL) ALL",
        "#1000 ALL=ALL",
        "#include /x",
    ]


def test_sudoers_that_may_not_be_read_are_denied_and_not_empty() -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        root.chmod(0o755)  # somebody else reads in it
        (root / "etc").mkdir()
        (root / "etc/sudoers").write_text("root ALL=ALL\n")
        assert sudoers_section(root).leaves == {"/etc/sudoers": {"rules": ["root ALL=ALL"]}}
        (root / "etc/sudoers").chmod(0)
        with without_root():
            assert sudoers_section(root).status == "denied"


@contextmanager
def without_root() -> Iterator[None]:
    """Read as somebody who is not root, who may read everything."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


def test_settings_of_sshd_that_repeat_keep_their_order() -> None:
    assert read_settings("port 22\nacceptenv LANG\nacceptenv LC_*\n") == {
        "port": {"value": "22"},
        "acceptenv": {"values": ["LANG", "LC_*"]},
    }


def test_cron_says_when_and_who_and_hides_the_command() -> None:
    text = "SHELL=/bin/sh\n# x\n17 * * * * root cd / && run --password=hunter2\n@daily ana sync\n"
    entries = list(read_table(text, None, b"key"))
    assert [(one["when"], one["user"]) for one in entries] == [
        ("17 * * * *", "root"),
        ("@daily", "ana"),
    ]
    assert "hunter2" not in json.dumps(entries)
    (own,) = read_table("0 5 * * 1 backup now\n", "eve", b"key")
    assert (own["when"], own["user"]) == ("0 5 * * 1", "eve")
