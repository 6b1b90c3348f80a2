"""A stand-in for Pulumi's Python language host, for machines where the official one is absent.

The official host comes with every Pulumi installation, but its Go module cannot be fetched
by version. This one does what `preview`, `refresh` and `up` need of it: it answers the
engine's handshake and runs the project's program by the SDK's own executor script. It plans
no packages, installs nothing and generates no code.

Source: `pulumirpc.LanguageRuntime` of the Pulumi SDK 3.x; `pulumi-language-python-exec`.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any, Final


def _leave_out_the_sdk() -> None:
    """Have `pulumi` and `pulumi.runtime` be their folders alone, whose own code is not run.

    Only the SDK's protocol is used here. By way of its package the whole SDK would be imported,
    three fifths of what the start of this host takes, at every preview and every update.
    """
    sdk = importlib.util.find_spec("pulumi")
    for place in (sdk and sdk.submodule_search_locations) or ():
        for name, folder in (("pulumi", Path(place)), ("pulumi.runtime", Path(place, "runtime"))):
            package = ModuleType(name)
            package.__path__ = [str(folder)]
            sys.modules[name] = package


try:
    _leave_out_the_sdk()
    import grpc
    from google.protobuf import empty_pb2
    from google.protobuf.json_format import MessageToDict
    from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2
except ImportError as error:
    sys.exit(
        f"the Pulumi SDK is missing in {sys.executable} ({error}): make the project a virtualenv"
        " that has it, or install trueup with it, as 'trueup[pulumi]'"
    )

_EXECUTOR: Final = "pulumi-language-python-exec"
_ALREADY_SAID: Final = 32
"""The executor's exit code when it has told the user itself what went wrong."""
_PR_SET_PDEATHSIG: Final = 1


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs the program of one project, in a process of its own each time."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's own name
        """Take note of the engine; there is nothing to negotiate."""
        del context
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Say who we are."""
        del request, context
        return plugin_pb2.PluginInfo(version="0.0.0-stand-in")

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Name none: the engine finds plugins as the program asks for them."""
        del request, context
        return language_pb2.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Name none, likewise."""
        del request, context
        return language_pb2.GetRequiredPluginsResponse()

    def RuntimeOptionsPrompts(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Ask nothing."""
        del request, context
        return language_pb2.RuntimeOptionsResponse()

    def About(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Tell which interpreter runs programs."""
        del request, context
        version = sys.version.split(maxsplit=1)[0]
        return language_pb2.AboutResponse(executable=sys.executable, version=version)

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Do nothing: programs end with their engine."""
        del request, context
        return empty_pb2.Empty()

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Run the program to its end and say how that was."""
        del context
        interpreter, options = _interpreter(request)
        command = [
            interpreter, "-u", str(Path(__file__).with_name(_EXECUTOR)),
            "--project", request.project, "--stack", request.stack,
            "--root_directory", request.info.root_directory or request.pwd,
            "--parallel", str(request.parallel), "--dry_run", str(request.dryRun).lower(),
            "--pwd", request.pwd, "--monitor", request.monitor_address,
            "--engine", self._engine, "--organization", request.organization or "organization",
            request.info.entry_point or request.program or request.pwd, *request.args,
        ]  # fmt: skip
        environment = {
            **os.environ,
            **options,
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        code = _run(command, environment)
        if code == 0:
            return language_pb2.RunResponse()
        if code == _ALREADY_SAID:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=f"the program exited with code {code}")


def _run(command: list[str], environment: dict[str, str]) -> int:
    try:
        return subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, check=False
        ).returncode
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be run: {error.strerror}\n")
        return 1


def _interpreter(request: Any) -> tuple[str, dict[str, str]]:
    """Return the interpreter that Pulumi.yaml names by its `virtualenv`, else our own."""
    options = MessageToDict(request.info.options)
    named = options.get("virtualenv")
    if not isinstance(named, str) or not named:
        return sys.executable, {}
    folder = (Path(request.info.root_directory or request.pwd) / named).resolve()
    path = f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return str(folder / "bin" / "python"), {"PATH": path, "VIRTUAL_ENV": str(folder)}


def _end_with_parent() -> None:
    """Have the kernel end us with the engine, where it can; the engine's pipe tells elsewhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    if os.getppid() == 1:
        sys.exit(0)


def main() -> None:
    """Serve until the engine ends us; the port is the first line we print."""
    _end_with_parent()
    server = grpc.server(ThreadPoolExecutor(max_workers=8))
    engine = next((one for one in sys.argv[1:] if not one.startswith("-")), "")
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Host(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
    server.stop(0)


if __name__ == "__main__":
    main()
