"""A native Pulumi provider whose objects are JSON files, so that drift is an edited file.

`$KV_DIR/REGION/NAME.json` is one object. The region is the provider's `region`, else
`$KV_REGION`, else `home`; another region or `access_key` replaces the provider, as another `token`
updates it.
What is made, changed or deleted is noted in `$KV_DIR/log`, a line each. `Item` is read with
its inputs, `Lazy` answers the recorded inputs, and `Listed` tells which elements of its `rules`
differ. What is called `whim` differs for an engine that started the provider, and for nobody
else. The value `refuse` cannot be written, `wrong` is not accepted, and what is written with
`unhealthy` does not become ready.

Run as a program with an engine's address it serves, as `pulumi-resource-kv` does.
"""

# ruff: noqa: N802 - the methods are the protocol's

from __future__ import annotations

import importlib.util
import json
import os
import sys
import types
from concurrent.futures import ThreadPoolExecutor
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import any_pb2, empty_pb2, json_format, struct_pb2
from google.rpc import status_pb2  # type: ignore[import-untyped]


def _without_sdk() -> None:
    """Let the SDK's messages be imported without the SDK: a provider starts in half the time."""
    spec = importlib.util.find_spec("pulumi")
    (folder,) = (spec.submodule_search_locations if spec else None) or [""]
    for name, path in (("pulumi", folder), ("pulumi.runtime", f"{folder}/runtime")):
        package = types.ModuleType(name)
        package.__path__ = [path]
        sys.modules[name] = package


if __name__ == "__main__":
    _without_sdk()

from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc  # noqa: E402

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SIZE_BY_DEFAULT: Final = 3
NAMES: Final = ("Item", "Lazy", "Listed")
_STRING: Final = {"type": "string"}
_INPUTS: Final[dict[str, Any]] = {
    "name": _STRING,
    "value": _STRING,
    "size": {"type": "integer"},
    "tags": {"type": "object", "additionalProperties": _STRING},
    "zones": {"type": "array", "items": _STRING},
    "rules": {
        "type": "array",
        "items": {"type": "object", "additionalProperties": _STRING},
    },
    "word": {**_STRING, "secret": True},
    "file": {"$ref": "pulumi.json#/Asset"},
    "bundle": {"$ref": "pulumi.json#/Archive"},
}
_CONFIGURATION: Final = {
    "region": _STRING,
    "token": {**_STRING, "secret": True},
    "access_key": {**_STRING, "secret": True},
    "label": _STRING,
}
_ITEM: Final = {
    "inputProperties": _INPUTS,
    "requiredInputs": ["name", "value"],
    "properties": {**_INPUTS, "rev": {"type": "integer"}},
    "required": ["name", "value", "rev"],
}
SCHEMA: Final = {
    "name": "kv",
    "version": "1.0.0",
    "config": {"variables": _CONFIGURATION},
    "provider": {"inputProperties": _CONFIGURATION},
    "resources": {f"kv:index:{name}": _ITEM for name in NAMES},
}


class KvProvider(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one provider configuration."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._root = Path(environment["KV_DIR"])
        self._region = environment.get("KV_REGION", "home")

    def GetSchema(self, _request: Any, _context: Any) -> Any:
        return provider_pb2.GetSchemaResponse(schema=json.dumps(SCHEMA))

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:
        return plugin_pb2.PluginInfo(version="1.0.0")

    def Attach(self, _request: Any, _context: Any) -> Any:
        return empty_pb2.Empty()

    def Cancel(self, _request: Any, _context: Any) -> Any:
        return empty_pb2.Empty()

    def CheckConfig(self, request: Any, _context: Any) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, _context: Any) -> Any:
        old, new = plain(request.olds), plain(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        return _difference(changed, replacing={"region", "access_key"})

    def Configure(self, request: Any, _context: Any) -> Any:
        self._region = plain(request.args).get("region") or self._region
        return provider_pb2.ConfigureResponse(supportsPreview=True)

    def Check(self, request: Any, _context: Any) -> Any:
        inputs = {"size": SIZE_BY_DEFAULT, **plain(request.news)}
        failures = []
        if inputs.get("value") == "wrong":
            failure = provider_pb2.CheckFailure(property="value", reason="wrong is not accepted")
            failures.append(failure)
        return provider_pb2.CheckResponse(inputs=_struct(inputs), failures=failures)

    def Diff(self, request: Any, _context: Any) -> Any:
        old, new = plain(request.old_inputs), plain(request.news)
        changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
        if new.get("name") == "whim" and len(sys.argv) > 1:
            changed = ["size"]
        if not changed and _is_lazy(request.urn):
            outputs = plain(request.olds)
            changed = sorted(key for key in new if outputs.get(key) != new[key])
        if "kv:index:Listed" in request.urn:
            return _in_detail(old, new, changed)
        return _difference(changed, replacing={"name"})

    def Create(self, request: Any, context: Any) -> Any:
        inputs = plain(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=_struct({**inputs, "rev": UNKNOWN}))
        if self._file(inputs["name"]).exists():
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"{inputs['name']} already exists")
        self._write("create", inputs, 1, context)
        if inputs["value"] == "unhealthy":
            _not_ready(context, inputs)
        return provider_pb2.CreateResponse(
            id=inputs["name"], properties=_struct({**inputs, "rev": 1})
        )

    def Read(self, request: Any, _context: Any) -> Any:
        try:
            found = json.loads(self._file(request.id).read_text())
        except FileNotFoundError:
            return provider_pb2.ReadResponse()
        inputs = {key: value for key, value in found.items() if key != "rev"}
        told = request.inputs if _is_lazy(request.urn) else _struct(inputs)
        return provider_pb2.ReadResponse(id=request.id, properties=_struct(found), inputs=told)

    def Update(self, request: Any, context: Any) -> Any:
        inputs, rev = plain(request.news), plain(request.olds).get("rev", 0) + 1
        if not request.preview:
            self._write("update", inputs, rev, context)
        return provider_pb2.UpdateResponse(properties=_struct({**inputs, "rev": rev}))

    def Delete(self, request: Any, _context: Any) -> Any:
        self._file(request.id).unlink(missing_ok=True)
        self._note("delete", {"name": request.id})
        return empty_pb2.Empty()

    def _file(self, name: str) -> Path:
        return self._root / self._region / f"{name}.json"

    def _write(self, what: str, inputs: dict[str, Any], rev: int, context: Any) -> None:
        if inputs["value"] == "refuse" or (self._root / "refusing").exists():
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "quota exceeded")
        file = self._file(inputs["name"])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({**inputs, "rev": rev}))
        self._note(what, inputs)

    def _note(self, what: str, inputs: dict[str, Any]) -> None:
        with (self._root / "log").open("a") as log:
            log.write(json.dumps([what, self._region, inputs]) + "\n")


def plain(struct: Any) -> dict[str, Any]:
    """Return a Struct's values; whole numbers as such."""
    return {key: _whole(value) for key, value in json_format.MessageToDict(struct).items()}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _struct(values: dict[str, Any]) -> Any:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def _difference(changed: list[str], *, replacing: set[str]) -> Any:
    answer = provider_pb2.DiffResponse
    return answer(
        changes=answer.DIFF_SOME if changed else answer.DIFF_NONE,
        diffs=changed,
        replaces=[key for key in changed if key in replacing],
    )


def _in_detail(old: dict[str, Any], new: dict[str, Any], changed: list[str]) -> Any:
    """Return the difference as bridges tell it: of each list, which elements are others now."""
    answer = _difference(changed, replacing={"name"})
    for key in changed:
        before, after = old.get(key), new.get(key)
        if not isinstance(before, list) or not isinstance(after, list):
            answer.detailedDiff[key].kind = provider_pb2.PropertyDiff.UPDATE
            continue
        for index, pair in enumerate(zip_longest(before, after)):
            if pair[0] != pair[1]:
                answer.detailedDiff[f"{key}[{index}]"].kind = provider_pb2.PropertyDiff.UPDATE
    answer.hasDetailedDiff = True
    return answer


def _not_ready(context: Any, inputs: dict[str, Any]) -> None:
    """End a call the way a provider tells that an object was made and is not ready."""
    detail = any_pb2.Any()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=inputs["name"],
            properties=_struct({**inputs, "rev": 1}),
            inputs=_struct(inputs),
            reasons=["health check did not pass"],
        )
    )
    told = status_pb2.Status(
        code=grpc.StatusCode.UNKNOWN.value[0], message="it is not ready", details=[detail]
    )
    context.set_trailing_metadata([("grpc-status-details-bin", told.SerializeToString())])
    context.abort(grpc.StatusCode.UNKNOWN, "it is not ready")


def _is_lazy(urn: str) -> bool:
    return "kv:index:Lazy" in urn


def main() -> None:
    server = grpc.server(ThreadPoolExecutor(8))
    service = KvProvider(dict(os.environ))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
