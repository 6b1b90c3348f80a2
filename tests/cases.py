"""The situations of other people's code that were once answered wrongly, by the tests for them.

A row is named by its kind and number: T of Terraform and OpenTofu, P of Pulumi, V of providers of
other makers, U of drift that no plan can see. A test stands for a row by saying so in its own
docstring or its module's (`Row T5.`, `Rows T6 and T21.`); it is then run by `pytest -m case`. One
that does nothing stands for none.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROWS: Final = frozenset(
    f"{kind}{number}"
    for kind, last in {"T": 29, "P": 14, "V": 12, "U": 4}.items()
    for number in range(1, last + 1)
)
_TESTS: Final = Path(__file__).parent
_NAMED: Final = re.compile(r"\b[Rr]ows? ([A-Z]\d+(?:(?:, | and )[A-Z]\d+)*)")
_ROW: Final = re.compile(r"[TPVU]\d+")


def rows_in(text: str | None) -> frozenset[str]:
    """Return the rows that a docstring names."""
    if not text:
        return frozenset()
    return frozenset(row for named in _NAMED.findall(text) for row in _ROW.findall(named))


def rows_of_tests(folder: Path = _TESTS) -> dict[str, list[str]]:
    """Return by row the tests below `folder` that stand for it."""
    found: dict[str, list[str]] = {}
    for file in sorted(folder.rglob("test_*.py")):
        text = file.read_text()
        if _NAMED.search(text):
            for test, row in _named(ast.parse(text)):
                found.setdefault(row, []).append(f"{file.relative_to(folder)}::{test}")
    return found


def _named(module: ast.Module) -> Iterator[tuple[str, str]]:
    whole = rows_in(ast.get_docstring(module))
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test_") and not _is_empty(node):
            for row in sorted(whole | rows_in(ast.get_docstring(node))):
                yield node.name, row


def _is_empty(test: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a test does nothing: a docstring alone stands for no row."""
    return all(
        isinstance(part, ast.Pass) or (isinstance(part, ast.Expr) and _is_constant(part.value))
        for part in test.body
    )


def _is_constant(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant)
