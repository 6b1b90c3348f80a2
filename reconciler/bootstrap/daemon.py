"""The daemon, put together: store, adapters, dispatcher, engine and API in one process."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
import traceback
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from reconciler.api.app import build_app, end_streams
from reconciler.api.hosts import Hosts
from reconciler.bootstrap.adapters import SystemClock, adapter_setup
from reconciler.bootstrap.channels import close_channels, keep_alerts
from reconciler.bootstrap.database_mark import OpenedDatabase, open_known_store
from reconciler.bootstrap.instance import instance_key, only_daemon, private_folder, write_secret
from reconciler.bootstrap.keepsakes import Keepsakes
from reconciler.bootstrap.registered import UNKNOWN_TOOL, stack_reference
from reconciler.bootstrap.reload import Reloader, tuning
from reconciler.bootstrap.tls import TlsEntrance
from reconciler.bootstrap.web import address_of, bind, web_server
from reconciler.bounded_files import read_text
from reconciler.dispatch.apply_locks import FileApplyLocks, apply_locks_folder
from reconciler.dispatch.calendar import Daily
from reconciler.dispatch.embedded import EmbeddedDispatcher
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.dispatch.sealed_logs import SealedLogs
from reconciler.domain.errors import PermanentError, StorageError
from reconciler.domain.model import StackName
from reconciler.domain.principals import Role
from reconciler.domain.records import StackRecord, Token
from reconciler.domain.tokens import opens, read_token, secret_digest, token_text
from reconciler.engine.remediate import advance
from reconciler.engine.scheduled_scan import scan_when_due
from reconciler.engine.sending import ENDS_WITHIN_S, end_sending
from reconciler.engine.service import Service
from reconciler.engine.silent_hosts import SilentHosts
from reconciler.engine.sweep import recover, sweep
from reconciler.ports import IacAdapter, StackReference
from reconciler.registry import InstalledTools
from reconciler.settings import Settings
from reconciler.stores import Store, Transaction

ADMIN_TOKEN_FILE: Final = "admin.token"  # noqa: S105 - a file's name
_SWEEP_EVERY: Final = timedelta(seconds=10)
_ALERTS_EVERY: Final = timedelta(seconds=2)
_ADMIN: Final = "admin"
_LONGEST_TOKEN: Final = 4096
_PRUNE_AT: Final = Daily(hour=3, minute=17)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DaemonOrder:
    """What `trueup serve` was asked for. `reload` reads the settings anew, for SIGHUP.

    `ready` is called with the API's address once it answers; `crashed` keeps the details of
    a defect and says where.
    """

    settings: Settings
    data_dir: Path
    reload: Callable[[], Settings]
    ready: Callable[[str], None]
    crashed: Callable[[BaseException], Path | None]
    insecure_listen: bool = False
    new_admin_token: bool = False
    accept_new_database: bool = False
    tools: InstalledTools = field(default_factory=InstalledTools)


async def serve(order: DaemonOrder) -> None:
    """Run until SIGINT or SIGTERM; an apply that is under way goes on without us.

    Raises:
        PermanentError: another daemon has the data directory, the address is taken, the
            data directory cannot be used, or the database is not the one served last.
        StorageError: the database could not be written any more.
    """
    _refuse_unavailable(order.settings)
    with only_daemon(order.data_dir):
        key = instance_key(order.data_dir)
        opened = bind(order.settings.daemon.listen, insecure=order.insecure_listen)
        async with AsyncExitStack() as stack:
            stack.callback(opened.close)
            await _Daemon(order, key, stack).run(opened)


def _refuse_unavailable(settings: Settings) -> None:
    if settings.daemon.database != "sqlite":
        raise PermanentError(
            "PostgreSQL cannot be used yet: this version keeps everything in SQLite",
            remedy='set `database = "sqlite"` in [daemon]',
        )


class _Daemon:
    """One run of the daemon."""

    def __init__(self, order: DaemonOrder, key: bytes, opened: AsyncExitStack) -> None:
        self._order = order
        self._key = key
        self._opened = opened
        self._adapters: dict[str, IacAdapter] = {}
        self._stop = asyncio.Event()
        self._fatal: StorageError | None = None
        self._reloads: set[asyncio.Task[None]] = set()
        self._tls: TlsEntrance | None = None

    async def run(self, opened: socket.socket) -> None:
        """Open what is needed, serve, and close it again in the opposite order."""
        accept_new = self._order.accept_new_database
        store = await open_known_store(self._order.data_dir, self._key, accept_new=accept_new)
        self._opened.push_async_callback(store.close)
        database = OpenedDatabase.of(self._order.data_dir)
        keepsakes = Keepsakes(store, self._order.data_dir, self._key)
        self._opened.push_async_callback(keepsakes.close)
        await ensure_admin_token(
            store, self._order.data_dir / ADMIN_TOKEN_FILE, anew=self._order.new_admin_token
        )
        await keepsakes.start(SystemClock(), accepted_new=accept_new)
        self._opened.push_async_callback(self._close_adapters)
        service = self._service(store)
        # Closed after the dispatcher, whose chore may be sending: no other message begins then.
        self._opened.push_async_callback(_close_channels, service)
        dispatcher = EmbeddedDispatcher(clock=SystemClock(), failed=self._failed)
        self._opened.push_async_callback(dispatcher.close)
        self._opened.callback(store.on_wake(dispatcher.wake))
        daemon = self._order.settings.daemon
        hosts = Hosts.of(daemon.listen, daemon.hosts)
        reloader = Reloader(
            service,
            settings=self._order.settings,
            read=self._order.reload,
            tools=self._order.tools,
            hosts=hosts,
        )
        await reloader.start()
        app = build_app(
            service,
            hosts=hosts,
            open_metrics=daemon.open_metrics,
            stack_options=self._order.tools.every_options(),
            reload=reloader.reload,
        )
        server = web_server(app, trusted_proxies=map(str, daemon.trusted_proxies))
        self._tls = TlsEntrance.of(daemon, app)
        self._listen_to_signals(reloader)
        serving = asyncio.create_task(server.serve(sockets=[opened]))
        try:
            await self._start(service, dispatcher, database, reloader)
            if self._tls is not None:
                await self._tls.open()
            self._order.ready(address_of(opened))
            await self._until_stopped(serving)
        finally:
            end_streams(app)
            if self._tls is not None:
                await self._tls.close()
            server.should_exit = True
            await serving
        if self._fatal is not None:
            raise self._fatal

    def _service(self, store: Store) -> Service:
        tuned = tuning(self._order.settings, self._key)
        runs = private_folder(self._order.data_dir / "runs")
        clock = SystemClock()
        return Service(
            store=store,
            clock=clock,
            started_at=clock.now(),
            runner=ProcessRunner(),
            apply_locks=FileApplyLocks(apply_locks_folder(os.environ)),
            adapter_of=self._adapter_of,
            reference_of=self._reference_of,
            judging=tuned.judging,
            runs=runs,
            logs=SealedLogs(self._key),
            roots=tuned.roots,
            confirm_after=tuned.confirm_after,
            approval_time=tuned.approval_time,
            guardrails=tuned.guardrails,
            channels=tuned.channels,
            ignores=tuned.ignores,
            scripts=tuned.scripts,
        )

    def _reference_of(self, record: StackRecord) -> StackReference:
        return stack_reference(record, self._order.tools)

    def _adapter_of(self, record: StackRecord) -> IacAdapter:
        # One adapter per tool: its pool of warm plugins has one memory budget.
        # What is kept of it is enough: a directory that is gone takes no run's log with it.
        unknown = record.tool == UNKNOWN_TOOL
        tool = self._reference_of(record).tool if unknown else record.tool
        if tool not in self._adapters:
            setup = adapter_setup(
                data_dir=self._order.data_dir,
                key=self._key,
                plugin_memory_bytes=self._order.settings.daemon.plugin_memory,
            )
            self._adapters[tool] = self._order.tools.open(tool, setup)
        return self._adapters[tool]

    async def _close_adapters(self) -> None:
        for adapter in self._adapters.values():
            await adapter.close()

    async def _start(
        self,
        service: Service,
        dispatcher: EmbeddedDispatcher,
        database: OpenedDatabase,
        reloader: Reloader,
    ) -> None:
        dispatcher.start(
            scan=lambda stack: _scan_and_log(service, stack),
            advance=lambda remediation_id: advance(service, remediation_id),
        )
        await recover(service)
        dispatcher.every(_SWEEP_EVERY, lambda: asyncio.to_thread(database.check), name="database")
        dispatcher.every(_SWEEP_EVERY, lambda: sweep(service), name="sweep")
        dispatcher.every(_ALERTS_EVERY, lambda: keep_alerts(service), name="alerts")
        silent = SilentHosts(service)
        dispatcher.every(_SWEEP_EVERY, silent.look, name="silent-hosts")
        dispatcher.every(_SWEEP_EVERY, reloader.finish_removals, name="removals")
        dispatcher.daily(_PRUNE_AT, lambda: prune(service), name="prune")

    async def _until_stopped(self, serving: asyncio.Task[None]) -> None:
        stopped = asyncio.create_task(self._stop.wait())
        done, _ = await asyncio.wait({stopped, serving}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if serving in done:
            serving.result()

    def _listen_to_signals(self, reloader: Reloader) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._begin_reload, reloader)

    def _begin_reload(self, reloader: Reloader) -> None:
        task = asyncio.create_task(self._reload(reloader))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _reload(self, reloader: Reloader) -> None:
        try:
            if self._tls is not None:
                self._tls.renew()
            await reloader.reload()
        except PermanentError:
            return  # It is told already, and the settings before it are in force.
        except Exception as error:  # noqa: BLE001 - what ends the daemon is decided there
            self._failed("reload", error)

    def _failed(self, key: str, error: BaseException) -> None:
        """End the daemon when nothing can be kept any more; a defect ends only its own work."""
        if isinstance(error, StorageError):
            self._fatal = self._fatal or error
            self._stop.set()
            return
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else None
        # Not the error's own text: it may hold a value.
        _log.error("work_failed", key=key, error=type(error).__name__, place=place,
                   details=str(self._order.crashed(error)))  # fmt: skip


async def _close_channels(service: Service) -> None:
    await end_sending(service, within_s=ENDS_WITHIN_S)
    # Asked at the end: a reload may have put others in their place.
    await close_channels(service.channels)


async def _scan_and_log(service: Service, name: StackName) -> None:
    """Make a scan if it is due, and tell the whole story of it in one line."""
    again_after = await scan_when_due(service, name)
    if again_after is None:
        return
    stack = await service.store.read(lambda view: view.stacks.get(name))
    if stack is not None:
        _log.info(
            "scan_finished",
            stack=name,
            health=stack.health.value,
            took_ms=stack.last_scan_ms,
            error=stack.error,
            again_after_s=round(again_after.total_seconds(), 1),
        )


async def ensure_admin_token(store: Store, file: Path, *, anew: bool) -> None:
    """Leave in `file` a token of an admin that the store knows; a new one when asked to.

    A file that is gone, or whose token the store does not know, would lock everybody out: no
    hold could be ended and no token be made.
    """
    taken = await store.read(lambda view: {token.token_id: token for token in view.tokens.all()})
    if not anew and _is_known(file, taken):
        return
    secret = secrets.token_urlsafe(32)
    # Another copy of the old token may be in use elsewhere, and stays good.
    own = _ADMIN if anew or _ADMIN not in taken else f"{_ADMIN}-{secrets.token_hex(4)}"
    if taken and not anew:
        _log.warning("admin_token_made", file=str(file), lack="it was missing, or not known")
    token = Token(
        token_id=own,
        name=own,
        role=Role.ADMIN,
        secret_sha256=secret_digest(secret),
        created_at=SystemClock().now(),
        # Whoever removes the file and starts anew is nobody else by that.
        person=None if own == _ADMIN else _ADMIN,
    )
    # The file first: a token nobody holds would lock everybody out.
    write_secret(file, token_text(token.token_id, secret) + "\n")
    await store.transact(lambda tx: tx.tokens.put(token))


def _is_known(file: Path, taken: Mapping[str, Token]) -> bool:
    try:
        parts = read_token(read_text(file, most=_LONGEST_TOKEN).strip())
    except (OSError, UnicodeDecodeError):
        return False
    return parts is not None and parts[0] in taken and opens(taken[parts[0]], parts[1])


async def prune(service: Service) -> None:
    """Forget what is older than its time."""

    def work(tx: Transaction) -> dict[str, int]:
        return tx.retention.prune(now=service.clock.now())

    removed = await service.store.transact(work)
    if any(removed.values()):
        _log.info("pruned", **removed)
