"""Every operation under Schemathesis: right and wrong data, with a token and without.

The same examples every time, so a failure is a failure of what was changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events

from reconciler.api.limits import Limits
from reconciler.domain.principals import Role
from tests.api.desk import Desk, text_of
from tests.api.threaded import serving
from tests.patience import PATIENCE_S
from tests.unit.engine.house import MANUAL, A, B, C

# What an operation refuses beyond its schema (a filter's words, a cursor of another list).
_ALSO_REFUSED = ["2xx", "400", "401", "403", "404", "409", "415", "422"]
_ENDLESS = "get_events"
_REMOVES_TOKENS = "delete_tokens_token_id"


async def _furnish(desk: Desk) -> None:
    """Leave findings, reports, a remediation that waits, one that ended, and a run."""
    await desk.house.put(MANUAL)
    await desk.house.scan()
    desk.house.world.live[A] = {"size": 9}
    await desk.house.scan()
    (waiting,) = await desk.house.remediations()
    answer = await desk.approver.post(
        f"/api/v1/remediations/{waiting.id}/approve", json={"plan_digest": waiting.plan_digest}
    )
    assert answer.status_code == 200
    await desk.house.settle()
    desk.house.world.live[B] = {"size": 7}
    del desk.house.world.live[C]
    await desk.house.scan()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    # The limit of bad tokens has its own test; here it would hide every other answer.
    limits = Limits(bad_tokens_per_minute=10**9)
    with serving(tmp_path_factory.mktemp("api"), _furnish, limits=limits) as url:
        yield url


def _config(*, examples: int, states: tuple[str, ...]) -> SchemathesisConfig:
    every = ("examples", "coverage", "fuzzing", "stateful")
    return SchemathesisConfig.from_dict(
        {
            "seed": 20261123,
            "generation": {
                "max-examples": examples,
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
            },
            "phases": {state: {"enabled": state in states} for state in every},
            "checks": {
                "positive_data_acceptance": {"expected-statuses": _ALSO_REFUSED},
            },
        }
    )


def _run(
    url: str, config: SchemathesisConfig, *, headers: dict[str, str], only: str | None = None
) -> tuple[Counter[int], list[str]]:
    """Return how often each status was answered, and every failure in words."""
    config.projects.default.update(headers=headers)
    address = f"{url}/api/v1/openapi.json"
    whole = schemathesis.openapi.from_url(address, config=config, timeout=PATIENCE_S)
    if only is None:
        # It would sooner or later remove the token of the run itself.
        schema = whole.exclude(operation_id=[_ENDLESS, _REMOVES_TOKENS])
    else:
        schema = whole.include(operation_id=only)
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    for event in engine.from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            recorder = event.recorder
            for interaction in recorder.interactions.values():
                if interaction.response is not None:
                    statuses[interaction.response.status_code] += 1
            for nodes in recorder.checks.values():
                failures += [
                    f"{recorder.label}: {node.name}: {node.failure_info.failure}"
                    f" {node.failure_info.code_sample}"
                    for node in nodes
                    if node.failure_info is not None
                ]
        elif isinstance(event, events.NonFatalError | events.FatalError):
            failures.append(str(event))
    return statuses, sorted(set(failures))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_operation_fails_or_breaks_its_word(address: str) -> None:
    config = _config(examples=10, states=("examples", "coverage", "fuzzing", "stateful"))
    statuses, failures = _run(
        address, config, headers={"Authorization": f"Bearer {text_of(Role.ADMIN)}"}
    )
    assert failures == []
    assert statuses[200] > 100, statuses
    assert statuses[422] > 100, statuses
    assert statuses[401] < statuses[200], statuses
    assert not [status for status in statuses if status >= 500]


def test_removing_tokens_breaks_no_word_either(address: str) -> None:
    config = _config(examples=20, states=("examples", "coverage", "fuzzing"))
    headers = {"Authorization": f"Bearer {text_of(Role.ADMIN)}"}
    statuses, failures = _run(address, config, headers=headers, only=_REMOVES_TOKENS)
    assert failures == []
    assert statuses[404] > 0, statuses


def test_nothing_is_told_to_somebody_without_a_token(address: str) -> None:
    config = _config(examples=1, states=("examples", "coverage"))
    statuses, failures = _run(address, config, headers={})
    assert failures == []
    assert statuses[401] > 100
    assert not [status for status in statuses if status >= 500]
