"""What counts as chosen by an apply, and what is left a finding: the provider's own plans say."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from iac_adapters.plugin_host.file_identity import FileIdentity
from iac_adapters.terraform.after_apply import chosen_by_apply, rewritten
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack, ProviderKey
from iac_adapters.terraform.messages import NULL, message
from iac_adapters.terraform.observe import LiveState
from iac_adapters.terraform.protocol import rpc_of
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.providers import Providers
from iac_adapters.terraform.recorder.recording import NOTHING_RECORDED, RecordedInstance
from iac_adapters.terraform.schema_answer import HeldAnswer, ProviderSchema
from reconciler.domain.model import RecordedResource, ResourceAddress, Status
from tests.providers.world_provider import UNKNOWN, WorldProvider, decode, encode, to_wire
from tests.providers.world_schema import schema_answer

WEB = ResourceAddress("world_thing.web")
KEY = ProviderKey(
    "k",
    InstalledProvider("trueup/world", "1", Path("x"), FileIdentity(0, 0, 0, 0, 0)),
    b"",
    {},
    Path(),
)
FIRST = {"id": "thing-1", "name": "web", "serial": "first", "size": 3}


class Forgetful(WorldProvider):
    """Calls whatever the code does not set unknown at each update, as the framework does."""

    def _plan(self, request: bytes) -> Any:
        asked, answer = message("PlanRequest").FromString(request), super()._plan(request)
        planned, config = decode(answer.planned_state), decode(asked.config)
        if planned["serial"] == UNKNOWN and config["size"] is None:
            planned["size"] = UNKNOWN
        answer.planned_state.msgpack = encode(planned)
        return answer


class Always(WorldProvider):
    """Plans another serial whatever it is asked, and nothing besides."""

    def _plan(self, request: bytes) -> Any:
        answer = super()._plan(request)
        answer.planned_state.msgpack = encode({**decode(answer.planned_state), "serial": UNKNOWN})
        return answer


class Process:
    """A provider's process as far as a plan needs one: what it is sent, `world` answers."""

    label = "world"
    handshake = SimpleNamespace(protocol_version=6)

    def __init__(self, world: WorldProvider) -> None:
        self._world = world

    async def unary(self, path: str, request: bytes, *, timeout_s: float | None) -> bytes:
        del timeout_s
        rpc = rpc_of(path)
        assert rpc is not None
        return await self._world.answer(rpc, request) or b""


class Running:
    def __init__(self, world: WorldProvider) -> None:
        self._provider = Provider(cast("Any", Process(world)))

    async def get(self, _key: ProviderKey) -> Provider:
        return self._provider


def state(**values: Any) -> bytes:
    return encode(to_wire(values))


def stack(recorded: bytes, **config: Any) -> LoadedStack:
    """One thing as it is recorded, and what the code says of it."""
    wire = RecordedInstance(WEB, "world_thing", 0, recorded, state(name="web", **config), (), b"")
    resource = LoadedResource(
        RecordedResource(WEB, "world_thing", Status.LIVE),
        wire=wire,
        provider=KEY,
        schema=ProviderSchema(6, HeldAnswer(schema_answer())),
    )
    return LoadedStack(NOTHING_RECORDED, {WEB: resource})


async def chosen(
    before: LoadedStack,
    after: LoadedStack,
    *,
    live: dict[str, Any] | bytes | None = None,
    world: WorldProvider | None = None,
    read: bool = True,
) -> list[str]:
    """Return the places that an apply chose; `live` was read before, where not as recorded."""
    content = state(**live) if isinstance(live, dict) else live
    found = await chosen_by_apply(
        before,
        {} if content is None else {WEB: LiveState(content, b"")},
        after,
        read={WEB} if read else set(),
        providers=cast("Providers", Running(world or WorldProvider())),
        deadline_s=1.0,
    )
    return [".".join(map(str, path)) for path in found[WEB].paths] if WEB in found else []


async def test_an_update_chooses_what_it_leaves_open() -> None:
    after = stack(state(**{**FIRST, "serial": "second", "enabled": True}), enabled=True)
    assert await chosen(stack(state(**FIRST)), after) == ["serial"]


async def test_a_refresh_while_a_replacement_waits_has_chosen_nothing() -> None:
    was = stack(state(**FIRST, place="here"), place="here")
    by_hand = {**FIRST, "place": "here", "serial": "by hand"}
    refreshed = stack(state(**by_hand), place="there")
    assert await chosen(was, refreshed, live=by_hand) == []


async def test_what_is_named_by_its_name_is_replaced_under_the_same_identity() -> None:
    was = stack(state(**FIRST, place="here"), place="here")
    made = {**FIRST, "place": "there", "serial": "second"}
    assert await chosen(was, stack(state(**made), place="there")) == ["id", "serial"]


async def test_a_replacement_chooses_what_no_code_can_set() -> None:
    was = stack(state(**FIRST, place="here"), place="here")
    made = {**FIRST, "id": "thing-2", "place": "there", "serial": "second"}
    assert await chosen(was, stack(state(**made), place="there")) == ["id", "serial"]


async def test_an_object_that_was_gone_and_is_made_again_is_the_applys() -> None:
    made = {**FIRST, "serial": "second", "enabled": True}
    was = stack(state(**FIRST, enabled=True), enabled=True)
    assert await chosen(was, stack(state(**made), enabled=True), live=NULL) == ["id", "serial"]
    # Made by hand with other values than the code has, and taken in by a refresh.
    by_hand = {**made, "enabled": False}
    assert await chosen(was, stack(state(**by_hand), enabled=True), live=NULL) == []


async def test_a_plan_of_nothing_but_open_places_is_no_sign_of_an_apply() -> None:
    refreshed = stack(state(**{**FIRST, "serial": "by hand"}))
    assert await chosen(stack(state(**FIRST)), refreshed, world=Always()) == []


async def test_what_code_could_set_may_be_a_hands_whatever_the_plan_leaves_open() -> None:
    after = stack(state(**{**FIRST, "serial": "second", "size": 99, "enabled": True}), enabled=True)
    assert await chosen(stack(state(**FIRST)), after, world=Forgetful()) == ["serial"]


async def test_of_an_object_that_was_never_read_nothing_is_known() -> None:
    after = stack(state(**{**FIRST, "serial": "second", "enabled": True}), enabled=True)
    assert await chosen(stack(state(**FIRST)), after, read=False) == []


def test_which_objects_the_state_has_otherwise_by_now() -> None:
    before = stack(state(**FIRST))
    assert rewritten(before, stack(state(**FIRST))) == set()
    assert rewritten(before, stack(state(**{**FIRST, "serial": "x"}))) == {WEB}
    assert rewritten(before, LoadedStack(NOTHING_RECORDED, {})) == {WEB}
