"""The texts that a root module's variables are given: by files, environment and arguments.

Source: order of precedence in "Input Variables" of Terraform 1.11; `mergeEnvArgs` in its main.go
puts what TF_CLI_ARGS_plan says before TF_CLI_ARGS, and both before the command's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import orjson

from iac_adapters.terraform.hcl_text import statements
from iac_adapters.terraform.known_texts import Scope
from iac_adapters.terraform.read_only import variable_arguments
from iac_adapters.terraform.source_files import variable_files_beside
from reconciler.bounded_files import read_text

_IN_ENVIRONMENT: Final = "TF_VAR_"

Given = dict[str, str | None]


def given_variables(
    directory: Path, environment: Mapping[str, str], files: Sequence[Path] = ()
) -> Given:
    """Return by name what the variables are given; None for what is no plain text.

    A file that cannot be read gives nothing: the plan says why.
    """
    given: Given = {
        name.removeprefix(_IN_ENVIRONMENT): value
        for name, value in environment.items()
        if name.startswith(_IN_ENVIRONMENT)
    }
    for file in variable_files_beside(directory):
        given |= _in_file(file)
    for is_file, word in variable_arguments(environment):
        if is_file:
            given |= _in_file(directory / Path(word).expanduser())
        else:
            name, _, value = word.partition("=")
            given[name.strip()] = value
    return given | _joined(_in_file(file) for file in files)


def _in_file(file: Path) -> Given:
    try:
        text = read_text(file, errors="replace")
    except OSError:
        return {}
    return dict(_in_json(text) if file.name.endswith(".json") else _in_hcl(text, file.parent))


def _in_json(text: str) -> Iterator[tuple[str, str | None]]:
    try:
        document = orjson.loads(text)
    except ValueError:
        return
    if isinstance(document, dict):
        for name, value in document.items():
            yield name, value if isinstance(value, str) else None


def _in_hcl(text: str, folder: Path) -> Iterator[tuple[str, str | None]]:
    # Nothing can be referred to in such a file.
    nothing = Scope((), folder, folder, folder, "")
    for argument in statements(text):
        if not argument.is_block:
            value = nothing.text_at(text, argument.start)
            yield argument.name, value.value if value.whole else None


def _joined(parts: Iterable[Given]) -> Given:
    given: Given = {}
    for part in parts:
        given |= part
    return given
