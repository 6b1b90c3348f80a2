"""Drift is corrected by the real tool, exactly as planned, and nothing else is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iac_adapters.terraform import planning
from iac_adapters.terraform.executable import Executable
from reconciler.domain.concerns import concerns
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import Missing, Origin, StackName
from reconciler.domain.plan import Action, Plan
from reconciler.domain.values import UNKNOWN, Sensitive
from reconciler.ports import Done, StackReference, Step
from tests.integration.terraform.correcting import corrector, corrector_of
from tests.integration.terraform.scanner import copied as copied_world
from tests.patience import until
from tests.providers.world_provider import World
from tests.world_stack import WorldStack
from tests.worlds.mutations import BY_STACK
from tests.worlds.session import Worlds

CODE = """
resource "world_thing" "web" {
  name   = "web"
  labels = { team = "red" }
  zones  = ["a", "b"]
}
resource "world_thing" "other" { name = "other" }
"""
FOLLOWED = """
resource "world_thing" "base" { name = "base" }
resource "world_thing" "leaf" {
  name  = "leaf"
  place = world_thing.base.id
  # more
}
"""
SECRET = "the-open-secret"
NEW_SECRET = "another-open-secret"
WITH_SECRETS = f"""
variable "word" {{
  sensitive = true
  default   = "{SECRET}-of-a-variable"
}}
resource "world_thing" "vault" {{
  name   = "vault"
  secret = "{SECRET}"
  labels = {{ word = var.word }}
}}
"""


def things_of(stack: WorldStack) -> dict[str, dict[str, object]]:
    return {one["name"]: one for one in World(stack.cloud).read()["objects"].values()}


def paint(stack: WorldStack, name: str = "web", **labels: str) -> None:
    with stack.changed() as things:
        things[name]["labels"] = labels


def resource_of(plan: Plan, address: str) -> dict[str, tuple[object, object]]:
    (resource,) = [one for one in plan.resources if one.address == address]
    return {change.path: (change.before, change.after) for change in resource.changes}


async def test_what_somebody_changed_is_set_back(stack: WorldStack) -> None:
    stack.apply(CODE)
    paint(stack, team="blue")
    async with corrector(stack) as ours:
        report = await ours.scan()
        snapshot, plan = await ours.plan("world_thing.web")

        assert plan.summary == "1 to update"
        assert resource_of(plan, "world_thing.web") == {
            "labels.team": ("blue", "red"),
            "serial": (things_of(stack)["web"]["serial"], UNKNOWN),
        }
        assert concerns(plan, report.findings) == ()
        assert things_of(stack)["web"]["labels"] == {"team": "blue"}

        assert await ours.apply(snapshot) == Done("1 changed")
        assert things_of(stack)["web"]["labels"] == {"team": "red"}
        assert (await ours.scan()).findings == ()


async def test_what_somebody_deleted_is_made_again(stack: WorldStack) -> None:
    stack.apply(CODE)
    with stack.changed() as things:
        del things["web"]
    async with corrector(stack) as ours:
        report = await ours.scan()
        snapshot, plan = await ours.plan("world_thing.web")

        assert [resource.action for resource in plan.resources] == [Action.CREATE]
        assert resource_of(plan, "world_thing.web")["id"] == (None, UNKNOWN)
        assert concerns(plan, report.findings) == ()

        assert await ours.apply(snapshot) == Done("1 created")
        assert things_of(stack)["web"]["labels"] == {"team": "red"}
        assert (await ours.scan()).findings == ()


async def test_what_code_changed_meanwhile_is_new_in_what_is_made_again(
    stack: WorldStack,
) -> None:
    """Row T2."""
    stack.apply(CODE)
    with stack.changed() as things:
        del things["web"]
    stack.write(CODE.replace('team = "red"', 'team = "blue"'))
    async with corrector(stack) as ours:
        report = await ours.scan()
        _, plan = await ours.plan("world_thing.web")

    assert [(finding.address, finding.origin) for finding in report.findings] == [
        ("world_thing.web", Origin.BOTH)
    ]
    (web,) = plan.resources
    assert [(one.path, one.recorded, one.planned) for one in web.new] == [
        ("labels.team", "red", "blue")
    ]
    by_cli = await stack.scan(engine="cli")
    assert by_cli["world_thing.web"] == Missing(Origin.BOTH)


async def test_what_follows_an_object_that_is_made_again_is_not_new(stack: WorldStack) -> None:
    stack.apply(FOLLOWED)
    with stack.changed() as things:
        del things["base"]
    async with corrector(stack) as ours:
        _, plan = await ours.plan("world_thing.base", "world_thing.leaf")
        assert [(resource.action, resource.new) for resource in plan.resources] == [
            (Action.CREATE, ()),
            (Action.REPLACE, ()),
        ]
        stack.write(FOLLOWED.replace("# more", "labels = { maker = world_thing.base.serial }"))
        _, plan = await ours.plan("world_thing.base", "world_thing.leaf", name="edited")

    assert [one.path for one in plan.resources[1].new] == ["labels", "place"]


async def test_no_secret_is_told_of_a_new_value(stack: WorldStack) -> None:
    stack.apply(CODE)
    with stack.changed() as things:
        del things["web"]
    stack.write(CODE.replace('name   = "web"', f'name   = "web"\n  secret = "{SECRET}"'))
    async with corrector(stack) as ours:
        _, plan = await ours.plan("world_thing.web")

    (web,) = plan.resources
    assert [(one.path, one.recorded, type(one.planned)) for one in web.new] == [
        ("secret", None, Sensitive)
    ]
    assert SECRET not in repr(plan)


async def test_only_what_was_asked_for_is_touched(stack: WorldStack) -> None:
    stack.apply(CODE)
    paint(stack, "web", team="blue")
    paint(stack, "other", team="green")
    async with corrector(stack) as ours:
        assert await ours.correct("world_thing.web") == Done("1 changed")
        assert things_of(stack)["web"]["labels"] == {"team": "red"}
        assert things_of(stack)["other"]["labels"] == {"team": "green"}
        assert [finding.address for finding in (await ours.scan()).findings] == [
            "world_thing.other"
        ]


async def test_the_same_world_gives_the_same_digest_and_another_one_another(
    stack: WorldStack,
) -> None:
    stack.apply(CODE)
    paint(stack, team="blue")
    async with corrector(stack) as ours:
        _, first = await ours.plan("world_thing.web", name="first")
        _, second = await ours.plan("world_thing.web", name="second")
        _, wider = await ours.plan("world_thing.web", "world_thing.other", name="wider")
        paint(stack, team="black")
        _, later = await ours.plan("world_thing.web", name="later")

    assert first == second
    assert first.digest == second.digest
    assert len({first.digest, wider.digest, later.digest}) == 3


async def test_code_that_nobody_applied_is_seen_next_to_drift(stack: WorldStack) -> None:
    stack.apply(CODE)
    paint(stack, team="blue")
    async with corrector(stack) as ours:
        report = await ours.scan()
        stack.write(CODE.replace('zones  = ["a", "b"]', 'zones  = ["a", "c"]'))
        _, plan = await ours.plan("world_thing.web")

        (web,) = plan.resources
        assert [(one.path, one.recorded, one.planned) for one in web.new] == [
            ("zones", ["a", "b"], ["a", "c"])
        ]
        assert concerns(plan, report.findings)


async def test_a_dependent_that_code_changed_is_not_dragged_along_unseen(
    stack: WorldStack,
) -> None:
    code = CODE.replace(
        'resource "world_thing" "other" { name = "other" }',
        'resource "world_thing" "base" { name = "base" }',
    ).replace('name   = "web"', 'name   = "web"\n  place = world_thing.base.name')
    stack.apply(code)
    paint(stack, team="blue")
    async with corrector(stack) as ours:
        report = await ours.scan()
        stack.write(code.replace('{ name = "base" }', '{\n  name = "base"\n  enabled = true\n}'))
        _, plan = await ours.plan("world_thing.web")

        told = concerns(plan, report.findings)
        assert any(
            sentence.startswith("world_thing.base would be changed too") for sentence in told
        )


async def test_a_move_that_code_asks_for_needs_a_person(stack: WorldStack) -> None:
    stack.apply(CODE)
    paint(stack, team="blue")
    moved = "moved {\n  from = world_thing.web\n  to   = world_thing.front\n}\n"
    stack.write(moved + CODE.replace('"world_thing" "web"', '"world_thing" "front"'))
    async with corrector(stack) as ours:
        report = await ours.scan()
        _, plan = await ours.plan("world_thing.web")

        assert [(resource.address, resource.action) for resource in plan.resources] == [
            ("world_thing.web", Action.OTHER)
        ]
        assert concerns(plan, report.findings)


async def test_what_would_be_replaced_needs_a_person(stack: WorldStack) -> None:
    stack.apply(CODE)
    with stack.changed() as things:
        things["web"]["place"] = "elsewhere"
    async with corrector(stack) as ours:
        report = await ours.scan()
        _, plan = await ours.plan("world_thing.web")

        assert [one.action for one in plan.resources] == [Action.REPLACE]
        assert concerns(plan, report.findings) == ("world_thing.web would be replaced",)


async def test_any_key_of_a_resource_can_be_asked_for(stack: WorldStack) -> None:
    keys = ['say "hi"', "a.b/c", "grün 中", "back\\slash", "${literally}"]
    written = json.dumps([*keys, "plain"], ensure_ascii=False).replace("${", "$${")
    stack.apply(
        f"""
        resource "world_thing" "each" {{
          for_each = toset({written})
          name     = each.key
          labels   = {{ team = "red" }}
        }}
        """
    )
    paint(stack, "plain", team="blue")
    async with corrector(stack) as ours:
        for number, key in enumerate(keys):
            paint(stack, key, team="blue")
            found = {finding.address for finding in (await ours.scan()).findings}
            (address,) = found - {'world_thing.each["plain"]'}
            assert await ours.correct(address, name=f"run{number}") == Done("1 changed")

            assert things_of(stack)[key]["labels"] == {"team": "red"}
            assert things_of(stack)["plain"]["labels"] == {"team": "blue"}


async def test_variables_files_and_workspaces_are_those_of_the_stack(stack: WorldStack) -> None:
    code = CODE.replace('team = "red"', "team = var.team") + 'variable "team" {}\n'
    values = stack.directory.parent / "own.tfvars"
    values.write_text('team = "red"\n')
    stack.run("workspace", "new", "blue")
    stack.write(code)
    stack.apply(None, f"-var-file={values}")
    stack.run("workspace", "select", "default")
    paint(stack, team="black")
    async with corrector(stack, workspace="blue", var_files=(values,)) as ours:
        assert await ours.correct("world_thing.web") == Done("1 changed")

    assert things_of(stack)["web"]["labels"] == {"team": "red"}
    assert not stack.state.exists()


async def test_arguments_in_the_environment_do_not_change_what_is_done(stack: WorldStack) -> None:
    """Row T11."""
    stack.apply(CODE)
    paint(stack, "web", team="blue")
    paint(stack, "other", team="green")
    arguments = {
        "TF_CLI_ARGS": "-var=x=1",
        "TF_CLI_ARGS_plan": "-target=world_thing.other -destroy",
        "TF_CLI_ARGS_apply": "-destroy",
        "TF_LOG": "trace",
    }
    stack.write(CODE + 'variable "x" {}\n')
    async with corrector(stack, environment=arguments) as ours:
        assert await ours.correct("world_thing.web") == Done("1 changed")
        assert b"[TRACE]" not in ours.log()

    assert things_of(stack)["web"]["labels"] == {"team": "red"}
    assert things_of(stack)["other"]["labels"] == {"team": "green"}


async def test_a_target_that_is_nowhere_any_more_is_refused(stack: WorldStack) -> None:
    stack.apply(CODE)
    async with corrector(stack) as ours:
        with pytest.raises(PermanentError, match="gone: neither code nor state"):
            await ours.plan("world_thing.gone")
        with pytest.raises(PermanentError, match="without a target"):
            await ours.plan(name="nothing")


async def test_an_untouched_resource_gives_an_empty_plan(stack: WorldStack) -> None:
    """Rows T20 and V3."""
    stack.apply(CODE)
    async with corrector(stack) as ours:
        _, plan = await ours.plan("world_thing.web")
    assert plan.empty


async def test_a_locked_state_is_somebodys_and_worth_waiting_for(
    stack: WorldStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "LOCK_PATIENCE_S", 1)
    stack.apply(CODE)
    paint(stack, team="blue")
    async with corrector(stack) as ours:
        snapshot, _ = await ours.plan("world_thing.web")
        stack.while_applying(web="wait")
        process = await ours.start(snapshot)
        await until(lambda: b'"apply_start"' in ours.log())
        with pytest.raises(RetryableError, match=r"locked by .*@.*, since .* for OperationType"):
            await ours.plan("world_thing.other", name="second")
        stack.while_applying(web=None)
        _, outcome = await ours.ended(process, snapshot)
        assert outcome == Done("1 changed")


async def test_no_secret_leaves_with_plan_log_or_progress(stack: WorldStack) -> None:
    stack.apply(WITH_SECRETS)
    with stack.changed() as things:
        things["vault"]["secret"] = NEW_SECRET
        things["vault"]["labels"] = {"word": f"{NEW_SECRET}-too"}
    async with corrector(stack) as ours:
        snapshot, plan = await ours.plan("world_thing.vault")
        changes = resource_of(plan, "world_thing.vault")
        assert {type(side) for side in changes["secret"]} == {Sensitive}
        assert changes["secret"][0] != changes["secret"][1]
        assert await ours.apply(snapshot) == Done("1 changed")
        told = [ours.adapter.progress(line) for line in ours.log().splitlines()]

        assert things_of(stack)["vault"]["secret"] == SECRET
        for text in (repr(plan), ours.log().decode(), repr(told), repr(snapshot)):
            assert SECRET not in text
            assert NEW_SECRET not in text


async def test_the_steps_of_an_apply_can_be_followed(stack: WorldStack) -> None:
    stack.apply(CODE)
    paint(stack, team="blue")
    async with corrector(stack) as ours:
        assert await ours.correct("world_thing.web") == Done("1 changed")
        told = [ours.adapter.progress(line) for line in ours.log().splitlines()]

    steps = [one.step for one in told if one is not None and one.address == "world_thing.web"]
    assert steps == [Step.PENDING, Step.UPDATING, Step.DONE]


@pytest.mark.slow
async def test_a_port_opened_by_hand_is_closed_again(
    deployed_worlds: Worlds, terraform: Executable, tmp_path: Path
) -> None:
    world = copied_world(deployed_worlds.deployed("small5", terraform), tmp_path / "code")
    group = world.world().client("ec2").describe_security_groups
    opened = next(m for m in BY_STACK["small5"] if "ingress" in m.paths)
    reference = StackReference(
        StackName("small5"),
        world.directory,
        "terraform",
        environment={**world.environment, "TRUEUP_TERRAFORM": str(world.executable)},
    )
    before = group()
    opened.apply(world.world())
    async with corrector_of(reference, cache=tmp_path / "cache", folder=tmp_path) as ours:
        report = await ours.scan()
        assert [finding.address for finding in report.findings] == [opened.address]
        snapshot, plan = await ours.plan(opened.address)
        _, again = await ours.plan(opened.address, name="again")
        assert plan.digest == again.digest
        assert concerns(plan, report.findings) == ()
        assert await ours.apply(snapshot) == Done("1 changed")
        assert (await ours.scan()).findings == ()
    assert group()["SecurityGroups"] == before["SecurityGroups"]
