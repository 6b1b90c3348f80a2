"""What Prometheus reads: the fleet as the store has it, and how the API answers."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from reconciler.domain.events import (
    CATALOGUE,
    REMEDIATION,
    RUN_ENDED,
    STACK_ERROR,
    STACK_SCANNED,
)
from reconciler.domain.model import Severity
from reconciler.domain.records import EventEntry, Health, StackRecord
from reconciler.domain.remediation_states import OPEN, RemediationState
from reconciler.engine.losing import losses
from reconciler.engine.service import Service
from reconciler.stores import Transaction

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
_ANSWERS: Final = {
    "held": "hold",
    "awaiting_approval": "needs_approval",
    "suppressed": "refuse",
    "needs_human": "refuse",
}
"""What a guard answered, by the state that its answer led to."""


class Metrics:
    """Counters of this process, and gauges read off the store when they are asked for."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._answers: dict[tuple[str, str, int], Histogram] = {}
        self._requests = Histogram(
            "trueup_api_request_seconds",
            "How long the API took to begin its answer, by route.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._events = Counter(
            "trueup_events", "What happened, by type of event.", ("type",), registry=self._registry
        )
        for name in CATALOGUE:
            # A rate over a series that begins with its first event would miss that one.
            self._events.labels(name)
        self._transitions = Counter(
            "trueup_remediation_transitions",
            "How often a remediation came into a state.",
            ("state",),
            registry=self._registry,
        )
        self._admission = Counter(
            "trueup_admission",
            "Answers of guards that kept a remediation from going on.",
            ("guard", "answer"),
            registry=self._registry,
        )
        self._runs = Counter(
            "trueup_runs", "Applies that ended, by how.", ("state",), registry=self._registry
        )
        self._scans = Counter(
            "trueup_scans", "Scans of stacks that ended, by how.", ("health",),
            registry=self._registry,
        )  # fmt: skip

    def answered(self, *, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (method, route, status)
        if key not in self._answers:
            self._answers[key] = self._requests.labels(method, route, str(status))
        self._answers[key].observe(seconds)

    def happened(self, event: EventEntry) -> None:
        """Count one event of the live stream."""
        if event.type in CATALOGUE:
            self._events.labels(event.type).inc()
        if event.type.startswith(REMEDIATION):
            state = event.type.removeprefix(REMEDIATION)
            self._transitions.labels(state).inc()
            self._count_guard(event.body.get("guard"), state)
        elif event.type == RUN_ENDED:
            self._runs.labels(str(event.body.get("state", "unknown"))).inc()
        elif event.type == STACK_SCANNED:
            self._scans.labels(str(event.body.get("health", "unknown"))).inc()
        elif event.type == STACK_ERROR:
            self._scans.labels(Health.ERROR.value).inc()

    def _count_guard(self, guard: str | None, state: str) -> None:
        if guard is not None and state in _ANSWERS:
            self._admission.labels(guard, _ANSWERS[state]).inc()

    async def exposition(self, service: Service) -> bytes:
        """Return everything in Prometheus' text format."""
        fleet = CollectorRegistry()
        fleet.register(await service.store.read(_Fleet.read))
        return generate_latest(fleet) + generate_latest(self._registry)


@dataclass(slots=True, eq=False)
class _Fleet(Collector):
    """The store at one moment."""

    stacks: tuple[StackRecord, ...]
    findings: Mapping[str, Mapping[str, int]]
    remediations: Mapping[RemediationState, int]
    held: bool
    quarantines: int
    reconnected: int
    silent_channels: int

    @classmethod
    def read(cls, view: Transaction) -> _Fleet:
        isolated = view.quarantines.unreleased()
        return cls(
            stacks=view.stacks.all(),
            findings={str(name): words for name, words in view.findings.tally().items()},
            remediations=Tally(
                remediation.state for remediation in view.remediations.in_states(OPEN)
            ),
            held=bool(view.holds.all()),
            quarantines=len(isolated),
            reconnected=sum(quarantine.reconnected_at is not None for quarantine in isolated),
            silent_channels=len(losses(view)),
        )

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield each gauge."""
        health = Tally(stack.health for stack in self.stacks)
        severities: Tally[str] = Tally()
        for words in self.findings.values():
            severities.update(words)
        yield _gauge(
            "trueup_stacks",
            "Watched stacks, by health.",
            "health",
            ((health_word.value, health[health_word]) for health_word in Health),
        )
        yield _gauge(
            "trueup_open_findings",
            "Findings that are open, by severity.",
            "severity",
            ((severity.word, severities[severity.word]) for severity in Severity),
        )
        yield _gauge(
            "trueup_open_remediations",
            "Remediations that have not ended, by state.",
            "state",
            ((state.value, self.remediations.get(state, 0)) for state in sorted(OPEN)),
        )
        yield _gauge(
            "trueup_stack_scan_seconds",
            "How long the last scan of a stack took.",
            "stack",
            (
                (stack.name, stack.last_scan_ms / 1000)
                for stack in self.stacks
                if stack.last_scan_ms
            ),
        )
        yield _gauge(
            "trueup_stack_verified_timestamp_seconds",
            "When everything of a stack was last read.",
            "stack",
            (
                (stack.name, stack.verified_at.timestamp())
                for stack in self.stacks
                if stack.verified_at
            ),
        )
        yield GaugeMetricFamily(
            "trueup_hold", "1 while the kill switch is pulled.", value=float(self.held)
        )
        yield GaugeMetricFamily(
            "trueup_quarantines", "Quarantines that are not released.", value=self.quarantines
        )
        yield GaugeMetricFamily(
            "trueup_quarantines_reconnected",
            "Those that somebody else undid, or whose swapped resource left the state.",
            value=self.reconnected,
        )
        yield GaugeMetricFamily(
            "trueup_silent_channels",
            "Channels that gave up messages and took none since.",
            value=self.silent_channels,
        )


def _gauge(
    name: str, text: str, label: str, values: Iterable[tuple[str, float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=(label,))
    for word, value in values:
        family.add_metric((word,), value)
    return family
