from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from iac_adapters.terraform.options import TerraformOptions
from reconciler.bootstrap.registered import stack_records, stack_reference
from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.model import StackName
from reconciler.domain.records import FindingState, Health
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine import stacks
from reconciler.engine.config_file import sync_config
from reconciler.engine.scanned import load
from reconciler.engine.stacks import StackDraft
from reconciler.registry import InstalledTools
from reconciler.section_reading import validated
from reconciler.settings_file import load_settings
from reconciler.stack_options import StackOptions
from tests.unit.engine.house import AUTO, MANUAL, SHOP, A, House, open_house, stack_record

DRAFT = StackDraft("/stacks/web", interval=timedelta(minutes=5))
WEB = StackName("web")


async def test_a_stack_is_registered_and_looked_at_soon(house: House) -> None:
    made = await stacks.register(house.service, DRAFT, actor="ann")
    assert (made.name, made.tool, made.source) == ("web", "terraform", "api")
    assert made.health is Health.NEVER_RUN
    assert house.wake_ups.scans == {"web"}
    with pytest.raises(ConflictError) as caught:
        await stacks.register(house.service, replace(DRAFT, directory="/x/web"), actor="ann")
    assert caught.value.code == "name-taken"
    assert await house.actions() == ["stack.registered"]


@pytest.mark.parametrize(
    "draft",
    [
        replace(DRAFT, directory="relative"),
        replace(DRAFT, directory="/"),
        replace(DRAFT, directory="/a\0b", name="x"),
        replace(DRAFT, name="a/b"),
        replace(DRAFT, name=" "),
        replace(DRAFT, name="x" * 201),
        replace(DRAFT, name="a\nb"),
        replace(DRAFT, interval=timedelta(seconds=9)),
        replace(DRAFT, interval=timedelta(days=367)),
        replace(DRAFT, options={"workspace": "w", "pulumi_stack": "p"}),
        replace(DRAFT, options={"var_files": ["relative"]}),
        replace(DRAFT, options={"var_files": ["/a\0b"]}),
        replace(DRAFT, options={"workspaces": "w"}),
        replace(DRAFT, env_file="relative"),
        replace(DRAFT, options={"working_directory": "relative"}),
    ],
)
async def test_a_stack_that_makes_no_sense_is_refused(house: House, draft: StackDraft) -> None:
    with pytest.raises(InvalidError):
        await stacks.register(house.service, draft, actor="ann")


async def test_what_is_known_of_a_stack_survives_a_change_of_its_interval(house: House) -> None:
    await stacks.register(house.service, DRAFT, actor="ann")
    await stacks.update(house.service, WEB, replace(DRAFT, adaptive=True), actor="ann")
    assert (await house.stack(WEB)).adaptive
    with pytest.raises(NotFoundError):
        await stacks.update(house.service, StackName("none"), DRAFT, actor="ann")


async def test_how_a_stack_is_called_and_what_it_may_run_are_kept(
    house: House, tmp_path: Path
) -> None:
    (tmp_path / "main.tf").touch()
    plain = replace(DRAFT, directory=str(tmp_path), name=WEB)
    said = {"working_directory": str(tmp_path.parent), "run_code": False}
    draft = replace(plain, options=said)
    await stacks.register(house.service, draft, actor="ann")
    assert await options_of(house) == validated(TerraformOptions, said)
    await stacks.update(house.service, WEB, plain, actor="ann")
    assert await options_of(house) == TerraformOptions()


async def options_of(house: House) -> StackOptions | None:
    return stack_reference(await house.stack(WEB), InstalledTools()).options


async def test_what_the_file_states_is_changed_in_the_file(house: House) -> None:
    for deed in (
        stacks.update(house.service, SHOP, DRAFT, actor="ann"),
        stacks.remove(house.service, SHOP, actor="ann"),
    ):
        with pytest.raises(ConflictError) as caught:
            await deed
        assert caught.value.code == "from-config"


async def test_a_stack_that_goes_takes_with_it_what_is_open(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    (finding,) = await house.findings()
    await sync_config(house.service, stacks=[], policies=[])
    assert await house.read(lambda view: view.stacks.all()) == ()
    assert await house.read(lambda view: view.templates.of_stack(SHOP)) == ()
    healed = await house.read(lambda view: view.findings.get(finding.id))
    assert healed is not None
    assert healed.state is FindingState.HEALED
    (ended,) = await house.remediations()
    assert ended.state is RemediationState.CANCELLED


async def test_an_api_stack_is_removed_unless_an_apply_is_not_over(house: House) -> None:
    await house.service.store.transact(lambda tx: tx.stacks.put(stack_record(source="api")))
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.runner.then = lambda: house.world.unreadable.add(A)
    await house.scan(seconds=31)
    with pytest.raises(ConflictError) as caught:
        await stacks.remove(house.service, SHOP, actor="ann")
    assert caught.value.code == "stack-busy"
    house.world.unreadable.clear()
    await house.later(minutes=1)
    await stacks.remove(house.service, SHOP, actor="ann")
    with contextlib.suppress(NotFoundError):
        await stacks.remove(house.service, SHOP, actor="ann")
    assert await house.read(lambda view: view.stacks.all()) == ()


async def test_one_that_needs_a_person_fails_with_its_stack(house: House) -> None:
    await house.put(MANUAL)
    house.world.refuses_plan = ValueError("x")
    house.world.live[A] = {"size": 9}
    await house.scan()
    await sync_config(house.service, stacks=[], policies=[])
    (ended,) = await house.remediations()
    assert ended.state is RemediationState.FAILED


async def test_the_file_is_followed_and_what_is_known_stays(house: House) -> None:
    await house.scan()
    before = await house.stack()
    await sync_config(house.service, stacks=[stack_record()], policies=[])
    # A stack that an earlier version registered counts from now on.
    assert await house.stack() == replace(before, registered_at=house.clock.now())
    hourly = stack_record(interval=timedelta(hours=1))
    await sync_config(house.service, stacks=[hourly], policies=[])
    after = await house.stack()
    assert (after.verified_at, after.next_due_at) == (before.verified_at, None)
    moved = replace(hourly, directory="/elsewhere")
    await sync_config(house.service, stacks=[moved], policies=[])
    assert (await house.stack()).revision is None


async def test_a_name_the_api_had_is_the_files_now(house: House) -> None:
    await stacks.register(house.service, DRAFT, actor="ann")
    await sync_config(house.service, stacks=[stack_record(), stack_record(WEB)], policies=[])
    assert (await house.stack(WEB)).source == "config"


async def test_a_stack_whose_apply_is_not_over_goes_later(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    house.runner.then = lambda: house.world.unreadable.add(A)
    await house.scan(seconds=31)
    assert await sync_config(house.service, stacks=[], policies=[]) == (SHOP,)
    assert (await house.stack()).name == SHOP
    house.world.unreadable.clear()
    await house.later(minutes=1)
    assert await sync_config(house.service, stacks=[], policies=[]) == ()
    assert await house.read(lambda view: view.stacks.all()) == ()


@pytest.mark.parametrize(
    ("draft", "key"),
    [
        (replace(DRAFT, directory="/etc"), "`directory`: /etc"),
        (replace(DRAFT, options={"var_files": ["/etc/shadow"]}), "`var_files[0]`: /etc/shadow"),
        (replace(DRAFT, env_file="/etc/environment"), "`env_file`: /etc/environment"),
        (replace(DRAFT, options={"working_directory": "/etc"}), "`working_directory`: /etc"),
        (replace(DRAFT, directory="{root}/../out"), "`directory`"),
        (
            replace(DRAFT, options={"var_files": ["{root}/in.tfvars", "{root}/link"]}),
            "`var_files[1]`",
        ),
    ],
)
async def test_a_stack_with_a_path_outside_the_roots_is_refused(
    tmp_path: Path, draft: StackDraft, key: str
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to("/etc/shadow")
    placed = replace(
        draft,
        directory=draft.directory.replace(DRAFT.directory, str(root)).format(root=root),
        options={key: _within(value, root) for key, value in draft.options.items()},
    )
    async with open_house(tmp_path, roots=(root,)) as house:
        with pytest.raises(InvalidError) as refused:
            await stacks.register(house.service, placed, actor="ann")
    assert key in str(refused.value)
    assert "`roots` in [daemon]" in str(refused.value.remedy)


def _within(value: str | list[str], root: Path) -> str | list[str]:
    if isinstance(value, str):
        return value.format(root=root)
    return [one.format(root=root) for one in value]


async def test_a_stack_that_came_to_lie_outside_the_roots_is_not_read(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    inside = replace(DRAFT, directory=str(root), name="inside")
    async with open_house(tmp_path, roots=(root,)) as house:
        kept = await stacks.register(house.service, inside, actor="ann")
        elsewhere = replace(house.service, roots=(tmp_path / "other",))
        with pytest.raises(InvalidError, match="is not below"):
            await load(elsewhere, kept)


@pytest.mark.parametrize(
    ("file", "said"),
    [("main.tf", {"workspace": "blue"}), ("Pulumi.yaml", {"pulumi_stack": "dev"})],
)
async def test_a_stack_kept_by_an_earlier_version_is_read_and_not_begun_anew(
    house: House, tmp_path: Path, file: str, said: dict[str, str]
) -> None:
    (tmp_path / file).touch()
    earlier: dict[str, object] = {
        "directory": str(tmp_path),
        "workspace": None,
        "pulumi_stack": None,
        "engine": "auto",
        "var_files": [],
        "env_file": None,
        "dynamic_providers": False,
        "run_code": True,
        "working_directory": None,
        **said,
    }
    tools = InstalledTools()
    known = stack_record(
        WEB, directory=str(tmp_path), definition=earlier, lineage="first", revision="1"
    )
    await house.service.store.transact(lambda tx: tx.stacks.put(known))
    kept = stack_reference(known, tools)
    assert kept.options is not None
    assert kept.options.kept().items() >= said.items()

    text = f'[[stack]]\nname = "web"\ndirectory = "{tmp_path}"\n'
    text += "".join(f'{key} = "{value}"\n' for key, value in said.items())
    (tmp_path / "trueup.toml").write_text(text)
    settings = load_settings(tmp_path / "trueup.toml", {}, tools=tools)
    await sync_config(house.service, stacks=stack_records(settings, tools), policies=[])
    now = await house.stack(WEB)
    assert (now.lineage, now.revision) == ("first", "1")
    assert "dynamic_providers" in now.definition or file == "main.tf"
