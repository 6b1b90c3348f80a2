"""A provider plugin (protocol 6) whose cloud is a JSON file, so that tests can change it.

Its types are strict as the plugin framework's are: what is null stays null. Run as a
program it is a real go-plugin server. The file holds `{"objects": {ID: ATTRIBUTES},
"knobs": {ID: KNOB}}`; a knob is what happens when the object is read: `crash`, `hang`,
`pause` (as long as the knob stands), `pause again` (likewise, from its second read on),
`throttle`, `deny`, `expired`, `panic`, `flood`, or `says ` and the words of an error. A token that
begins with `refused` is refused by its text. In
`"applying": {NAME: KNOB}` stands what happens when the object called NAME is made or changed:
`wait` (likewise), or else the words of an error. A thing whose name is in `"refusing"` is
refused by validation, with the words there, once its provider is configured. Where there is a list
`"tokens"`, each token that a provider is configured with is added to it; those in `"void"` are
accepted no more.
The ephemeral `world_place` has the region that `"place"` holds, which is to be renewed after the
seconds of `"renew_after_s"`.
Where a file `refuses-to-start` is in its directory, it says what that holds, and ends.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import secrets
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
import msgpack

from iac_adapters.terraform.messages import message
from iac_adapters.terraform.protocol import Rpc, rpc_of
from tests.providers.world_schema import (
    DATA_SOURCES,
    EPHEMERALS,
    REPLACING,
    RESOURCES,
    schema_answer,
    thing_attributes,
)

COOKIE: Final = (
    "TF_PLUGIN_MAGIC_COOKIE",
    "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
)
STANDS: Final = "WORLD_STANDS"
"""Set where it serves run after run, each of which configures it: see `standing_provider`."""
UNKNOWN: Final = msgpack.ExtType(0, b"\x00")
SIZE_BY_DEFAULT: Final = 3
_WORDS: Final = {
    "throttle": ("ThrottlingException: Rate exceeded", "status code: 429"),
    "deny": ("AccessDenied: not authorized to perform world:ReadThing", "status code: 403"),
    "expired": ("ExpiredToken: The security token included in the request is expired", ""),
}


class World:
    """The JSON file. Every change is made under a lock and lands whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def hanging(self) -> Path:
        """The file that is there once a read hangs."""
        return Path(f"{self._path}.hanging")

    def read(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._path.read_text())
        except FileNotFoundError:
            found = {}
        return {"objects": {}, "knobs": {}, "applying": {}, **found}

    @contextmanager
    def changed(self) -> Iterator[dict[str, Any]]:
        """Yield the content; what is changed in it is written when the block ends."""
        with Path(f"{self._path}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            content = self.read()
            yield content
            draft = Path(f"{self._path}.new")
            draft.write_text(json.dumps(content, indent=1, sort_keys=True))
            draft.replace(self._path)

    @contextmanager
    def refusing(self, names: Mapping[str, str]) -> Iterator[None]:
        """Have things of these names refused in these words, by whoever validates meanwhile."""
        with self.changed() as content:
            content["refusing"] = dict(names)
        try:
            yield
        finally:
            with self.changed() as content:
                del content["refusing"]


def decode(value: Any) -> Any:
    return msgpack.unpackb(value.msgpack, raw=False, strict_map_key=False)


def encode(value: Any) -> bytes:
    return bytes(msgpack.packb(value, use_bin_type=True))


def to_wire(attributes: dict[str, Any]) -> dict[str, Any]:
    """Give a stored object its wire form: every attribute present, dynamic ones typed."""
    wire = {attribute.name: attributes.get(attribute.name) for attribute in thing_attributes()}
    if wire["anything"] is not None:
        kind, value = wire["anything"]
        wire["anything"] = [json.dumps(kind).encode(), value]
    return wire


def to_store(wire: dict[str, Any]) -> dict[str, Any]:
    stored = dict(wire)
    if stored["anything"] is not None:
        kind, value = stored["anything"]
        stored["anything"] = [json.loads(kind), value]
    return stored


class WorldProvider:
    """The provider's behaviour, one method per call; requests and answers are messages."""

    def __init__(self) -> None:
        self._world: World | None = None
        self._default_tags: dict[str, str] = {}
        self._token: str | None = None
        self._reads: Counter[str] = Counter()
        self.stopped = asyncio.Event()
        self._handlers: dict[Rpc, Callable[[bytes], Any]] = {
            Rpc.METADATA: self._metadata,
            Rpc.SCHEMA: lambda _request: schema_answer(),
            Rpc.CONFIGURE: self._configure,
            Rpc.UPGRADE_STATE: self._upgrade,
            Rpc.VALIDATE_RESOURCE: self._validate,
            Rpc.READ: self._read,
            Rpc.PLAN: self._plan,
            Rpc.APPLY: self._apply,
            Rpc.READ_DATA: self._read_data,
            Rpc.IMPORT_STATE: self._import,
            Rpc.OPEN_EPHEMERAL: self._open_ephemeral,
        }
        self._empty = frozenset(
            {
                Rpc.PREPARE_CONFIG,
                Rpc.VALIDATE_DATA,
                Rpc.VALIDATE_EPHEMERAL,
                Rpc.RENEW_EPHEMERAL,
                Rpc.CLOSE_EPHEMERAL,
                Rpc.STOP,
                Rpc.IDENTITY_SCHEMAS,
            }
        )

    async def answer(self, rpc: Rpc, request: bytes) -> bytes | None:
        """Return the encoded answer; None for what is not implemented."""
        if rpc in self._empty:
            return b""
        handler = self._handlers.get(rpc)
        if handler is None:
            return None
        if rpc is Rpc.READ:
            await self._turn_knob(request)
        if rpc is Rpc.CONFIGURE and b"to hang" in request:
            await asyncio.Event().wait()
        if rpc is Rpc.APPLY and (refusal := await self._wait_or_refuse(request)) is not None:
            return refusal
        made = handler(request)
        return made if isinstance(made, bytes) else bytes(made.SerializeToString())

    @property
    def world(self) -> World:
        assert self._world is not None, "not configured"
        return self._world

    async def _turn_knob(self, request: bytes) -> None:
        state = decode(message("ReadRequest").FromString(request).current_state)
        self._reads[state["id"]] += 1
        pausing = ("pause",) if self._reads[state["id"]] == 1 else ("pause", "pause again")
        while self.world.read()["knobs"].get(state["id"]) in pausing:  # noqa: ASYNC110 - a file says so
            await asyncio.sleep(0.05)
        match self.world.read()["knobs"].get(state["id"]):
            case "crash":
                os._exit(3)
            case "panic":
                sys.stderr.write("panic: runtime error: the world ended\n\ngoroutine 1:\nsecret\n")
                sys.stderr.flush()
                os._exit(2)
            case "hang":
                self.world.hanging.touch()
                await asyncio.sleep(3600)
            case "flood":
                sys.stderr.write("x" * (100 << 20))

    async def _wait_or_refuse(self, request: bytes) -> bytes | None:
        asked = message("PlanRequest").FromString(request)
        planned = decode(asked.proposed_new_state)
        while True:
            knob = self.world.read()["applying"].get(planned["name"]) if planned else None
            if knob != "wait":
                return None if knob is None else _refused(asked.prior_state, knob)
            await asyncio.sleep(0.05)

    def _metadata(self, _request: bytes) -> Any:
        answer = message("GetMetadataResponse")()
        answer.server_capabilities.get_provider_schema_optional = True
        for name in RESOURCES:
            answer.resources.add(type_name=name)
        for name in DATA_SOURCES:
            answer.data_sources.add(type_name=name)
        for name in EPHEMERALS:
            answer.ephemeral_resources.add(type_name=name)
        return answer

    def _configure(self, request: bytes) -> Any:
        answer = message("ConfigureResponse")()
        if self._world is not None and STANDS not in os.environ:
            answer.diagnostics.add(severity=1, summary="configured twice")
            return answer
        config = decode(message("ConfigureRequest").FromString(request).config)
        if config["token"] == "expired":
            answer.diagnostics.add(severity=1, summary="ExpiredToken: log in again")
            return answer
        # Not known yet, it is no text.
        if isinstance(config["token"], str) and config["token"].startswith("refused"):
            answer.diagnostics.add(severity=1, summary=f"bad token {config['token']} for world")
            return answer
        self._default_tags = config.get("default_tags") or {}
        region = config.get("region") or os.environ.get("WORLD_REGION")
        self._world = World(Path(f"{config['world']}.{region}" if region else config["world"]))
        self._token = config["token"]
        if "tokens" in self._world.read():
            with self._world.changed() as content:
                content["tokens"].append(self._token)
        return answer

    def _validate(self, request: bytes) -> Any:
        answer = message("ConfigureResponse")()
        refusing = self._world.read().get("refusing", {}) if self._world is not None else {}
        config = decode(message("ValidateRequest").FromString(request).config)
        if isinstance(config.get("name"), str) and (words := refusing.get(config["name"])):
            answer.diagnostics.add(severity=1, summary="Refused", detail=words)
        return answer

    def _upgrade(self, request: bytes) -> Any:
        asked = message("UpgradeStateRequest").FromString(request)
        answer = message("UpgradeStateResponse")()
        if not asked.raw_state.json:
            answer.diagnostics.add(severity=1, summary="flatmap states are not understood")
            return answer
        state = json.loads(asked.raw_state.json, parse_float=str, parse_int=_whole)
        if isinstance(state.get("anything"), dict):
            typed = state["anything"]
            state["anything"] = [typed["type"], typed["value"]]
        answer.upgraded_state.msgpack = encode(to_wire(state))
        return answer

    def _read(self, request: bytes) -> Any:
        asked = message("ReadRequest").FromString(request)
        state = decode(asked.current_state)
        content = self.world.read()
        answer = message("ReadResponse")(private=asked.private)
        knob = content["knobs"].get(state["id"])
        if self._token in content.get("void", ()):
            answer.diagnostics.add(severity=1, summary="Unauthorized", detail="the token is void")
            return answer
        if knob in _WORDS:
            summary, detail = _WORDS[knob]
            answer.diagnostics.add(severity=1, summary=summary, detail=detail)
            return answer
        if isinstance(knob, str) and knob.startswith("says "):
            answer.diagnostics.add(severity=1, summary=knob.removeprefix("says "))
            return answer
        found = content["objects"].get(state["id"])
        answer.new_state.msgpack = encode(None if found is None else to_wire(self._seen(found)))
        return answer

    def _import(self, request: bytes) -> Any:
        asked = message("ImportRequest").FromString(request)
        answer = message("ImportResponse")()
        if not asked.id.startswith("thing-"):
            answer.diagnostics.add(severity=1, summary=f"{asked.id} is no id of a thing")
            return answer
        state = message("DynamicValue")(msgpack=encode(to_wire({"id": asked.id})))
        answer.imported_resources.add(type_name=asked.type_name, state=state)
        return answer

    def _seen(self, found: dict[str, Any]) -> dict[str, Any]:
        """What is read of a thing: its tags are those that are no default ones."""
        tags = found.get("tags_all") or {}
        own = {key: one for key, one in tags.items() if self._default_tags.get(key) != one}
        return {**found, "tags": own or None, "tags_all": tags or None}

    def _plan(self, request: bytes) -> Any:
        asked = message("PlanRequest").FromString(request)
        prior, planned = decode(asked.prior_state), decode(asked.proposed_new_state)
        answer = message("PlanResponse")(planned_private=asked.prior_private)
        if planned is None:
            answer.planned_state.msgpack = encode(None)
            return answer
        planned["password_wo"] = None
        if planned["tags"] != UNKNOWN:
            planned["tags_all"] = {**self._default_tags, **(planned["tags"] or {})} or None
        config = decode(asked.config)
        replacing = _differing(prior, planned) & REPLACING if prior else frozenset()
        for name in sorted(replacing):
            answer.requires_replace.add().steps.add(attribute_name=name)
        if prior is None or replacing:
            planned["id"] = UNKNOWN
        if prior is None or _differing(prior, planned):
            planned["serial"] = UNKNOWN
        if config["size"] is None and (chart := (config["labels"] or {}).get("chart")):
            planned["size"] = int(Path(chart, "size").read_text())
        elif planned["size"] is None and config["size"] is None:
            planned["size"] = UNKNOWN
        answer.planned_state.msgpack = encode(planned)
        return answer

    def _apply(self, request: bytes) -> Any:
        # The fields read here have the numbers of the plan request's.
        asked = message("PlanRequest").FromString(request)
        prior, planned = decode(asked.prior_state), decode(asked.proposed_new_state)
        with self.world.changed() as content:
            if planned is None:
                content["objects"].pop(prior["id"], None)
                return _applied(None)
            made = {name: None if value == UNKNOWN else value for name, value in planned.items()}
            made["id"] = made["id"] or f"thing-{uuid.uuid4().hex[:12]}"
            made["serial"] = made["serial"] or uuid.uuid4().hex
            made["size"] = SIZE_BY_DEFAULT if made["size"] is None else made["size"]
            content["objects"][made["id"]] = to_store(made)
            writes = content.setdefault("writes", {})
            writes[made["name"]] = writes.get(made["name"], 0) + 1
        return _applied(made)

    def _read_data(self, _request: bytes) -> Any:
        answer = message("ReadDataResponse")()
        answer.state.msgpack = encode({"count": len(self.world.read()["objects"])})
        return answer

    def _open_ephemeral(self, _request: bytes) -> Any:
        content = self.world.read()
        answer = message("OpenEphemeralResponse")()
        answer.result.msgpack = encode({"region": content.get("place")})
        if (after_s := content.get("renew_after_s")) is not None:
            answer.renew_at.seconds = int(time.time() + after_s)
        return answer


def _whole(text: str) -> int | str:
    """Keep what no 64 bits hold as the text that it travels as; a float goes as text as well."""
    return int(text) if -(2**63) <= int(text) < 2**63 else text


def _applied(state: Any) -> Any:
    # ApplyResourceChange.Response is new_state=1, private=2: two length-delimited fields.
    new_state = message("DynamicValue")(msgpack=encode(state))
    return message("DynamicValue")(msgpack=new_state.SerializeToString(), json=b"made by world")


def _refused(prior: Any, words: str) -> bytes:
    # Diagnostics are field 3 of the apply response, a field number no message of ours has.
    told = message("Diagnostic")(severity=1, summary=words).SerializeToString()
    unchanged = message("DynamicValue")(msgpack=prior.SerializeToString()).SerializeToString()
    return bytes(unchanged + b"\x1a" + _varint(len(told)) + told)


def _varint(number: int) -> bytes:
    head = b""
    while number > 127:
        head += bytes([number & 127 | 128])
        number >>= 7
    return head + bytes([number])


def _differing(prior: dict[str, Any], planned: dict[str, Any]) -> frozenset[str]:
    return frozenset(
        name
        for name, value in planned.items()
        if _unordered(name, value) != _unordered(name, prior[name])
    )


def _unordered(name: str, value: Any) -> Any:
    # Sets arrive in any order.
    return sorted(map(repr, value)) if name in {"zones", "guests"} and value else value


class _Handler(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    def __init__(self, provider: WorldProvider) -> None:
        self._provider = provider

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        if details.method == "/plugin.GRPCController/Shutdown":
            return grpc.unary_unary_rpc_method_handler(self._shutdown)
        rpc = rpc_of(details.method)
        if rpc is None or "tfplugin6" not in details.method:
            return None

        async def behaviour(request: bytes, context: Any) -> bytes:
            answer = await self._provider.answer(rpc, request)
            if answer is None:
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no {rpc}")
            return answer or b""

        return grpc.unary_unary_rpc_method_handler(behaviour)

    async def _shutdown(self, _request: bytes, _context: Any) -> bytes:
        self._provider.stopped.set()
        return b""


async def serve(certificate: Path) -> None:
    """Serve until told to stop; `certificate` holds a key and its certificate, as PEM."""
    # As go-plugin does: a file in the given folder, else beside everybody's, and none is left.
    folder = os.environ.get("PLUGIN_UNIX_SOCKET_DIR") or tempfile.gettempdir()
    address = Path(folder) / f"plugin{os.getpid()}-{secrets.token_hex(4)}"
    provider = WorldProvider()
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 256 << 20)])
    server.add_generic_rpc_handlers((_Handler(provider),))
    shown = ""
    if "PLUGIN_CLIENT_CERT" in os.environ:
        credentials, shown = _credentials(certificate)
        server.add_secure_port(f"unix:{address}", credentials)
    else:
        server.add_insecure_port(f"unix:{address}")
    await server.start()
    if STANDS in os.environ:
        asyncio.get_running_loop().add_reader(sys.stdin, provider.stopped.set)
    print(f"1|6|unix|{address}|grpc|{shown}", flush=True)
    await provider.stopped.wait()
    await server.stop(0.2)
    address.unlink(missing_ok=True)


def _credentials(file: Path) -> tuple[grpc.ServerCredentials, str]:
    """Return credentials for a server, and the certificate as the handshake names it."""
    key, end, certificate = file.read_bytes().partition(b"-----END PRIVATE KEY-----\n")
    shown = b"".join(certificate.splitlines()[1:-1]).decode().rstrip("=")
    return grpc.ssl_server_credentials([(key + end, certificate)]), shown


def main() -> int:
    """Run as a plugin, and only as one; the argument is the file of a certificate, see `serve`."""
    if os.environ.get(COOKIE[0]) != COOKIE[1]:
        sys.stderr.write("This is a plugin; it is run by Terraform.\n")
        return 1
    if (refusal := Path("refuses-to-start")).exists():
        sys.stderr.write(refusal.read_text())
        return 1
    asyncio.run(serve(Path(sys.argv[1])))
    return 0
