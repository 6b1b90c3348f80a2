"""A cloud that does not answer, or says no: unreadable or an error, never missing or in sync.

How long it takes is bounded by the provider's own retries (`max_retries` of the stack) and
by the deadline of each read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import Ended, Trueup
from tests.e2e.fickle_endpoint import FickleEndpoint, fickle_endpoint
from tests.ports import free_port
from tests.simulator import aws_environment
from tests.worlds.deploy import Deployed

ALL = 5


@pytest.fixture
def fickle(small5: Deployed) -> Iterator[FickleEndpoint]:
    with fickle_endpoint(small5.simulator_endpoint) as endpoint:
        yield endpoint


def _trueup(small5: Deployed, endpoint: str, cache: Path) -> Trueup:
    own = {k: v for k, v in small5.environment.items() if not k.startswith("XDG_")}
    return Trueup({**own, **aws_environment(endpoint), "XDG_CACHE_HOME": str(cache)})


def _assert_unreadable(ended: Ended) -> list[str]:
    assert ended.code == 3, ended.everything
    (report,) = ended.json["stacks"]
    counts = report["counts"]
    assert (counts["unreadable"], counts["in_sync"], counts["missing"]) == (ALL, 0, 0)
    assert report["findings"] == []
    return [one["reason"] for one in report["unreadable"]]


def test_a_closed_port_is_an_error_that_names_it(small5: Deployed, tmp_path: Path) -> None:
    closed = f"http://127.0.0.1:{free_port()}"
    trueup = _trueup(small5, closed, tmp_path)
    ended = trueup.run("scan", small5.directory)
    assert ended.code == 1, ended.out
    assert "connection refused" in ended.err
    assert closed.removeprefix("http://") in ended.err
    assert "help: check the endpoint" in ended.err
    assert "Traceback" not in ended.err
    assert trueup.wait_until_gone() == []


@pytest.mark.parametrize("lets_in", [True, False], ids=["reads", "all"])
@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ((403, "AccessDenied"), "allow"),
        ((403, "ExpiredToken"), "renew"),
        ((0, "hangs up"), ""),
    ],
    ids=["denied", "expired", "hangs_up"],
)
def test_what_is_refused_is_unreadable(
    error: tuple[int, str],
    remedy: str,
    lets_in: bool,  # noqa: FBT001
    small5: Deployed,
    fickle: FickleEndpoint,
    tmp_path: Path,
) -> None:
    trueup = _trueup(small5, fickle.endpoint, tmp_path)
    well = trueup.run("scan", small5.directory, "--json")
    assert well.code == 0, well.everything
    fickle.error, fickle.lets_in = error, lets_in
    reasons = _assert_unreadable(trueup.run("scan", small5.directory, "--json"))
    assert fickle.refused
    assert [reason for reason in reasons if remedy not in reason] == []
    fickle.error = None
    assert trueup.run("scan", small5.directory).code == 0, "well again"


def test_throttling_is_unreadable_in_the_end(
    small5: Deployed, fickle: FickleEndpoint, tmp_path: Path
) -> None:
    trueup = _trueup(small5, fickle.endpoint, tmp_path)
    assert trueup.run("scan", small5.directory).code == 0
    fickle.error = (400, "ThrottlingException")
    reasons = _assert_unreadable(trueup.run("scan", small5.directory, "--json"))
    assert all("Throttling" in reason or "less often" in reason for reason in reasons)


def test_refused_while_the_code_is_evaluated(
    small5: Deployed, fickle: FickleEndpoint, tmp_path: Path
) -> None:
    fickle.error, fickle.lets_in = (403, "ExpiredToken"), False
    ended = _trueup(small5, fickle.endpoint, tmp_path).run("scan", small5.directory)
    assert ended.code == 1
    assert "its provider could not be configured" in ended.err
    assert "help: renew the credentials" in ended.err
