"""A Pulumi resource plugin `gadgets` that is well with the CLI and, when told to, ill with us.

The CLI starts a plugin with the address of its engine, trueup without one. What happens in the
second case stands in GADGETS: `exits`, `mute` (says no port), `chatter` (says something else),
`hangs` or `refuses` (when it is configured). A gadget is whatever its inputs say.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

VERSION = "1.0.0"


class Gadgets(provider_pb2_grpc.ResourceProviderServicer):
    """Answers every call with what it was asked."""

    def __init__(self, mood: str) -> None:
        self._mood = mood

    def GetPluginInfo(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - gRPC's names
        return plugin_pb2.PluginInfo(version=VERSION)

    def CheckConfig(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(self, _request: Any, context: Any) -> Any:  # noqa: N802
        if self._mood == "hangs":
            time.sleep(3600)
        if self._mood == "refuses":
            context.abort(grpc.StatusCode.UNKNOWN, "ExpiredToken: log in again")
        return provider_pb2.ConfigureResponse(acceptSecrets=True)

    def Check(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, _context: Any) -> Any:  # noqa: N802
        same = request.olds == request.news
        kind = provider_pb2.DiffResponse.DIFF_NONE if same else provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=kind)

    def Create(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.CreateResponse(id="gadget-1", properties=request.properties)

    def Read(self, request: Any, _context: Any) -> Any:  # noqa: N802
        return provider_pb2.ReadResponse(
            id=request.id, properties=request.properties, inputs=request.inputs
        )

    def Cancel(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        return empty_pb2.Empty()


def main() -> None:
    """Serve until killed."""
    mood = os.environ.get("GADGETS", "") if len(sys.argv) == 1 else ""
    if mood == "exits":
        sys.exit(3)
    if mood == "mute":
        time.sleep(3600)
    if mood == "chatter":
        print("hello", flush=True)
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Gadgets(mood), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main()
