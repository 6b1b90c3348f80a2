"""Every command that a message names runs as it is printed, words in capitals aside."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.domain.next_commands import COMMANDS
from tests.e2e.command_lines import parse

ROOT = Path(__file__).parents[3]
SOURCES = ("reconciler", "iac_adapters", "tui")
NAMED = re.compile(r"`(trueup [a-z][^`]*)`|: (trueup [a-z][^`:;)]*)(?=[;)]|\Z)")
APART = re.compile(r", (?=trueup )| && | > .*")
PROSE = {"trueup only observes it"}
FILLED = "WORD"
NEEDS_ONE_OF = {"accept": {"--reason", "--undo"}}
"""What a command refuses only once it runs."""


def _text(node: ast.AST) -> str | None:
    """Return a string as it is printed, with a word for each value in it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_part, node.values))
    return None


def _part(node: ast.expr) -> str:
    """Return a part of an f-string: options may be none, and a value is a word."""
    text = _text(node)
    if text is None:
        return "" if "option" in ast.unparse(node) else FILLED
    return text


def _inner(tree: ast.AST) -> set[int]:
    """Return the ids of docstrings, and of what is a part of another string."""
    parts = {id(p) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for p in n.values}
    alone = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    return parts | alone


def suggested() -> Iterator[tuple[str, str]]:
    for file in sorted(file for name in SOURCES for file in (ROOT / name).rglob("*.py")):
        tree = ast.parse(file.read_text())
        left_out = _inner(tree)
        for node in ast.walk(tree):
            text = _text(node) if id(node) not in left_out else None
            for found in NAMED.finditer(text or ""):
                for command in filter(None, APART.split(found[1] or found[2])):
                    if command not in PROSE:
                        yield f"{file.relative_to(ROOT)}:{node.lineno}", command  # type: ignore[attr-defined]


def problem_of(command: str) -> str | None:
    """Return why `command` is refused before it asks anybody; None where it runs."""
    words = shlex.split(re.sub(r"\{[a-z_]+\}", FILLED, command))[1:]
    try:
        parse(words)
    except (click.exceptions.Exit, click.BadParameter) as error:
        # --help, or the word that stands for a value.
        return error.format_message() if isinstance(error, click.MissingParameter) else None
    except click.ClickException as error:
        return error.format_message()
    wanted = NEEDS_ONE_OF.get(words[0])
    return f"needs one of {sorted(wanted)}" if wanted and not wanted & set(words) else None


def test_a_command_that_would_be_refused_is_told() -> None:
    assert problem_of("trueup ignore 3f9c21ab") == "Missing option '--reason'."
    assert problem_of("trueup accept 3f9c21ab") is not None
    assert problem_of("trueup token add") is not None
    assert problem_of("trueup lookat it") is not None
    assert problem_of("trueup ignore 3f9c21ab --reason WHY") is None


def test_every_suggested_command_runs_as_printed() -> None:
    commands = [*suggested()]
    commands += [
        ("next_commands", line)
        for steps in COMMANDS.values()
        for step in steps
        for line in APART.split(step)
    ]
    assert len(commands) > 100
    refused = [(place, line, why) for place, line in commands if (why := problem_of(line))]
    assert refused == []
