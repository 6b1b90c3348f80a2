"""Things whose provider fails, cannot read, or may not run: never in sync, never missing."""

from __future__ import annotations

import base64
import json
import os
import socket
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from iac_adapters.pulumi.snapshots import Payload
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import Drifted, InSync, Missing, Noise, NoiseItem, Unreadable, Verdict
from reconciler.domain.noise import INTERNAL
from reconciler.domain.paths import AttributePath
from tests.integration.hurried import Hurried
from tests.integration.terraform.scanner import files_of
from tests.pulumi_world import PulumiStack, imported, thing, verdicts


def reason(verdict: Verdict) -> str:
    assert isinstance(verdict, Unreadable), verdict
    return verdict.reason


@pytest.mark.parametrize(
    ("knob", "words"),
    [
        ("deny", "allow the credentials of this stack to read the resource"),
        ("expired", "renew the credentials this stack is read with"),
        ("crash", "ended with exit code 3"),
    ],
)
async def test_one_read_fails_and_the_others_are_answered(
    stack: PulumiStack, knob: str, words: str
) -> None:
    stack.turn(kept=knob)
    found = await stack.scan()
    assert words in reason(found["kept"])
    assert {type(found[name]) for name in ("plain", "blind", "lax", "inner")} == {InSync}


async def test_a_read_that_never_ends_is_given_up(stack: PulumiStack) -> None:
    stack.turn(kept="hang")
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        assert isinstance(snapshot.payload, Payload)
        Hurried(snapshot.payload.warm.reader, {stack.urn("kept")}, 0.5)
        found = await verdicts(adapter, snapshot)
    assert "0.5 s" in reason(found["kept"])
    assert isinstance(found["blind"], InSync)


async def test_what_was_unreadable_is_read_when_it_is_well_again(stack: PulumiStack) -> None:
    async with stack.adapter() as adapter:
        stack.turn(kept="deny")
        snapshot = await adapter.load(stack.reference())
        assert isinstance((await verdicts(adapter, snapshot))["kept"], Unreadable)
        stack.turn(kept=None)
        assert isinstance((await verdicts(adapter, snapshot))["kept"], InSync)


async def test_a_python_error_is_told_by_its_last_line(stack: PulumiStack) -> None:
    stack.turn(kept="the cloud is closed today")
    assert "RuntimeError: the cloud is closed today" in reason((await stack.scan())["kept"])


async def test_a_variable_that_a_dynamic_provider_misses_is_given_by_the_env_file(
    stack: PulumiStack,
) -> None:
    """Row P14."""
    stack.turn(kept="KeyError: 'REGION'")
    told = reason((await stack.scan())["kept"])
    assert "KeyError: 'REGION'" in told
    assert "`env_file` in [[stack]]" in told


async def test_an_error_that_quotes_a_secret_is_told_without_it(stack: PulumiStack) -> None:
    stack.turn(kept="leak")
    assert "CANARY" not in reason((await stack.scan())["kept"])


async def test_a_provider_that_cannot_read_says_nothing_of_what_is_there(
    stack: PulumiStack,
) -> None:
    stack.write(*stack.declared(), thing("mute", provider="mute"))
    stack.up()
    assert "no read()" in reason((await stack.scan())["mute"])
    with stack.changed() as things:
        del things["mute"]
    assert "no read()" in reason((await stack.scan())["mute"])


async def test_code_out_of_a_state_runs_only_where_it_is_allowed(stack: PulumiStack) -> None:
    found = await stack.scan(dynamic_providers=False)
    for name in ("kept", "plain", "blind", "lax", "inner"):
        assert "--dynamic-providers" in reason(found[name])


async def test_providers_that_are_imported_by_name_are_read_as_well(stack: PulumiStack) -> None:
    imported(stack)
    stack.up()
    with stack.changed() as things:
        things["kept"]["value"] = "hacked"
        things["blind"]["value"] = "hacked"
        del things["plain"]
    found = await stack.scan()
    assert isinstance(found["kept"], Drifted)
    assert isinstance(found["blind"], Drifted)
    assert isinstance(found["plain"], Missing)
    assert isinstance(found["inner"], InSync)


async def test_a_scan_writes_nothing_into_the_project_or_the_backend(stack: PulumiStack) -> None:
    imported(stack)
    stack.up()
    before = files_of(stack.directory), files_of(stack.backend)
    await stack.scan(environment={"PYTHONDONTWRITEBYTECODE": ""})
    assert (files_of(stack.directory), files_of(stack.backend)) == before


async def test_a_project_that_was_moved_is_the_same_stack(stack: PulumiStack) -> None:
    program = stack.directory / "__main__.py"
    program.write_text(f"# Pickled providers name the lines they stand in.\n{program.read_text()}")
    found = await stack.scan()
    assert {type(found[name]) for name in ("kept", "plain", "lax", "inner")} == {InSync}
    # Without a diff of its own, the engine updates it for the code that was pickled anew.
    assert found["blind"] == Noise((NoiseItem(AttributePath(""), INTERNAL),))


async def test_a_damaged_secret_is_refused_by_name(stack: PulumiStack) -> None:
    state = json.loads(stack.state.read_text())
    (kept,) = (
        one for one in state["checkpoint"]["latest"]["resources"] if one["urn"].endswith("::kept")
    )
    version, nonce, _ = kept["outputs"]["secret"]["ciphertext"].split(":")
    sealed = base64.b64encode(bytes(40)).decode()
    kept["outputs"]["secret"]["ciphertext"] = f"{version}:{nonce}:{sealed}"
    stack.state.write_text(json.dumps(state))
    with pytest.raises(PermanentError, match="things/dev"):
        await stack.scan()


@pytest.mark.parametrize(
    ("passphrase", "words"), [("battery staple", "not the one"), (None, "none is given")]
)
async def test_without_the_passphrase_nothing_is_read(
    stack: PulumiStack, passphrase: str | None, words: str
) -> None:
    given = {name: text for name, text in stack.environment.items() if "PASSPHRASE" not in name}
    environment = given if passphrase is None else {**given, "PULUMI_CONFIG_PASSPHRASE": passphrase}
    async with stack.adapter() as adapter:
        with pytest.raises(PermanentError, match=words):
            await adapter.load(replace(stack.reference(), environment=environment))


async def test_a_lock_of_a_living_process_is_waited_for_and_a_dead_ones_is_told(
    stack: PulumiStack,
) -> None:
    now = datetime.now(UTC).isoformat()
    lock = {"username": "ada", "hostname": socket.gethostname(), "timestamp": now}
    file = stack.locks / "one.json"
    async with stack.adapter() as adapter:
        file.write_text(json.dumps({**lock, "pid": os.getpid()}))
        with pytest.raises(RetryableError, match=f"ada@.*pid {os.getpid()}"):
            await adapter.load(stack.reference())
        file.write_text(json.dumps({**lock, "pid": 2**22 + 1}))
        snapshot = await adapter.load(stack.reference())
        assert any("left a lock behind" in warning for warning in snapshot.warnings)
        assert isinstance((await verdicts(adapter, snapshot))["kept"], InSync)
