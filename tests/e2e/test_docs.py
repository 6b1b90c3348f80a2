"""What the pages say is true: their commands run, and what they name exists."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
import httpx
import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from iac_adapters.terraform.executable import Executable
from reconciler.api.metrics import Metrics
from reconciler.cli.policy_expect import read_expectations
from reconciler.domain.model import Severity
from reconciler.domain.records import EventEntry, Health, RunState
from reconciler.domain.remediation_states import RemediationState
from reconciler.registry import InstalledTools
from reconciler.settings_file import load_settings
from tests.daemon import Daemon, serving
from tests.e2e.command_lines import lack_of
from tests.e2e.pages import (
    DOCS,
    ROOT,
    Command,
    blocks,
    commands,
    listed_commands,
    pages,
    prose,
)
from tests.e2e.readers_house import House, run_page, to_run
from tests.makers import MakersStack
from tests.parts import require
from tui.preferences import Preferences, read_preferences

CODE: Final = """
terraform {
  required_providers { local = { source = "hashicorp/local" } }
}
resource "local_file" "greeting" {
  filename = "${path.module}/out/greeting.txt"
  content  = "hello"
}
resource "local_file" "motd" {
  filename = "${path.module}/out/motd.txt"
  content  = "welcome"
}
"""
SETTINGS: Final = '[[stack]]\nname = "webshop"\ndirectory = "infra/webshop"\n'
STARTS_ITS_OWN: Final = "quickstart.md"
WITHOUT_DAEMON: Final = "ci.md"
RULES: Final = DOCS / "examples" / "prometheus-rules.yaml"
LABELS: Final[Mapping[str, frozenset[str]]] = {
    "health": frozenset(health.value for health in Health),
    "severity": frozenset(severity.word for severity in Severity),
    "state": frozenset({*map(str, RemediationState), *map(str, RunState)}),
}


def snippet(key: str) -> str:
    """Return the first settings of the page on running the daemon that hold `key`."""
    found = blocks(DOCS / "running.md")
    return next(one.text for one in found if one.language == "toml" and key in one.text)


@pytest.fixture(scope="module")
def template(
    makers: Path, terraform: Executable, tmp_path_factory: pytest.TempPathFactory
) -> MakersStack:
    """An applied stack of two files; for copying only."""
    made = MakersStack.made(
        tmp_path_factory.mktemp("template"), mirror=makers, terraform=terraform.path, code=CODE
    )
    made.apply()
    return made


@pytest.fixture
def fresh(template: MakersStack, tmp_path: Path, caches: Path) -> Iterator[House]:
    """A checkout without settings and daemon; whatever is started in it is ended."""
    house = House.furnished(template, tmp_path, caches)
    yield house
    for process in house.command.processes():
        process.terminate()
    assert not house.command.wait_until_gone()


@pytest.fixture(scope="module")
def watched(
    template: MakersStack, tmp_path_factory: pytest.TempPathFactory, caches: Path
) -> Iterator[tuple[House, Daemon]]:
    """A checkout with a daemon that has found a drift."""
    house = House.furnished(template, tmp_path_factory.mktemp("watched"), caches)
    settings = house.directory / "trueup.toml"
    settings.write_text(snippet("trusted_proxies") + SETTINGS)
    house.break_it()
    with serving(
        settings,
        data_dir=house.data_dir,
        environment=house.command.full_environment(),
        directory=house.directory,
    ) as daemon:
        house.settle()
        yield house, daemon
    assert not house.command.wait_until_gone()


def pages_for_a_daemon() -> list[str]:
    alone = {STARTS_ITS_OWN, WITHOUT_DAEMON}
    return [
        str(page.relative_to(ROOT)) for page in pages() if to_run(page) and page.name not in alone
    ]


@pytest.mark.parametrize("page", pages_for_a_daemon())
def test_the_commands_of_a_page_do_what_it_says(page: str, watched: tuple[House, Daemon]) -> None:
    house, _ = watched
    run_page(house, ROOT / page, settled=True)


def test_the_quick_start_leads_from_nothing_to_a_corrected_stack(fresh: House) -> None:
    run_page(fresh, DOCS / STARTS_ITS_OWN, settled=False)
    assert (fresh.directory / "infra/webshop/out/motd.txt").read_text() == "welcome"
    assert "remediation.converged" in fresh.run("trueup audit")[1]


def test_the_pipeline_of_the_ci_page_keeps_the_exit_code_and_writes_a_summary(
    fresh: House, tmp_path: Path
) -> None:
    require("jq", shutil.which("jq"))
    fresh.break_it()
    run_page(fresh, DOCS / WITHOUT_DAEMON, settled=False)
    (workflow,) = (
        made for made in of_language("yaml", DOCS / WITHOUT_DAEMON) if "jobs" in (made or {})
    )
    steps = {step.get("name"): step for step in workflow["jobs"]["scan"]["steps"]}
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for name in ("Scan", "Summary"):
        code, output = fresh.run(steps[name]["run"], **files)
        assert code == 0, output
    assert "code=2" in Path(files["GITHUB_OUTPUT"]).read_text()
    summary = Path(files["GITHUB_STEP_SUMMARY"]).read_text()
    assert "| high | webshop | `local_file.motd` | missing | main.tf:9 |" in summary
    assert "steps.scan.outputs.code" in steps["Result"]["run"]


def test_with_the_settings_for_a_proxy_the_daemon_answers_by_the_name_they_give(
    watched: tuple[House, Daemon],
) -> None:
    _, daemon = watched
    statuses = [
        httpx.get(f"{daemon.address}/healthz", headers={"Host": host}, timeout=60).status_code
        for host in ("trueup.example.com", "another.example.com")
    ]
    assert statuses == [200, 421]


def test_the_unit_and_the_settings_beside_it_name_the_same_places() -> None:
    (unit,) = (block.text for block in blocks(DOCS / "running.md") if block.language == "ini")
    settings = snippet("env_file")
    (state,) = re.findall(r"^StateDirectory=(\S+)$", unit, re.MULTILINE)
    (credential,) = re.findall(r"^LoadCredential=(\S+):", unit, re.MULTILINE)
    assert f'data_dir = "/var/lib/{state}"' in settings
    assert f'env_file = "/run/credentials/trueup.service/{credential}"' in settings
    (code,) = re.findall(r'^directory = "(\S+)"$', settings, re.MULTILINE)
    (writable,) = re.findall(r"^ReadWritePaths=(\S+)$", unit, re.MULTILINE)
    assert Path(code).is_relative_to(writable)


def all_commands() -> Iterator[Command]:
    for page in pages():
        yield from commands(page)
    yield from listed_commands(DOCS / "commands.md")


def test_every_command_in_the_docs_exists_with_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    # The files that a page names are the reader's.
    monkeypatch.setattr(click.Path, "convert", lambda _self, value, _param, _context: value)
    found = list(all_commands())
    assert sum(not one.mentioned for one in found) > 40
    assert sum(one.mentioned for one in found) > 60
    wrong = [f"{one.where}: trueup {' '.join(one.words)}: {lack}" for one in found
             if (lack := lack_of(one))]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize(
    ("words", "mentioned"),
    [
        (("polish",), True),
        (("policy", "polish"), True),
        (("status", "--polish"), True),
        (("remediate", "X", "--action", "polish"), True),
        (("show", "one", "too", "many"), True),
        (("approve",), False),
        (("token", "add", "ana"), False),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(
    words: tuple[str, ...], mentioned: bool  # noqa: FBT001
) -> None:  # fmt: skip
    assert lack_of(Command("here", words, mentioned=mentioned))


def of_language(language: str, page: Path) -> Iterator[Any]:
    for block in blocks(page):
        if block.language == language:
            yield yaml.safe_load(block.text)


def test_every_settings_snippet_loads(tmp_path: Path) -> None:
    found = [block for page in pages() for block in blocks(page) if block.language == "toml"]
    assert len(found) > 8
    for number, block in enumerate(found):
        file = tmp_path / str(number) / "trueup.toml"
        file.parent.mkdir()
        file.write_text(block.text)
        if block.text.startswith("# expected.toml"):
            assert read_expectations(file)
            continue
        if block.text.startswith("# tui.toml"):
            assert read_preferences(file) != Preferences()
            continue
        # The directories that a page names are the reader's.
        load_settings(file, {}, tools=InstalledTools(), lost_stacks=True)


def test_every_json_and_yaml_snippet_parses() -> None:
    for page in pages():
        for block in blocks(page):
            if block.language == "json":
                json.loads(block.text)
        assert None not in list(of_language("yaml", page))


def test_every_link_leads_somewhere() -> None:
    lost = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages()
        for target in re.findall(r"\]\(([^)\s]+)\)", prose(page))
        if "://" not in target and not _leads(page, target)
    ]
    assert lost == []


def _leads(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not anchor or anchor in _anchors(file))


def _anchors(page: Path) -> set[str]:
    text = prose(page)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    named = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return named | set(re.findall(r'<a id="([\w-]+)">', text))


@pytest.fixture
def exposed(watched: tuple[House, Daemon]) -> dict[str, set[str]]:
    """The metrics that a daemon really has, by name, with their labels."""
    house, daemon = watched
    token = (house.data_dir / "admin.token").read_text().strip()
    answer = httpx.get(
        f"{daemon.address}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=60
    )
    counted = Metrics()
    body = {"guard": "kill_switch"}
    for kind in ("remediation.held", "run.ended", "stack.scanned"):
        counted.happened(EventEntry(seq=1, at=None, type=kind, subject="", body=body))  # type: ignore[arg-type]
    labels: dict[str, set[str]] = {}
    for text in (answer.text, generate_latest(counted._registry).decode()):
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels.setdefault(sample.name, set()).update(sample.labels)
    return labels


def test_the_alert_rules_ask_for_metrics_and_labels_that_exist(
    exposed: dict[str, set[str]],
) -> None:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert rules
    for rule in rules:
        assert {"alert", "expr", "labels", "annotations"} <= set(rule)
        for name, matchers in re.findall(r"\b(trueup_\w+)(?:\{([^}]*)\})?", rule["expr"]):
            assert name in exposed, rule["alert"]
            for label, values in re.findall(r'(\w+)=~?"([^"]*)"', matchers):
                assert label in exposed[name], rule["alert"]
                assert set(values.split("|")) <= LABELS[label], rule["alert"]
        told = " ".join(rule["annotations"].values())
        assert set(re.findall(r"\$labels\.(\w+)", told)) <= {"stack", "state"}


def test_the_monitoring_page_lists_every_metric_and_every_alert(
    exposed: dict[str, set[str]],
) -> None:
    text = prose(DOCS / "monitoring.md")
    ours = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exposed if
            name.startswith("trueup_") and not name.endswith("_created")}  # fmt: skip
    listed = dict(re.findall(r"^\| `(trueup_\w+)(?:\{([^}]*)\})?`", text, re.MULTILINE))
    assert set(listed) == ours
    for name, labels in listed.items():
        sampled = exposed[name if name in exposed else f"{name}_count"]
        assert set(filter(None, labels.split(", "))) == sampled
    alerts = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"]
              for rule in group["rules"]}  # fmt: skip
    assert set(re.findall(r"^\| `(Trueup\w+)`", text, re.MULTILINE)) == alerts
