from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.cli.client.endpoint import Daemon, Wanted, find_daemon
from reconciler.cli.client.problems import UnreachableError
from reconciler.domain.errors import PermanentError

TOKEN = "tu_a.secret"


def found(
    tmp_path: Path, wanted: Wanted | None = None, toml: str = "", **environment: str
) -> Daemon:
    """Look from a folder with settings of its own and an admin token beside them."""
    (tmp_path / "trueup.toml").write_text(f'[daemon]\ndata_dir = "data"\n{toml}')
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "admin.token").write_text("tu_admin.local\n")
    return find_daemon(wanted or Wanted(), environment=environment, here=tmp_path)


def test_settings_say_where_it_listens_and_its_folder_holds_the_token(tmp_path: Path) -> None:
    daemon = found(tmp_path, toml='listen = "127.0.0.1:9000"\n')
    assert (daemon.url, daemon.token) == ("http://127.0.0.1:9000", "tu_admin.local")
    assert daemon.token_origin == str(tmp_path / "data" / "admin.token")


@pytest.mark.parametrize(
    ("listen", "url"), [("0.0.0.0:9000", "http://127.0.0.1:9000"), ("[::]:1", "http://[::1]:1")]
)
def test_a_daemon_on_every_address_is_asked_on_loopback(
    tmp_path: Path, listen: str, url: str
) -> None:
    assert found(tmp_path, toml=f'listen = "{listen}"\n').url == url


def test_the_command_line_goes_before_the_environment_and_that_before_the_settings(
    tmp_path: Path,
) -> None:
    file = tmp_path / "own.token"
    file.write_text("tu_own.secret\n")
    environment = {"TRUEUP_SERVER": "http://127.0.0.1:1", "TRUEUP_TOKEN": TOKEN}
    daemon = found(tmp_path, None, "", **environment)
    assert (daemon.url, daemon.token) == ("http://127.0.0.1:1", TOKEN)
    wanted = Wanted(server="http://localhost:2/", token_file=file)
    daemon = found(tmp_path, wanted, "", **environment)
    assert (daemon.url, daemon.token) == ("http://localhost:2", "tu_own.secret")


def test_settings_need_not_be_readable_where_everything_is_said(tmp_path: Path) -> None:
    environment = {"TRUEUP_SERVER": "http://127.0.0.1:1", "TRUEUP_TOKEN": TOKEN}
    assert found(tmp_path, None, "nonsense = 1\n", **environment).token == TOKEN


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org:8427",
        "http://10.0.0.1:8427",
        "http://127.0.0.1.example.org:8427",
        "http://localhost.example.org",
        "http://0.0.0.0:8427",
    ],
)
def test_a_token_goes_to_no_other_host_in_clear(tmp_path: Path, url: str) -> None:
    with pytest.raises(PermanentError, match="without encryption"):
        found(tmp_path, Wanted(server=url), TRUEUP_TOKEN=TOKEN)


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8427",
        "ftp://127.0.0.1",
        "http://",
        "http://127.0.0.1:99999",
        "http://ana:pw@127.0.0.1:1",
        "http://127.0.0.1:1/?token=x",
        "http://127.0.0.1:1\r\nX: y",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(PermanentError, match="not a valid URL") as told:
        found(tmp_path, Wanted(server=url), TRUEUP_TOKEN=TOKEN)
    assert "pw" not in str(told.value)


@pytest.mark.parametrize("url", ["http://[::1]:1", "http://127.8.9.1:1", "https://example.org"])
def test_loopback_and_https_are_fine(tmp_path: Path, url: str) -> None:
    assert found(tmp_path, Wanted(server=url), TRUEUP_TOKEN=TOKEN).url == url


def test_this_machines_token_is_shown_to_no_other_machine(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"there is no token for https://example\.org"):
        found(tmp_path, Wanted(server="https://example.org"))


def test_a_daemon_that_never_ran_left_no_token(tmp_path: Path) -> None:
    settings = tmp_path / "trueup.toml"
    settings.write_text('[daemon]\nlisten = "127.0.0.1:9"\ndata_dir = "data"\n')
    with pytest.raises(UnreachableError) as told:
        find_daemon(Wanted(), environment={"HOME": str(tmp_path)}, here=tmp_path)
    assert str(told.value) == "no daemon runs at 127.0.0.1:9 (from trueup.toml)"
    assert told.value.remedy == "start one: trueup serve"


def test_where_no_settings_are_found_that_is_said(tmp_path: Path) -> None:
    daemon = find_daemon(Wanted(), environment={"TRUEUP_TOKEN": TOKEN}, here=tmp_path)
    assert "no trueup.toml was found" in daemon.origin


@pytest.mark.parametrize("content", [b"", b"two words", b"a\nb", b"\xff\xfe", b"x" * 600])
def test_what_is_no_token_is_refused_and_not_repeated(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "own.token"
    file.write_bytes(content)
    with pytest.raises(PermanentError, match="does not contain a token") as told:
        found(tmp_path, Wanted(server="http://127.0.0.1:1", token_file=file))
    assert str(file) in str(told.value)
    assert "two words" not in str(told.value)


def test_a_token_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    wanted = Wanted(server="http://127.0.0.1:1", token_file=tmp_path / "gone")
    with pytest.raises(PermanentError, match="No such file"):
        found(tmp_path, wanted)


def test_a_token_does_not_show_in_a_daemons_words(tmp_path: Path) -> None:
    assert TOKEN not in repr(found(tmp_path, TRUEUP_TOKEN=TOKEN))


def test_only_what_is_said_of_the_daemon_is_read(tmp_path: Path) -> None:
    daemon = found(tmp_path, toml='listen = "127.0.0.1:9000"\n[[stack]]\ndirectory = "gone"\n')
    assert (daemon.url, daemon.token) == ("http://127.0.0.1:9000", "tu_admin.local")


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ('listen = "nowhere"\n', "trueup.toml:3: daemon.listen: 'nowhere' is not"),
        ("listen = 8427\n", "trueup.toml:3: daemon.listen"),
        ("[stack\n", "trueup.toml:3: not TOML"),
    ],
)
def test_a_file_that_does_not_say_where_is_refused_by_line(
    tmp_path: Path, toml: str, told: str
) -> None:
    with pytest.raises(PermanentError, match=re.escape(told)):
        found(tmp_path, toml=toml)
