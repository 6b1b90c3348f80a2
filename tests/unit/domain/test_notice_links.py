"""The address that a channel's messages end with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.errors import InvalidError
from reconciler.domain.notice_links import check_link, check_web_address, link_of
from tests.unit.notify.notices import MEMBER, notice


def test_a_link_is_filled_in_and_names_of_others_are_quoted() -> None:
    template = check_link("https://console.example.com/{stack}/{finding_id}?a={alert_id}")
    assert link_of(template, notice()) == "https://console.example.com/shop/f1?a=a1"
    member = replace(MEMBER, stack="../x y\n{type}", finding_id=None)
    hostile = notice(members=(member,))
    assert link_of(template, hostile) == (
        "https://console.example.com/..%2Fx%20y%0A%7Btype%7D/?a=a1"
    )
    assert link_of("https://h/{type}", notice(members=())) == "https://h/"


@pytest.mark.parametrize(
    "template",
    ["ftp://h/x", "https://h/{secret}", "https://h/{stack.x}", "https://h/{", "https://h/{stack!r}",
     "https://h/a b", "https://h/a|b", "https://h/<b>", 'https://h/"', "https://", "https://[/",
     "https://h/\u00e4", "https://h/{stack:>9}", "https://h/{}"],
)  # fmt: skip
def test_a_link_that_cannot_be_filled_in_is_refused(template: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_link(template)
    assert "a link" in str(refused.value)
    assert refused.value.remedy
    said = f"{refused.value} {refused.value.remedy}"
    assert "://" not in said, "in an error about trueup.toml an address is masked"


@pytest.mark.parametrize(("written", "name"), [("{stack!r}", "stack"), ("{type:>10}", "type")])
def test_a_name_that_is_known_is_not_said_to_be_unknown(written: str, name: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_link(f"https://h/{written}")
    assert str(refused.value) == f"a link takes {{{name}}} without `!` or `:` in it"
    with pytest.raises(InvalidError, match=r"a link has no \{stacks\}"):
        check_link("https://h/{stacks!r}")


def test_the_public_address_is_one_that_paths_can_be_added_to() -> None:
    assert check_web_address("https://drift.example.com/t/") == "https://drift.example.com/t"
    for wrong in ("drift.example.com", "https://h/?a", "https://h/#a", "https://h/{type}"):
        with pytest.raises(InvalidError, match="no web address"):
            check_web_address(wrong)
