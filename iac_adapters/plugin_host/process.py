"""One plugin process: started, spoken to, watched and ended.

The connection is plaintext, on a unix socket in a private folder; a Pulumi plugin listens
on the loopback interface, whoever starts it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iac_adapters.plugin_host import orphan_guard
from iac_adapters.plugin_host.errors import (
    PluginCrashed,
    PluginRefused,
    PluginStartError,
    PluginTimeout,
)
from iac_adapters.plugin_host.file_identity import runs_as_checked
from iac_adapters.plugin_host.grpc_status import CallFailed, ConnectionLost, StatusCode
from iac_adapters.plugin_host.handshake import Handshake, parse_handshake
from iac_adapters.plugin_host.output import StderrTail, drain, first_line
from iac_adapters.plugin_host.private_folder import PrivateFolder
from iac_adapters.plugin_host.spawn import GUARD_MODE, PluginSpec, check_executable, spawn
from iac_adapters.plugin_host.unary_calls import Channel

if TYPE_CHECKING:
    import psutil

__all__ = ["PluginProcess", "PluginSpec"]

_HEALTH: Final = "/grpc.health.v1.Health/Check"
_SHUTDOWN: Final = "/plugin.GRPCController/Shutdown"
_CLOSING_STEP_S: Final = 2.0
_CRASH_GRACE_S: Final = 0.3
_END_TOLD_WITHIN_S: Final = 1.0
_END_AFTER_LOSS_S: Final = 10.0
"""A connection breaks when its plugin ends, which a busy machine reports seconds later. Taken for
a refusal, a crash would leave every read that was under way unanswered."""
_DETAILS_CHARACTERS: Final = 300


class PluginProcess:
    """A running plugin that has shaken hands. Made by `start`, ended by `close`."""

    def __init__(
        self,
        label: str,
        child: asyncio.subprocess.Process,
        folder: PrivateFolder,
        stderr: StderrTail,
        *,
        guard_mode: str,
        environment: Mapping[str, str],
    ) -> None:
        self.label = label
        self._guard_mode = guard_mode
        self._seen: psutil.Process | None = None
        self.handshake = Handshake(1, 0, "", "")
        self._child = child
        self._folder = folder
        self._stderr = stderr
        self._environment = environment
        self._told = False
        self._readers: list[asyncio.Task[None]] = []
        self._channel: Channel | None = None
        self._watcher = asyncio.create_task(self._watch())
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        spec: PluginSpec,
        *,
        cookie: tuple[str, str] | None = None,
        timeout_s: float = 60.0,
        parse: Callable[[str], Handshake] = parse_handshake,
        guard_mode: str = GUARD_MODE,
    ) -> PluginProcess:
        """Start a plugin and return it once it has said where it listens.

        Raises:
            PluginStartError: it cannot be run, ends, or says nothing or nonsense within
                `timeout_s`; nothing of it is left running.
        """
        check_executable(spec)
        folder = PrivateFolder.create()
        try:
            child = await spawn(spec, cookie, folder.path, guard_mode)
        except BaseException:
            folder.remove()
            raise
        process = cls(
            spec.label, child, folder, StderrTail(),
            guard_mode=guard_mode, environment=spec.environment,
        )  # fmt: skip
        try:
            process.handshake = await process._shake_hands(parse, timeout_s)
            process._refuse_replaced(spec)
            process._connect()
        except BaseException:
            await process._end_at_once()
            raise
        return process

    @property
    def pid(self) -> int:
        """The process id; it is the process group's too."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs and is not being closed."""
        return self._child.returncode is None and self._closing is None

    @property
    def busy(self) -> bool:
        """Whether a call is under way."""
        return self._channel is not None and self._channel.busy

    def memory_bytes(self) -> int:
        """Return the resident memory of the plugin's own; 0 when it is gone.

        Pages of the program's file are left out where the system tells them apart (Linux):
        all plugins of one binary share them, and they are 300 of 430 MB of a large one.
        """
        import psutil  # noqa: PLC0415  loading a stack starts no process

        try:
            used = [process.memory_info() for process in self._weighed()]
        except psutil.Error:
            return 0
        return sum(memory.rss - getattr(memory, "shared", 0) for memory in used)

    def _weighed(self) -> list[psutil.Process]:
        import psutil  # noqa: PLC0415

        if self._seen is None:
            self._seen = psutil.Process(self.pid)
        # Held by the orphan guard, the plugin is its child; listing children costs milliseconds.
        held = self._seen.children(recursive=True) if self._guard_mode == "hold" else []
        return [self._seen, *held]

    async def unary(self, method: str, request: bytes, *, timeout_s: float | None) -> bytes:
        """Call `method` with an encoded request; return the encoded response.

        Raises:
            PluginTimeout: no answer within `timeout_s`; None waits for ever.
            PluginCrashed: the process is gone, or went while it was asked.
            PluginRefused: it answered with a gRPC status.
        """
        if self._channel is None or self._is_over():
            raise self._crashed()
        self._told = self._told or bool(request)
        try:
            return await self._channel.call(method, request, timeout_s=timeout_s)
        except CallFailed as error:
            raise await self._failure(method, error, timeout_s) from None

    async def responds(self, *, timeout_s: float) -> bool:
        """Whether it still answers calls at all; that it does not know this one is an answer."""
        try:
            await self.unary(_HEALTH, b"", timeout_s=timeout_s)
        except PluginRefused:
            return True
        except (PluginTimeout, PluginCrashed):
            return False
        return True

    async def close(self) -> None:
        """End the process within about 6 s, gently first; closing twice is closing once."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    def _is_over(self) -> bool:
        return not self.alive

    async def _shake_hands(self, parse: Callable[[str], Handshake], timeout_s: float) -> Handshake:
        stdout, stderr = self._child.stdout, self._child.stderr
        assert stdout is not None and stderr is not None  # noqa: S101, PT018 - both are pipes
        self._readers.append(asyncio.create_task(drain(stderr, self._stderr.feed)))
        try:
            async with asyncio.timeout(timeout_s):
                line = await first_line(stdout)
        except TimeoutError:
            raise PluginStartError(
                f"the plugin {self.label} did not say where it listens within {timeout_s:g} s"
            ) from None
        self._readers.append(asyncio.create_task(drain(stdout, _forget)))
        if not line:
            raise await self._ended_at_once()
        try:
            return parse(line.decode(errors="replace"))
        except PluginStartError as error:
            raise PluginStartError(f"{self.label}: {error}", remedy=error.remedy) from None

    async def _ended_at_once(self) -> PluginStartError:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING_STEP_S):
                await self._child.wait()
                await asyncio.gather(*self._readers)
        code = self._child.returncode
        said = self._stderr.text()
        if code == orphan_guard.COULD_NOT_RUN and said.startswith(orphan_guard.SAYS):
            reason = said.removeprefix(orphan_guard.SAYS).strip()
            return PluginStartError(f"the plugin {self.label} cannot be run: {reason}")
        text = f"the plugin {self.label} {self._ending()} before it was ready"
        return PluginStartError(self._with_last_words(text))

    def _with_last_words(self, text: str) -> str:
        """Add what it wrote last, unless it was told something that it may have repeated."""
        if self._told or self._stderr.panic or self._child.returncode is None:
            return text
        from iac_adapters.plugin_host.last_words import last_words  # noqa: PLC0415  a failure's

        words = last_words(self._stderr.text(), self._environment)
        return f"{text}; its last output: {words}" if words else text

    def _refuse_replaced(self, spec: PluginSpec) -> None:
        """Refuse a file that took the checked one's place before it was executed.

        It has been told nothing yet: no configuration, and so no credentials.
        """
        # Held by the orphan guard, the plugin is a child of the process we know.
        pid = self.pid if self._guard_mode == "exec" else None
        if spec.checked and not runs_as_checked(pid, Path(spec.argv[0]), spec.checked):
            raise PluginStartError(
                f"{spec.argv[0]}: was replaced after it had been checked",
                remedy="find out who replaced it; `init` installs the locked one",
            )

    def _connect(self) -> None:
        self._channel = Channel(self.handshake.network, self.handshake.address)

    async def _watch(self) -> None:
        await self._child.wait()
        self._kill_group(signal.SIGKILL)  # what it started itself goes with it
        if self._channel is None:
            return
        if self._channel.busy:
            await asyncio.sleep(_CRASH_GRACE_S)  # most calls end by themselves, with a status
        self._channel.close()

    async def _failure(
        self, method: str, error: CallFailed, timeout_s: float | None
    ) -> PluginCrashed | PluginTimeout | PluginRefused:
        code, name = error.code, method.rpartition("/")[2]
        if code is StatusCode.DEADLINE_EXCEEDED and timeout_s is not None:
            return PluginTimeout(
                f"the plugin {self.label} did not answer {name} in {timeout_s:g} s"
            )
        if code in (StatusCode.UNAVAILABLE, StatusCode.CANCELLED):
            # The socket breaks a moment before the system reports the end.
            lost = isinstance(error, ConnectionLost) and self._closing is None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_AFTER_LOSS_S if lost else _END_TOLD_WITHIN_S):
                    await self._child.wait()
                    await asyncio.gather(*self._readers, return_exceptions=True)
        if self._is_over():
            return self._crashed()
        said = error.details.strip().partition("\n")[0][:_DETAILS_CHARACTERS] or "no reason given"
        return PluginRefused(
            f"the plugin {self.label} refused {name} with {code.name}: {said}",
            code=code,
            details=error.details,
        )

    def _crashed(self) -> PluginCrashed:
        return PluginCrashed(
            self._with_last_words(f"the plugin {self.label} {self._ending()}"),
            exit_code=self._child.returncode,
            panic=self._stderr.panic,
        )

    def _ending(self) -> str:
        code, panic = self._child.returncode, self._stderr.panic
        if code is None:
            return "was closed" if self._closing is not None else "is gone"
        ending = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"{ending} ({panic})" if panic else ending

    async def _close(self) -> None:
        if self._child.returncode is None and self._channel is not None:
            understood = await self._asked_to_end(self._channel)
            if not (understood and await self._gone_within(_CLOSING_STEP_S / 2)):
                self._kill_group(signal.SIGTERM)
                await self._gone_within(_CLOSING_STEP_S)
        await self._end_at_once()

    async def _asked_to_end(self, channel: Channel) -> bool:
        """Whether it knows what we ask: Terraform's plugins do, Pulumi's wait for a signal."""
        try:
            await channel.call(_SHUTDOWN, b"", timeout_s=_CLOSING_STEP_S)
        except CallFailed as error:
            return error.code is not StatusCode.UNIMPLEMENTED
        return True

    async def _end_at_once(self) -> None:
        if self._child.returncode is None:
            self._kill_group(signal.SIGKILL)
            await self._child.wait()
        if self._closing is None:
            self._closing = asyncio.create_task(asyncio.sleep(0))
        await self._watcher
        if self._channel is not None:
            self._channel.close()
        for task in self._readers:
            task.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._folder.remove()

    async def _gone_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._child.wait()
        return self._child.returncode is not None

    def _kill_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, number)


def _forget(_chunk: bytes) -> None:
    return
