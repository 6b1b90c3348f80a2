"""One declaration of each operation: what it says is what is served, and nobody says it again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import NoneType
from typing import Any

import pytest

import reconciler
from agent.protocol.messages import ENROLL_PATH, REPORTS_PATH
from reconciler.api.table import OPERATIONAL, OPERATIONS
from reconciler.wire import routes
from reconciler.wire.model import names_of
from reconciler.wire.route import PREFIX, Route
from tests.api.desk import V1, Desk

ROUTES = {name: value for name, value in vars(routes).items() if isinstance(value, Route)}
_ROOT = Path(reconciler.__file__).parents[1]
_CALLERS = ("reconciler/cli", "reconciler/client", "tui")
_ASKING = {"ask", "find", "listed", "each", "lines", "do", "stream", "curl", "made"}


def test_each_operation_is_one_route_and_each_route_one_operation() -> None:
    served = [operation.route for operation in (*OPERATIONS, *OPERATIONAL)]
    declared = [route for name, route in ROUTES.items() if name != "OPENAPI"]
    assert sorted(map(id, served)) == sorted(map(id, declared))
    assert len({(route.method, route.path) for route in declared}) == len(declared)


async def test_what_a_route_takes_and_answers_is_what_is_served(desk: Desk) -> None:
    described = (await desk.anonymous.get(routes.OPENAPI.at())).json()["paths"]
    for name, route in ROUTES.items():
        if name == "OPENAPI":
            continue
        below = described.get(PREFIX + route.path) or described[route.path]
        shown = below[route.method.lower()]
        if route.body is not None:
            assert _fits(shown["requestBody"], route.body()), name
        else:
            assert "requestBody" not in shown, name
        (good,) = (part for status, part in shown["responses"].items() if status.startswith("2"))
        answer = route.answer()
        if answer is not NoneType:
            page = f"Listing_{answer.__name__}_"
            assert page in _references(_schema(good)) if route.paged else _fits(good, answer), name


def _fits(part: Any, model: type[Any]) -> bool:
    """Whether a body is described as `model`, by its name or by its fields."""
    schema = _schema(part)
    fields = {*names_of(model)} - {getattr(model, "gathered", None)}
    return model.__name__ in _references(schema) or fields <= set(schema.get("properties", ()))


def _schema(part: Any) -> Any:
    return part.get("content", {}).get("application/json", {}).get("schema", {})


def _references(schema: Any) -> Iterator[str]:
    if "$ref" in schema:
        yield schema["$ref"].rpartition("/")[2]
    for choice in schema.get("anyOf", ()):
        yield from _references(choice)


def test_a_name_cannot_leave_its_place_in_a_path() -> None:
    assert routes.IGNORE_FINDING.at("../a b?c") == f"{V1}/findings/..%2Fa%20b%3Fc/ignore"


@pytest.mark.parametrize("names", [(), ("a", "b")])
def test_a_route_takes_as_many_names_as_it_has_braces(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="argument 2"):
        routes.READ_STACK.at(*names)


def test_agents_use_the_paths_that_are_served() -> None:
    assert routes.ENROLL_HOST.at() == ENROLL_PATH
    assert routes.TAKE_REPORT.at() == REPORTS_PATH


@pytest.mark.parametrize("package", _CALLERS)
def test_no_client_spells_a_path(package: str) -> None:
    first_steps = {route.path.split("/")[1] for route in ROUTES.values()}
    assert [
        f"{file.relative_to(_ROOT)}:{getattr(node, 'lineno', 0)}"
        for file in sorted((_ROOT / package).rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text()))
        if _spells(node, first_steps)
    ] == []


def _spells(node: ast.AST, first_steps: set[str]) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            steps = text.removeprefix(PREFIX).split("/")
            return text.startswith(PREFIX) or (
                len(steps) > 1 and not steps[0] and steps[1] in first_steps
            )
        case ast.Call(func=ast.Attribute(attr=asked), args=[ast.Constant(value=str(text)), *_]):
            return asked in _ASKING and text in first_steps
    return False
