"""What crossed the wire is what was sent, as far as a screen is concerned."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.change_lines import change_lines
from reconciler.cli.client.received import read_finding, read_value
from reconciler.cli.paint import Paint
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import (
    Change,
    Finding,
    Fingerprint,
    Kind,
    Origin,
    ResourceAddress,
    Severity,
    SourcePosition,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import UNKNOWN, Sensitive, Value
from reconciler.wire import models as wire
from reconciler.wire.decoding import decode
from reconciler.wire.scan import finding_object, value_object
from tests.unit.cli.objects import finding

names = st.text(min_size=1, max_size=8).filter(lambda name: name not in {"digest", "unknown"})
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.just(UNKNOWN)
    | st.builds(Sensitive, st.text("abc", min_size=1, max_size=8))
)
values: st.SearchStrategy[Value] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
changes = st.builds(
    Change,
    path=names.map(AttributePath),
    declared=values,
    recorded=values,
    live=values,
    origin=st.sampled_from(Origin),
    forces_replacement=st.booleans(),
)
found = st.builds(
    Finding,
    address=names.map(ResourceAddress),
    type=names,
    kind=st.sampled_from(Kind),
    severity=st.sampled_from(Severity),
    origin=st.none() | st.sampled_from(Origin),
    requires_replace=st.booleans(),
    fingerprint=names.map(Fingerprint),
    source=st.none() | st.builds(SourcePosition, names, st.integers(1, 99)),
    changes=st.lists(changes, max_size=2).map(tuple),
    consequences=st.lists(changes, max_size=2).map(tuple),
    consequence_of=st.none() | names.map(ResourceAddress),
    reason=st.none() | names,
)


@given(values)
def test_a_value_comes_back_as_it_went(value: Value) -> None:
    assert read_value(value_object(value)) == value


@given(found)
def test_a_finding_comes_back_as_it_went(sent: Finding) -> None:
    body = {**finding(), **finding_object(sent)}
    assert read_finding(decode(wire.Finding, body)) == sent


@pytest.mark.parametrize("live", ["6bf4", None])
def test_what_another_source_reports_is_shown_from_what_is_declared(live: str | None) -> None:
    change = {"path": "files[0].sha256", "declared": "474e", "recorded": None, "live": live,
              "origin": None, "sensitive": False, "forces_replacement": False}  # fmt: skip
    said = read_finding(decode(wire.Finding, finding(origin=None, changes=[change])))
    (line,) = change_lines(said.changes[0], indent="", paint=Paint(width=100))
    shown = "(none)" if live is None else f'"{live}"'
    assert line == f'files[0].sha256  "474e" -> {shown} (live)'


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "teleported"},
        {"severity": "apocalyptic"},
        {"origin": "elsewhere"},
        {"changes": [{}]},
        {"changes": 7},
        {"severity": None},
    ],
)
def test_words_of_a_newer_daemon_are_a_sentence(broken: dict[str, Any]) -> None:
    with pytest.raises(PermanentError, match="not understood"):
        read_finding(decode(wire.Finding, finding(**broken)))
