"""The settings in force: taken in at start and again on SIGHUP or `POST /reload`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from reconciler.api.hosts import Hosts
from reconciler.bootstrap.adapters import judging, severity_overrides
from reconciler.bootstrap.channel_changes import ChannelChanges, channel_changes
from reconciler.bootstrap.channels import close_channels, open_channels, warn_of_channels
from reconciler.bootstrap.registered import config_policies, guardrail_rules, stack_records
from reconciler.bootstrap.scripts import open_scripts
from reconciler.bootstrap.settings_changes import changes
from reconciler.domain.errors import ReconcilerError, StorageError
from reconciler.engine.alerting import end_left_over
from reconciler.engine.config_file import sync_config
from reconciler.engine.journal import ENGINE
from reconciler.engine.left_channels import follow_channels
from reconciler.engine.reloading import Reloaded, tell_refused, tell_reloaded
from reconciler.engine.reviving import try_again
from reconciler.engine.sending import ENDS_WITHIN_S, await_sent, busy
from reconciler.engine.service import Service, Tuning
from reconciler.engine.sweep import sweep
from reconciler.registry import InstalledTools
from reconciler.settings import Settings

_log = structlog.get_logger()


def tuning(settings: Settings, key: bytes) -> Tuning:
    """Return what of `settings` the engine reads at each step."""
    daemon = settings.daemon
    return Tuning(
        judging=judging(key, severity_overrides(settings)),
        roots=daemon.roots,
        confirm_after=daemon.confirm_after,
        approval_time=daemon.approval_time,
        guardrails=guardrail_rules(settings),
        ignores=tuple(rule.rule() for rule in settings.ignores),
        channels=open_channels(settings),
        scripts=open_scripts(settings),
    )


class Reloader:
    """Puts settings in force. `read` reads and checks the file, or raises a ReconcilerError."""

    def __init__(
        self,
        service: Service,
        *,
        settings: Settings,
        read: Callable[[], Settings],
        tools: InstalledTools,
        hosts: Hosts,
    ) -> None:
        self._service = service
        self._in_force = settings
        self._read = read
        self._tools = tools
        self._hosts = hosts
        self._one_at_a_time = asyncio.Lock()
        self._removal_waits = False

    async def start(self) -> None:
        """Register the stacks and policies of the settings that the daemon started with."""
        await self._register(self._in_force)
        await end_left_over(self._service)
        await try_again(self._service)
        await warn_of_channels(self._service)

    async def reload(self, actor: str = ENGINE) -> Reloaded:
        """Take in what the file says now, as far as that can change without a restart.

        What it is, and what needs a restart, stands in the log, the audit and an event. A file
        that is refused changes nothing at all.

        Raises:
            ReconcilerError: the file is refused, with file, line and remedy.
            StorageError: the database cannot be used.
        """
        async with self._one_at_a_time:
            try:
                after = self._read()
                # Templates of messages are tried, each in up to half a second.
                tuned = await asyncio.to_thread(tuning, after, self._service.judging.key)
                await self._register(after)
            except StorageError:
                raise
            except ReconcilerError as error:
                _log.error("settings_refused", reason=str(error), remedy=error.remedy)
                await tell_refused(self._service, error, actor=actor)
                raise
            found = changes(self._in_force, after)
            former = self._service.channels
            became = channel_changes(self._in_force.channels, after.channels)
            notes = await self._put_in_force(tuned, became)
            await close_channels(former)
            self._hosts.rename(after.daemon.hosts)
            self._in_force = found.in_force
            reloaded = Reloaded(found.taken, found.needs_restart, notes)
            _log.info(
                "settings_reloaded",
                taken=list(reloaded.taken),
                needs_restart=list(reloaded.needs_restart),
                notes=list(reloaded.notes),
            )
            await tell_reloaded(self._service, reloaded, actor=actor)
            await sweep(self._service)
            await try_again(self._service)
            await warn_of_channels(self._service)
            return reloaded

    async def _put_in_force(self, tuned: Tuning, became: ChannelChanges) -> tuple[str, ...]:
        """Let steps read `tuned` from now on; return what a person has to know of channels.

        No alert is made or shown between the new names and what was shown under the former ones:
        a channel would else show one a second time, and nothing would end the first.
        """
        service = self._service
        if not (became.renamed or became.moved):
            service.tune(tuned)
            return await follow_channels(service, renamed={}, moved=())
        async with service.alerting:
            busy(service)
            # What outlasts it is left to end by itself: the test of another channel is among it.
            await await_sent(service, within_s=ENDS_WITHIN_S)
            service.tune(tuned)
            return await follow_channels(service, renamed=became.renamed, moved=became.moved)

    async def finish_removals(self) -> None:
        """Forget the stacks that left the file while an apply of them was not over."""
        async with self._one_at_a_time:
            if self._removal_waits:
                await self._register(self._in_force)

    async def _register(self, settings: Settings) -> None:
        waiting = await sync_config(
            self._service,
            stacks=stack_records(settings, self._tools),
            policies=config_policies(settings),
        )
        self._removal_waits = bool(waiting)
