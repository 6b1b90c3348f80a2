"""Runs one project's program on a mocked engine; a process of its own, as Pulumi's state is global.

Reads what to run as JSON from standard input, and writes what the program registered as JSON
to standard output. What is written is what would go over the wire to the real engine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import runpy
import sys
import warnings
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack, wait_for_rpcs


class Cloud(Mocks):
    """Gives every resource what a cloud would: an identity, an address, a name."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if not args.custom:
            return None, {}
        given = {"arn": f"arn:{args.name}", "url": f"https://{args.name}", "name": args.name}
        return f"{args.name}-id", {**given, "bucket": args.name, **args.inputs}

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {"member": f"serviceAccount:{args.token}"}, []


class Recorder(MockMonitor):
    """Keeps what is registered, as it was sent."""

    def __init__(self) -> None:
        super().__init__(Cloud())
        self.seen: dict[str, dict[str, Any]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's own name
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        self.seen[response.urn] = {
            "urn": response.urn,
            "type": request.type,
            "name": request.name,
            "parent": request.parent,
            "custom": request.custom,
            "inputs": MessageToDict(request.object),
            "depends_on": sorted(request.dependencies),
            "outputs": None,
        }
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self.seen[request.urn]["outputs"] = MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


class Said(logging.Handler):
    """Keeps what the program, or an SDK for it, told the user."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Return what the ordered program registers, says, and how it fails if it does."""
    recorder, said, log = Recorder(), Said(), logging.getLogger("program")
    log.addHandler(said)
    log.propagate = False
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    set_mocks(recorder.mocks, order["project"], order["stack"], logger=log, monitor=recorder)
    # Mocking registers a stack of its own at once; the program's is to be the only one.
    loop.run_until_complete(wait_for_rpcs())
    set_root_resource(None)  # type: ignore[arg-type]
    recorder.seen.clear()
    pulumi.runtime.set_all_config(order["config"], order["secret_keys"])
    error = None
    try:
        loop.run_until_complete(run_in_stack(lambda: _start(order["directory"])))
    except pulumi.RunError as problem:
        error = str(problem)
    finally:
        loop.close()
    return {"resources": list(recorder.seen.values()), "said": said.lines, "error": error}


def _start(directory: str) -> None:
    runpy.run_path(directory, run_name="__main__")


if __name__ == "__main__":
    warnings.simplefilter("error")
    # An SDK warns of its own old names as it is loaded. Where we used one it would also tell the
    # user, and that is kept.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="pulumi_")
    json.dump(run(json.load(sys.stdin)), sys.stdout)
