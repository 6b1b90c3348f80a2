"""What the benchmarks print: medians, ratios the right way round, and every miss said aloud."""

from __future__ import annotations

import pytest

from tests.bench.figures import Sample, faster, table, within


def test_the_median_counts_and_the_spread_is_shown() -> None:
    sample = Sample((0.3, 0.1, 0.2))

    assert sample.median == 0.2
    assert str(sample) == "200 ms (100 ms..300 ms)"
    assert str(Sample((5.0,), "calls")) == "5 calls"


@pytest.mark.parametrize(
    ("ours", "peer", "verdict"), [(1.0, 4.0, "met"), (1.0, 3.9, "NOT MET"), (4.0, 1.0, "NOT MET")]
)
def test_faster_means_so_many_times_less_than_the_peer(
    ours: float, peer: float, verdict: str
) -> None:
    row = faster("a scan", Sample((ours,)), Sample((peer,)), at_least=4)

    assert row.ratio == pytest.approx(peer / ours)
    assert row.verdict == verdict


@pytest.mark.parametrize(("ours", "verdict"), [(12.0, "met"), (13.0, "met"), (14.0, "NOT MET")])
def test_within_means_no_more_than_so_many_times_the_peer(ours: float, verdict: str) -> None:
    calls = Sample((13.0,), "calls")

    assert within("calls", Sample((ours,), "calls"), calls, at_most=1).verdict == verdict


def test_a_missed_figure_is_named_with_what_bounds_it_and_a_met_one_is_not() -> None:
    missed = faster("slow one", Sample((2.0,)), Sample((4.0,)), at_least=4, bound="the moon")
    met = faster("fast one", Sample((1.0,)), Sample((4.0,)), at_least=4, bound="the sun")

    text = "\n".join(table("warm", [missed, met]))

    assert "NOT MET: slow one" in text
    assert "the moon" in text
    assert "the sun" not in text
