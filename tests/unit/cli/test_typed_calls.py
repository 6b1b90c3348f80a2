"""Every call of a command expects what the API's table says of that route."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import reconciler.cli
from reconciler.api.table import OPERATIONS

METHODS = {
    "get": "GET",
    "find": "GET",
    "listed": "GET",
    "each": "GET",
    "post": "POST",
    "put": "PUT",
}
Step = str | None
"""A part of a path; None for what is only known when the command runs."""


def calls() -> Iterator[tuple[str, str, str, tuple[Step, ...], str]]:
    for file in sorted(Path(reconciler.cli.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and (found := call_of(node)) is not None:
                yield (f"{file.name}:{node.lineno}", *found)


def call_of(node: ast.Call) -> tuple[str, str, tuple[Step, ...], str] | None:
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in {*METHODS, "send"}:
        return None
    match node.args:
        case [ast.Attribute(value=ast.Name(id="wire"), attr=model), *path]:
            pass
        case _:
            return None
    method, kind = METHODS.get(node.func.attr), node.func.attr
    if method is None and isinstance(path[0], ast.Constant):
        method, path = str(path[0].value), path[1:]
    if any(isinstance(part, ast.Starred) for part in path) or method is None:
        return None
    steps = (str(part.value) if isinstance(part, ast.Constant) else None for part in path)
    return kind, method, tuple(steps), model


def answers(method: str, steps: tuple[Step, ...]) -> Iterator[Any]:
    for operation in OPERATIONS:
        parts = operation.path.strip("/").split("/")
        if operation.method == method and len(parts) == len(steps):
            pairs = zip(steps, parts, strict=True)
            if all(step == part or (step is None and "{" in part) for step, part in pairs):
                yield operation.answer


def has_late_verb(steps: tuple[Step, ...]) -> bool:
    """Whether the verb behind an id is only known when the command runs."""
    return len(steps) > 2 and steps[-1] is None


CALLS = [call for call in calls() if not has_late_verb(call[3])]


def test_the_calls_are_found() -> None:
    assert len(CALLS) > 40


@pytest.mark.parametrize(("where", "kind", "method", "steps", "model"), CALLS)
def test_a_call_expects_the_model_of_its_route(
    where: str, kind: str, method: str, steps: tuple[Step, ...], model: str
) -> None:
    (answer,) = answers(method, steps)
    if kind in {"listed", "each"}:
        (answer,) = answer.__pydantic_generic_metadata__["args"]
    assert answer.__name__ == model, where
