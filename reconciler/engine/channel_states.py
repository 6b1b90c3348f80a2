"""How each channel stands: what it shows and owes, since when it fails, and what it has lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.domain.alerts import HEARTBEAT, ChannelState, Delivery
from reconciler.engine.losing import losses
from reconciler.engine.pausing import pause_of
from reconciler.engine.service import Channel, Service
from reconciler.stores import Transaction


async def channel_states(service: Service) -> tuple[ChannelState, ...]:
    """Return every channel that is configured, by name.

    Raises:
        StorageError: the database cannot be used.
    """
    tallies, lost, heartbeats, unmatched, failed = await service.store.read(
        lambda view: (
            view.alerts.tallies(),
            losses(view),
            {beat.channel: beat for beat in view.alerts.deliveries_of([HEARTBEAT])},
            matching_no_stack(view, service),
            view.alerts.failed_tests(),
        )
    )
    found = []
    for name, channel in sorted(service.channels.items()):
        state = replace(_unused(channel), **tallies.get(name, {}))
        state = replace(state, matches_no_stack=name in unmatched, failed_test=failed.get(name))
        state = _with_heartbeat(state, heartbeats.get(name))
        state = _paused(state, pause_of(service, name))
        found.append(_with_loss(state, lost.get(name)))
    return tuple(found)


def matching_no_stack(view: Transaction, service: Service) -> frozenset[str]:
    """Return the channels whose `stacks` match none that is registered; none where none is."""
    names = [stack.name for stack in view.stacks.all()]
    return frozenset(
        name
        for name, channel in service.channels.items()
        if names and not any(channel.subscription.names(stack) for stack in names)
    )


def _with_heartbeat(state: ChannelState, beat: Delivery | None) -> ChannelState:
    """Return the state with a heartbeat that fails, which is of no alert."""
    if beat is None or beat.error is None or beat.given_up:
        return state
    since = min(filter(None, (state.failing_since, beat.failing_since)), default=None)
    again = min(filter(None, (state.tried_again_at, beat.next_at)))
    return replace(
        state,
        failing=state.failing + 1,
        failing_since=since,
        tried_again_at=again,
        error=state.error or beat.error,
    )


def _paused(state: ChannelState, until: datetime | None) -> ChannelState:
    if until is None:
        return state
    return replace(state, tried_again_at=max(state.tried_again_at or until, until))


def _with_loss(state: ChannelState, loss: Delivery | None) -> ChannelState:
    if loss is None:
        return state
    return replace(state, lost=loss.attempts, lost_since=loss.failing_since, error=loss.error)


def _unused(channel: Channel) -> ChannelState:
    wanted = channel.subscription
    return ChannelState(
        name=wanted.channel,
        events=tuple(sorted(wanted.events)),
        min_severity=wanted.min_severity,
        stacks=wanted.stacks,
    )
