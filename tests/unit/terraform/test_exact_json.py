"""Numbers of a plan keep every digit, and ordinary documents cost nothing more."""

from __future__ import annotations

from decimal import Decimal

import pytest

from iac_adapters.terraform.exact_json import exact_dumps, exact_loads


@pytest.mark.parametrize(
    "text",
    [
        "1",
        "0.1",
        "18446744073709551617",
        "-9223372036854775809",
        "0.333333333333333333333333333333333333",
        '{"a":[1.25,18446744073709551617,"0.33333333333333333333"]}',
    ],
)
def test_what_is_read_is_written_to_the_last_digit(text: str) -> None:
    assert exact_dumps(exact_loads(text.encode())).decode() == text


def test_two_numbers_that_differ_in_a_late_digit_differ() -> None:
    first, second = (exact_loads(b"0.3333333333333333333333333%d" % last) for last in (3, 4))

    assert first != second
    assert isinstance(first, Decimal)


def test_what_is_no_json_is_an_error() -> None:
    for text in (b"{", b'{"a": 18446744073709551617'):
        with pytest.raises(ValueError, match=r"."):
            exact_loads(text)
