from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from reconciler.domain.errors import PermanentError
from reconciler.domain.guardrails import Guardrails, Mode, guardrails_for
from reconciler.domain.model import Kind
from reconciler.domain.passed_environment import WELL_KNOWN
from reconciler.durations import read_duration
from reconciler.registry import InstalledTools
from reconciler.settings import Settings
from reconciler.settings_file import data_directory, load_settings
from reconciler.settings_location import find_settings_file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("web", "db"):
        (tmp_path / name).mkdir()
    return tmp_path


def load(home: Path, text: str, environment: dict[str, str] | None = None) -> Settings:
    file = home / "trueup.toml"
    file.write_text(text, encoding="utf-8")
    return load_settings(file, environment or {}, tools=InstalledTools())


def refusal(home: Path, text: str) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        load(home, text)
    return caught.value


def test_the_documented_example_is_understood(home: Path) -> None:
    (home / "web.env").write_text("AWS_PROFILE=dev\n")
    settings = load(
        home,
        """
        [daemon]
        listen = "127.0.0.1:9000"
        database = "postgresql://user@host/db"
        data_dir = "data"
        [[stack]]
        name = "webshop"
        directory = "web"
        workspace = "blue"
        interval = "1h30m"
        adaptive = true
        env_file = "web.env"
        [[policy]]
        name = "tags drift freely"
        match = {type = "aws_sqs_queue", path = "tags.*", max_severity = "low"}
        drift_threshold = "low"
        action_type = "auto_correct"
        [[severity]]
        severity = "critical"
        match = {type = "aws_db_instance", path = "publicly_accessible"}
        [[channel]]
        name = "ops"
        url = "slack://token"
        events = ["drift.detected", "remediation.failed"]
        """,
    )
    stack = settings.stacks[0]
    assert (stack.name, stack.directory) == ("webshop", home / "web")
    assert (stack.options, stack.interval) == ({"workspace": "blue"}, timedelta(minutes=90))
    assert stack.env_file == home / "web.env"
    assert settings.policies[0].match.max_severity == "low"
    assert settings.severities[0].match.path == "publicly_accessible"
    assert settings.channels[0].url == "slack://token"
    assert settings.daemon.data_dir == home / "data"


def test_the_api_may_register_what_lies_beside_the_file_unless_roots_are_named(home: Path) -> None:
    assert load(home, "").daemon.roots == (home,)
    assert load(home, '[daemon]\nroots = ["web", "db"]').daemon.roots == (home / "web", home / "db")
    assert load_settings(None, {}).daemon.roots == (Path.home(),)


def test_a_stack_is_named_after_its_directory(home: Path) -> None:
    settings = load(home, '[[stack]]\ndirectory = "web"\n[[stack]]\ndirectory = "./db/"\n')
    assert [stack.name for stack in settings.stacks] == ["web", "db"]
    assert settings.stacks[0].interval == timedelta(minutes=15)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param('[[stack]]\ndirectory="web"\nintervall="5m"', 3, "'interval'", id="typo"),
        pytest.param('[deamon]\nlisten="a:1"', 1, "'daemon'", id="misspelt-section"),
        pytest.param('\n[daemon]\nlisten="nowhere"', 3, "HOST:PORT", id="no-port"),
        pytest.param('[daemon]\nlisten="h:99999"', 2, "HOST:PORT", id="port-too-high"),
        pytest.param('[daemon]\ndatabase="mysql://x"', 2, "postgresql://", id="other-database"),
        pytest.param('[[stack]]\nname="x"', 1, "directory is missing", id="no-directory"),
        pytest.param('[[stack]]\ndirectory="gone"', 2, "cannot be entered", id="directory-gone"),
        pytest.param('[[stack]]\ndirectory="web"\ninterval="5s"', 3, "shorter", id="too-often"),
        pytest.param('[[stack]]\ndirectory="web"\ninterval="soon"', 3, "15m", id="no-duration"),
        pytest.param('[[stack]]\ndirectory="web"\ninterval=5', 3, "text", id="bare-number"),
        pytest.param(
            '[[stack]]\ndirectory="web"\nworkspace="a"\npulumi_stack="b"', 3, "no tool", id="both"
        ),
        pytest.param(
            '[[stack]]\ndirectory="web"\nenv_file="x"', 3, "cannot be read", id="no-env-file"
        ),
        pytest.param('[[stack]]\ndirectory="web"\nname=""', 3, "at least 1", id="empty-name"),
        pytest.param('[[stack]]\ndirectory="web"\nname=".."', 3, "is not a valid name", id="dots"),
        pytest.param('[[stack]]\ndirectory="web"\nname="a\u202eb"', 3, "direction", id="bidi"),
        pytest.param('[[stack]]\ndirectory="web"\nname="a\\u009bb"', 3, "control", id="c1"),
        pytest.param(
            '[[stack]]\ndirectory="web"\n[[stack]]\nname="web"\ndirectory="db"',
            4,
            "two stacks are named 'web'",
            id="twins",
        ),
        pytest.param("stack = 3", 1, "[[stack]]", id="stack-is-no-list"),
        pytest.param("daemon = 3", 1, "[daemon]", id="daemon-is-no-section"),
        pytest.param(
            '[[policy]]\nname="p"\nmatch={severty="low"}', 3, "'min_severity'", id="inline-typo"
        ),
        pytest.param('[[policy]]\nname="p"\n[policy.match]\nkind="x"', 4, "missing", id="subtable"),
        pytest.param('[[channel]]\nname="c"\nurl="x"', 3, "begins with how", id="no-scheme"),
        pytest.param('[[channel]]\nname="c"\nurl="foo://x"', 3, "begin with 'foo'", id="scheme"),
        pytest.param('[[channel]]\nname="c"', 1, "no address: set one of", id="no-address"),
        pytest.param(
            '[[channel]]\nname="c"\nurl="slack://x"\nurl_env="C"',
            1,
            "`url` and `url_env`: set one of",
            id="two-addresses",
        ),
        pytest.param(
            '[[channel]]\nname="c"\nkind="apprise"\nurl="discord://x"',
            4,
            "a private file that `url_file` names",
            id="apprise-in-the-file",
        ),
        pytest.param(
            '[[channel]]\nname="c"\nurl="slack://x"\nevents=["drift.", "run.endde"]',
            4,
            "there is no event 'run.endde'; did you mean 'run.ended'?",
            id="no-such-event",
        ),
        pytest.param(
            '[daemon]\ntrusted_proxies=["a proxy"]', 2, "such as 10.0.0.7 or", id="no-network"
        ),
        pytest.param('[daemon]\ntrusted_proxies="10.0.0.7"', 2, 'such as ["a"', id="no-list"),
        pytest.param(
            '[daemon]\npass_environment=["A=1"]', 2, "such as AWS_PROFILE", id="no-variable"
        ),
        pytest.param("[daemon]\npass_environment=[7]", 2, "in quotes", id="no-text"),
        pytest.param('[daemon]\nopen_metrics="maybe"', 2, "`true` or `false`", id="no-bool"),
        pytest.param("[daemon]\nconfirm_after=true", 2, 'such as "30s"', id="no-span"),
        pytest.param(
            '[[stack]]\ndirectory="web"\nengine="x"', 3, "'auto', 'plugin' or 'cli'", id="engine"
        ),
        pytest.param('[[stack]]\ndirectory="web"\nname="a/b"', 3, "no /", id="slash"),
        pytest.param('[[policy]]\nname="p"\nmin_score=101', 3, "at most 100", id="score"),
        pytest.param('[[policy]]\nname="p"\nexpires_at="x"', 3, "2027-03-31", id="no-date"),
        pytest.param('[[policy]]\nname="p"\nedges=[]', 3, "at least 1", id="no-edges"),
        pytest.param('[[policy]]\nname="p"\nedges="x"', 3, "a list is expected", id="edges"),
        pytest.param(
            '[[policy]]\nname="p"\naction_type="auto_correct"\nedges=["x"]',
            4,
            "`edges` says how to isolate",
            id="edges-of-a-correction",
        ),
        pytest.param(
            '[[policy]]\nname="p"\naction_type="quarantine"\ndriver="swap"',
            4,
            "needs the security group that isolates",
            id="swap-without-group",
        ),
        pytest.param(
            '[[policy]]\nname="p"\naction_type="quarantine"\nisolation_group="sg-1"',
            4,
            "which driver `swap` does",
            id="group-without-swap",
        ),
        pytest.param(
            '[[policy]]\nname="p"\ndriver="swap"\nisolation_group="sg-1"',
            3,
            "isolates, and action_type is `manual_review`",
            id="swap-of-no-quarantine",
        ),
        pytest.param(
            '[[policy]]\nname="p"\naction_type="quarantine"\ndriver="swap"\nedges=["x"]\n'
            'isolation_group="sg-1"',
            5,
            "`edges` are what driver `detach` detaches",
            id="swap-of-edges",
        ),
        pytest.param('[daemon]\ndata_dir="~nobody-here/x"', 2, "'nobody-here'", id="no-home"),
        pytest.param('[daemon]\nconfirm_after="9000000d"', 2, "at most 3660 days", id="ages"),
        pytest.param("[daemon]\nlisten = \n", 2, "not TOML", id="syntax"),
        pytest.param("[daemon\n", 1, "not TOML", id="header-not-closed"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(home: Path, text: str, line: int, words: str) -> None:
    error = refusal(home, text)
    assert f"{home / 'trueup.toml'}:{line}: " in str(error)
    assert words in str(error)
    told = str(error).lower()
    assert not any(word in told for word in ("should", "pattern", "string", "ipv"))


def test_every_problem_is_told_in_the_order_of_the_file(home: Path) -> None:
    error = refusal(home, '[[stack]]\ndirectory="web"\nzz=1\ninterval="1s"\nyy=2\n')
    assert [int(line.split(":")[1]) for line in str(error).splitlines()] == [3, 4, 5]
    assert "directory" in (error.remedy or "")


def test_a_secret_in_a_bad_value_is_not_shown(home: Path) -> None:
    error = refusal(home, '[[channel]]\nname="c"\nurl="hunter2"\n[daemon]\ndatabase="x:hunter2@h"')
    assert "hunter2" not in str(error)
    # A log may hold what an error came of.
    assert isinstance(error.__cause__, ValidationError)
    assert "hunter2" not in str(error.__cause__)
    assert "hunter2" not in repr(load(home, '[[channel]]\nname="c"\nurl="https://hunter2@h"'))


def test_the_address_of_a_channel_in_a_wrong_place_is_not_shown(home: Path) -> None:
    hook = "https://hooks.slack.com/services/T0/B0/CANARY"
    for text in (f'[daemon]\nlisten="{hook}"', f'[[stack]]\ndirectory="web"\ninterval="{hook}"'):
        assert "CANARY" not in str(refusal(home, text))


def test_a_file_that_is_no_text_is_refused(home: Path) -> None:
    (home / "trueup.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PermanentError, match="UTF-8"):
        load_settings(home / "trueup.toml", {})
    with pytest.raises(PermanentError, match=r"nope\.toml"):
        load_settings(home / "nope.toml", {})


def test_the_environment_overrides_the_file(home: Path) -> None:
    environment = {"TRUEUP_LISTEN": "127.0.0.1:1", "TRUEUP_DATA_DIR": "/tmp/d"}
    settings = load(home, '[daemon]\nlisten = "127.0.0.1:2"\n', environment)
    assert settings.daemon.listen == "127.0.0.1:1"
    assert data_directory(settings, environment) == Path("/tmp/d")


def test_a_bad_override_names_its_variable(home: Path) -> None:
    with pytest.raises(PermanentError, match="TRUEUP_LISTEN"):
        load(home, "", {"TRUEUP_LISTEN": "nonsense"})


def test_the_nearest_file_upward_is_found_before_the_users_own(home: Path) -> None:
    own = home / "config" / "trueup"
    own.mkdir(parents=True)
    (own / "trueup.toml").touch()
    environment = {"XDG_CONFIG_HOME": str(home / "config"), "HOME": str(home)}
    assert find_settings_file(home / "web", environment) == own / "trueup.toml"
    (home / "trueup.toml").touch()
    assert find_settings_file(home / "web", environment) == home / "trueup.toml"


def test_a_directory_of_that_name_is_refused_and_no_other_file_is_taken(home: Path) -> None:
    (home / "trueup.toml").touch()
    (home / "web" / "trueup.toml").mkdir()
    found = find_settings_file(home / "web", {"HOME": str(home)})
    assert found == home / "web" / "trueup.toml"
    with pytest.raises(PermanentError) as refused:
        load_settings(found, {})
    assert str(refused.value) == f"{found}: is a directory, not a regular file"
    assert refused.value.remedy == "move it away, or name another with --config"


def test_a_file_that_may_not_be_read_is_no_reason_to_write_one(home: Path) -> None:
    (home / "trueup.toml").touch(mode=0)
    root = os.geteuid() == 0
    load_settings(None, {"TRUEUP_LISTEN": "127.0.0.1:1"})  # what root alone may import is loaded
    try:
        if root:
            os.seteuid(65534)
        with pytest.raises(PermanentError, match="Permission denied") as refused:
            load_settings(home / "trueup.toml", {})
    finally:
        if root:
            os.seteuid(0)
    assert (
        refused.value.remedy == "give yourself the right to read it, or name another with --config"
    )
    with pytest.raises(PermanentError, match="No such file") as refused:
        load_settings(home / "other.toml", {})
    assert refused.value.remedy == "name another with --config, or run `trueup init`"


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_a_duration_is_the_sum_of_its_parts(hours: int, minutes: int, seconds: int) -> None:
    expected = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    assert read_duration(f"{hours}h{minutes}m{seconds}s") == expected


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert read_duration(text) >= timedelta(0)


def test_variables_to_pass_on_are_names_or_prefixes(home: Path) -> None:
    settings = load(home, '[daemon]\npass_environment = ["CI_JOB_TOKEN", "ACME_*"]\n')
    assert settings.daemon.pass_environment == ("CI_JOB_TOKEN", "ACME_*")
    assert load(home, "").daemon.pass_environment == WELL_KNOWN
    for wrong in ("", "A=1", "a b", "*_TOKEN"):
        told = refusal(home, f'[daemon]\npass_environment = ["{wrong}"]\n')
        assert "pass_environment" in str(told)


def test_a_stack_that_may_run_no_code_has_no_dynamic_providers(home: Path) -> None:
    (home / "web" / "Pulumi.yaml").touch()
    stack = '[[stack]]\ndirectory = "web"\nrun_code = false\n'
    assert load(home, stack).stacks[0].options == {"run_code": False}
    assert "`run_code = false` forbids it" in str(refusal(home, stack + "dynamic_providers = true"))


@pytest.mark.parametrize(
    ("file", "key", "line", "words"),
    [
        pytest.param(
            "Pulumi.yaml",
            'workspace = "a"',
            3,
            "stack[0].workspace is a key of terraform stacks, and this is a pulumi stack",
            id="pulumi",
        ),
        pytest.param(
            "main.tf",
            'pulumi_stack = "dev"',
            3,
            "stack[0].pulumi_stack is a key of pulumi stacks, and this is a terraform stack",
            id="terraform",
        ),
        pytest.param("main.tf", 'pulumi_stak = "dev"', 3, "unknown key", id="near-another-tools"),
        pytest.param("main.tf", 'workspac = "a"', 3, "did you mean 'workspace'", id="near-its-own"),
        pytest.param("main.tf", "options = {}", 3, "unknown key stack[0].options", id="inside"),
        pytest.param(
            "main.tf", 'var_files = ["gone"]', 3, "does not exist or cannot be read", id="value"
        ),
        pytest.param("main.tf", 'tool = "ansible"', 3, "pulumi, terraform", id="no-such-tool"),
    ],
)
def test_a_key_is_refused_unless_it_is_the_stacks_own_tools(
    home: Path, file: str, key: str, line: int, words: str
) -> None:
    (home / "web" / file).touch()
    error = refusal(home, f'[[stack]]\ndirectory="web"\n{key}\n')
    assert str(error).startswith(f"{home / 'trueup.toml'}:{line}: ")
    assert words in str(error)


def test_the_tool_of_a_directory_that_two_claim_can_be_named(home: Path) -> None:
    (home / "web" / "Pulumi.yaml").touch()
    (home / "web" / "main.tf").touch()
    stack = '[[stack]]\ndirectory = "web"\n'
    assert load(home, stack + 'pulumi_stack = "dev"').stacks[0].options == {"pulumi_stack": "dev"}
    named = load(home, stack + 'tool = "terraform"\nworkspace = "blue"').stacks[0]
    assert (named.tool, named.options) == ("terraform", {"workspace": "blue"})


def test_paths_of_a_stack_that_is_not_there_yet_are_placed_all_the_same(home: Path) -> None:
    text = '[[stack]]\ndirectory = "gone"\nvar_files = ["a.tfvars"]\n'
    (home / "trueup.toml").write_text(text)
    read = load_settings(home / "trueup.toml", {}, tools=InstalledTools(), lost_stacks=True)
    assert read.stacks[0].options == {"var_files": [str(home / "a.tfvars")]}


SCRIPT = f'[[script]]\nname = "fix"\nsha256 = "{"a" * 64}"\n'
NAMES_IT = '[[policy]]\nname = "p"\nscript = "fix"\n'


def test_a_script_is_allowed_by_name_hash_and_limits(home: Path) -> None:
    more = 'time_limit = "5s"\nmemory = "32MiB"\nnetwork = true\nenvironment = ["A"]\n'
    settings = load(home, f'[daemon]\nscripts = "web"\n{SCRIPT}{more}{NAMES_IT}')
    assert settings.daemon.scripts is not None
    rule = settings.scripts[0].rule(settings.daemon.scripts)
    assert (rule.path, rule.sha256) == (str(home / "web" / "fix"), "a" * 64)
    assert (rule.limits.time, rule.limits.memory) == (timedelta(seconds=5), 2**25)
    assert (rule.network, rule.isolated, rule.environment) == (True, True, ("A",))
    assert settings.policies[0].statement().script == "fix"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param(SCRIPT, 2, "needs a directory of scripts", id="no-directory"),
        pytest.param(NAMES_IT, 3, "no [[script]] has that name", id="not-allowed"),
        pytest.param(
            f'[daemon]\nscripts="web"\n{SCRIPT}{NAMES_IT}action_type="quarantine"', 8,
            "a script corrects, and action_type is `quarantine`", id="quarantine",
        ),
        pytest.param(
            f'[daemon]\nscripts="web"\n{SCRIPT}{NAMES_IT}driver="script"', 9,
            "driver `script` isolates, and action_type is `manual_review`", id="isolates-nothing",
        ),
        pytest.param(
            '[[policy]]\nname = "p"\naction_type = "quarantine"\ndriver = "script"', 4,
            "needs the script that isolates and releases", id="no-script",
        ),
        pytest.param('[daemon]\nscripts="gone"', 2, "cannot be entered", id="directory-gone"),
        pytest.param('[[script]]\nname="fix"\nsha256="AB"', 3, "sha256sum FILE", id="bad-hash"),
        pytest.param(f'{SCRIPT}memory="1KB"', 4, "at least 16MiB", id="little-memory"),
        pytest.param(f'{SCRIPT}memory="9999999999GiB"', 4, "than any machine has", id="too-much"),
        pytest.param(f"{SCRIPT}isolated=false", 1, "needs `network = true`", id="not-isolated"),
        pytest.param(f'{SCRIPT}time_limit="0s"', 1, "above 0s", id="no-time"),
        pytest.param(f'{SCRIPT}environment=["A B"]', 4, "such as AWS_REGION", id="bad-variable"),
        pytest.param(f"{SCRIPT}{SCRIPT}", 5, "two scripts are named", id="twins"),
    ],
)  # fmt: skip
def test_a_bad_script_is_refused_with_its_line(
    home: Path, text: str, line: int, words: str
) -> None:
    said = str(refusal(home, text))
    assert f"trueup.toml:{line}: " in said, said
    assert words in said


def test_a_guardrail_says_limits_and_windows(tmp_path: Path) -> None:
    file = tmp_path / "trueup.toml"
    file.write_text(
        '[[guardrail]]\nstack = "prod-*"\nmax_resources = 3\nbake = "1m"\nmode = "approve"\n'
        'windows = ["Mon-Fri 09:00-17:00 Europe/Berlin"]\nown_approval = false\n'
        '[[guardrail]]\nmax_resources = 9\nfreezes = ["2026-12-20/2027-01-03"]\n'
    )
    rules = [one.rule() for one in load_settings(file, {}).guardrails]
    limits = guardrails_for(rules, stack="prod-shop")
    assert (limits.max_resources, limits.mode, limits.own_approval) == (3, Mode.APPROVE, False)
    assert limits.bake == timedelta(minutes=1)
    assert [one.text for one in limits.windows] == ["Mon-Fri 09:00-17:00 Europe/Berlin"]
    # No rule lifts the freeze of another.
    assert [one.text for one in limits.freezes] == ["2026-12-20/2027-01-03"]
    assert guardrails_for(rules, stack="shop").max_resources == 9
    assert guardrails_for((), stack="shop") == Guardrails()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("max_resource = 3", "did you mean 'max_resources'?"),
        ('windows = ["Mon 9-17"]', "guardrail[0].windows[0]: 'Mon 9-17' is no window"),
        ('freezes = ["09:00-10:00 Mars/X"]', "there is no time zone 'Mars/X'"),
        ("max_percent = 101", "guardrail[0].max_percent: at most 100 is expected"),
        ('mode = "off"', "guardrail[0].mode: "),
        ('bake = "soon"', "guardrail[0].bake: "),
        ('quarantine_time = "0s"', "a quarantine needs some time"),
    ],
)
def test_a_guardrail_that_makes_no_sense_is_refused(
    tmp_path: Path, line: str, problem: str
) -> None:
    file = tmp_path / "trueup.toml"
    file.write_text(f"[[guardrail]]\n{line}\n")
    with pytest.raises(PermanentError) as refused:
        load_settings(file, {})
    assert f"{file}:2: " in str(refused.value)
    assert problem in str(refused.value)


def test_an_ignore_rule_says_what_why_and_until_when(tmp_path: Path) -> None:
    file = tmp_path / "trueup.toml"
    file.write_text(
        '[[ignore]]\nname = "scaler"\nreason = "it sets it"\nexpires_at = 2027-03-31\n'
        'covers = ["critical"]\nmatch = {path = "size", kind = "changed"}\n'
    )
    (rule,) = (one.rule() for one in load_settings(file, {}).ignores)
    assert (rule.name, rule.path, rule.kind) == ("scaler", "size", Kind.CHANGED)
    assert rule.covers == {"critical"}
    assert rule.expires_at == datetime(2027, 3, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('name = "a"\nmatch = {paths = "x"}\nreason = "r"', "did you mean 'path'?"),
        ('name = "a"\nmatch = {path = "x"}', "ignore[0].reason is missing"),
        ('name = "a"\nreason = "r"', "ignore[0].match is missing"),
        ('name = "a"\nreason = "r"\nmatch = {}', "name what it ignores"),
        ('name = "a"\nreason = "r"\nmatch = {path = "x"}\ncovers = ["all"]', "ignore[0].covers"),
    ],
)
def test_an_ignore_rule_that_makes_no_sense_is_refused(
    tmp_path: Path, lines: str, problem: str
) -> None:
    file = tmp_path / "trueup.toml"
    file.write_text(f"[[ignore]]\n{lines}\n")
    with pytest.raises(PermanentError) as refused:
        load_settings(file, {})
    assert problem in str(refused.value)
