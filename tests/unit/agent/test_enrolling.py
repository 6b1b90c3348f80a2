"""What is wrong with a host or a command is said before the token is used."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent import enrolment
from agent.capture import capture
from agent.enrolment import EnrolmentOrder, enroll
from agent.errors import AgentError
from agent.identity import Identity, read_identity
from agent.scope import Scope
from agent.transport import Server

ORDER = EnrolmentOrder(url="http://127.0.0.1:1", token="t", host="web-1")


@pytest.fixture
def used_tokens(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What a server that answers was asked."""
    asked: list[bytes] = []

    def post(_server: Server, _path: str, body: bytes, _headers: Mapping[str, str]) -> Any:
        asked.append(body)
        return {"agent_id": "a" * 20, "host": "web-1", "key": "0" * 64, "key_serial": 1}

    monkeypatch.setattr(Server, "post", post)
    return asked


def test_a_host_enrolls_and_leaves_nothing_but_its_identity(
    used_tokens: list[bytes], tmp_path: Path
) -> None:
    identity = enroll(ORDER, state=tmp_path / "state")
    assert len(used_tokens) == 1
    assert read_identity(tmp_path / "state").key == identity.key
    assert [file.name for file in (tmp_path / "state").iterdir()] == ["identity.json"]


@pytest.mark.parametrize("made", [False, True])
def test_a_root_where_no_host_lies_is_refused(
    used_tokens: list[bytes], tmp_path: Path, *, made: bool
) -> None:
    root = tmp_path / "root"
    if made:
        root.mkdir()
    with pytest.raises(AgentError, match="is not the file system of a host"):
        enroll(replace(ORDER, root=str(root)), state=tmp_path / "state")
    assert used_tokens == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": "a b"}, "'a b' is no name of a host"),
        ({"host": "-web"}, "is no name of a host"),
        ({"host": "w" * 254}, "is no name of a host"),
        ({"trees": ("etc",)}, "--tree 'etc' does not say where it begins"),
    ],
)
def test_a_name_or_a_tree_that_cannot_be_one_uses_no_token_up(
    used_tokens: list[bytes], tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(AgentError, match=said) as refused:
        enroll(replace(ORDER, **wrong), state=tmp_path / "state")
    assert refused.value.remedy
    assert (used_tokens, (tmp_path / "state").exists()) == ([], False)


def test_a_full_disk_uses_no_token_up(
    used_tokens: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(enrolment, "write_private", full)
    with pytest.raises(OSError, match="No space left") as raised:
        enroll(ORDER, state=tmp_path / "state")
    assert raised.value.filename == str(tmp_path / "state")
    assert used_tokens == []


def test_a_mount_that_is_gone_is_not_a_host_whose_files_were_deleted(
    used_tokens: list[bytes], tmp_path: Path
) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    identity: Identity = enroll(replace(ORDER, root=str(root)), state=tmp_path / "state")
    assert len(used_tokens) == 1
    (root / "etc").rmdir()
    with pytest.raises(AgentError, match="it is empty"):
        capture(identity, Scope(), state=tmp_path / "state")
