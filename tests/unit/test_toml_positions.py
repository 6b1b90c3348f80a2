from __future__ import annotations

from reconciler.toml_positions import key_lines, line_of

TEXT = '''\
top = 1
[daemon] # comment
listen = "x"
"quoted key" = 2
[[stack]]
name = """
name = "inside a string"
[not.a.table]
"""
[[stack]]
name = "b"
  [stack.match]
  kind = "x"
[[stack.rule]]
a.b = 1
[[stack.rule]]
c = 1
'''


def test_each_key_has_its_line() -> None:
    lines = key_lines(TEXT)
    assert lines["top",] == 1
    assert lines["daemon", "listen"] == 3
    assert lines["daemon", "quoted key"] == 4
    assert lines["stack", 0, "name"] == 6
    assert lines["stack", 1, "name"] == 11
    assert lines["stack", 1, "match", "kind"] == 13
    assert lines["stack", 1, "rule", 0, "a", "b"] == 15
    assert lines["stack", 1, "rule", 1, "c"] == 17
    assert ("not", "a", "table") not in lines


def test_an_unlisted_key_has_its_parents_line() -> None:
    lines = key_lines(TEXT)
    assert line_of(lines, ("stack", 1, "name", "deeper")) == 11
    assert line_of(lines, ("stack", 1, "absent")) == 10
    assert line_of(lines, ("absent",)) is None
