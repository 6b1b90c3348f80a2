from __future__ import annotations

import pytest

from tui.locale_encoding import takes_utf_8


@pytest.mark.parametrize(
    ("environment", "utf8_mode", "taken"),
    [
        ({"LANG": "en_US.UTF-8"}, False, True),
        ({"LANG": "C.utf8"}, False, True),
        ({"LC_CTYPE": "UTF-8"}, False, True),
        ({"LANG": "de_DE.UTF-8@euro"}, False, True),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, False, False),
        ({"LC_ALL": "", "LANG": "en_US.UTF-8"}, False, True),
        ({"LANG": "de_DE.ISO-8859-1"}, False, False),
        ({"LANG": "C"}, True, False),
        # Python put LC_CTYPE there, since the locale was C.
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True, False),
        ({"LC_CTYPE": "C.UTF-8"}, True, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False, True),
        ({"LC_CTYPE": "C.UTF-8", "PYTHONUTF8": "1"}, True, True),
        ({}, False, False),
    ],
)
def test_the_locale_says_whether_a_terminal_takes_utf_8(
    environment: dict[str, str],
    utf8_mode: bool,  # noqa: FBT001 - the case
    taken: bool,  # noqa: FBT001
) -> None:
    assert takes_utf_8(environment, utf8_mode=utf8_mode) is taken
