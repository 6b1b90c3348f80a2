"""A program that is a function of an embedding process, served to the CLI as a language host.

Source: `--client` and `--exec-kind auto.inline`, as the Automation API uses them.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from pulumi.automation._server import LanguageServer  # the API has no public name for it
from pulumi.runtime.proto import language_pb2_grpc

Program = Callable[[], Any]


class InlineProgram:
    """Serves one program until it is closed; the CLI may run it any number of times."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._server = grpc.server(ThreadPoolExecutor(max_workers=4))
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(
            LanguageServer(program), self._server
        )
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def options(self) -> tuple[str, ...]:
        """Return what a command of the CLI is told to run this program."""
        return (f"--client=127.0.0.1:{self._port}", "--exec-kind=auto.inline")

    def close(self) -> None:
        """Serve no more; closing twice is closing once."""
        self._server.stop(None)
