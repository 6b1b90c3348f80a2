"""Our part of a description: it fits, people's words stay, and writing it again replaces it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.notify.tracker import MARKDOWN, PLAIN, WIKI, Markup

_LONGEST = 400
MARKS = ("trueup-alert-a1", "trueup-cause-c1")
_WORDS = st.text("ab \n", max_size=120)
_TEXT = st.one_of(
    st.text(max_size=600),
    st.lists(st.sampled_from(["{noformat}", "```", "<!--", "\U0001f4a3", "\n", "[code]"])).map(
        "".join
    ),
)


@pytest.mark.parametrize("markup", [MARKDOWN, WIKI, PLAIN], ids=["markdown", "wiki", "plain"])
@given(words=_WORDS, first=_TEXT, second=_TEXT)
def test_a_description_fits_and_is_written_again_in_its_place(
    markup: Markup, words: str, first: str, second: str
) -> None:
    small = replace(markup, longest=_LONGEST)
    written = small.described(words, first, MARKS)
    assert len(written.encode("utf-16-le", "surrogatepass")) // 2 <= _LONGEST
    assert written.startswith(words.strip())
    assert written.endswith(f"{' '.join(MARKS)}\n{markup.end}")
    assert written.count(markup.end) == 1
    assert small.described(written, second, MARKS) == small.described(words, second, MARKS)
    comment = small.comment(first)
    assert len(comment.encode("utf-16-le", "surrogatepass")) // 2 <= _LONGEST - 200
    assert comment.endswith(markup.closed)
