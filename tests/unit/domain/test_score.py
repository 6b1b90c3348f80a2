from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.model import Kind, Severity
from reconciler.domain.score import BASE, MOST_WITHIN, score
from tests.unit.domain.drift import change, finding

SEVERITIES = st.sampled_from(Severity)


@given(
    severity=SEVERITIES,
    kind=st.sampled_from([Kind.CHANGED, Kind.MISSING, Kind.UNMANAGED]),
    changes=st.integers(min_value=0, max_value=40),
    replaces=st.booleans(),
)
def test_severities_never_overlap(
    severity: Severity, kind: Kind, changes: int, *, replaces: bool
) -> None:
    paths = [change(f"a{number}") for number in range(changes)]
    one = finding(severity=severity, kind=kind, changes=tuple(paths), requires_replace=replaces)
    assert BASE[severity] <= score(one) <= BASE[severity] + MOST_WITHIN <= 99


def test_more_weighs_more_within_a_severity() -> None:
    light = finding(changes=(change("a"),))
    wide = finding(changes=(change("a"), change("b")))
    deep = finding(changes=(change("a"), change("b")), requires_replace=True)
    gone = finding(kind=Kind.MISSING)
    assert score(light) < score(wide) < score(deep) <= score(gone) == 54
