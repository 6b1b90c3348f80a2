"""References in HCL text: `ebs_block_device[0].size`, `tags["a.b"]`, lists of them.

Source: HCL native syntax specification, traversals; `ignore_changes` of Terraform 1.11.
"""

from __future__ import annotations

import re
from typing import Final

from iac_adapters.terraform.ignored import AttributeName, IgnoreRules
from reconciler.domain.paths import Steps

_TOKEN: Final = re.compile(
    r"""(?P<comment>\#[^\n]*|//[^\n]*|/\*.*?\*/)
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<name>[^\W\d][\w-]*)
      | (?P<number>\d+)
      | (?P<sign>[\[\].,*])
      | (?P<space>\s+)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}
_Tokens = list[tuple[str, str]]


def parse_ignore_changes(text: str) -> IgnoreRules:
    """Read the value of an `ignore_changes` argument.

    Raises:
        ValueError: it is neither `all` nor a list of references.
    """
    tokens = _tokens(text)
    if tokens in ([("name", "all")], [("text", '"all"')]):
        return IgnoreRules(all=True)
    if tokens[:1] != [("sign", "[")] or tokens[-1:] != [("sign", "]")]:
        raise ValueError("ignore_changes is neither `all` nor a list")
    items = _split(tokens[1:-1])
    if any(item in ([("text", '"*"')], [("sign", "*")]) for item in items):
        return IgnoreRules(all=True)
    return IgnoreRules(paths=tuple(_steps(_unquoted(item)) for item in items))


def unquote(text: str) -> str:
    """Return what a quoted HCL string without templates stands for."""
    body = _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text[1:-1])
    return body.replace("$${", "${").replace("%%{", "%{")


def _tokens(text: str) -> _Tokens:
    return [
        (match.lastgroup or "other", match.group())
        for match in _TOKEN.finditer(text)
        if match.lastgroup not in ("comment", "space")
    ]


def _split(tokens: _Tokens) -> list[_Tokens]:
    """Split at the commas; brackets only ever hold one key here."""
    items: list[_Tokens] = [[]]
    for token in tokens:
        if token == ("sign", ","):
            items.append([])
        else:
            items[-1].append(token)
    return [item for item in items if item]


def _unquoted(item: _Tokens) -> _Tokens:
    """Return the tokens inside a quoted reference, as Terraform 0.11 wanted them written."""
    if len(item) == 1 and item[0][0] == "text":
        return _tokens(unquote(item[0][1]))
    return item


def _steps(tokens: _Tokens) -> Steps:
    if not tokens or tokens[0][0] != "name":
        raise ValueError("not a reference")
    steps: list[str | int] = [AttributeName(tokens[0][1])]
    rest = tokens[1:]
    while rest:
        match rest:
            case [("sign", "."), ("name", name), *rest]:
                steps.append(AttributeName(name))
            case [("sign", "."), ("number", number), *rest]:
                steps.append(int(number))
            case [("sign", "["), ("number", number), ("sign", "]"), *rest]:
                steps.append(int(number))
            case [("sign", "["), ("text", text), ("sign", "]"), *rest]:
                steps.append(unquote(text))
            case _:
                raise ValueError("not a reference")
    return tuple(steps)
