"""Where a resource is declared: by the record's own position, or by looking into YAML.

Source: `sourcePosition` and `stackTrace` of a checkpoint, `project:///FILE#LINE[,COLUMN]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from iac_adapters.pulumi.project import Project
from reconciler.bounded_files import read_text
from reconciler.domain.model import SourcePosition

_SCHEME: Final = "project:///"
_NOT_THEIRS: Final = ("site-packages", "node_modules", ".venv", "venv", "<frozen")


def position_of(
    content: Mapping[str, Any], project: Project, lines: Mapping[str, int]
) -> SourcePosition | None:
    """Return the innermost place in the project's own files; None when none is known.

    `lines` are those of a YAML program, by logical name.
    """
    name = str(content.get("urn", "")).rpartition("::")[2]
    if name in lines:
        file = _yaml_program(project).relative_to(project.directory)
        return SourcePosition(str(file), lines[name])
    for text in _told(content):
        if (found := _read(text, project.directory)) is not None:
            return found
    return None


def yaml_lines(project: Project) -> dict[str, int]:
    """Return the line of each resource that a YAML program declares, counted from 1."""
    if project.runtime != "yaml":
        return {}
    try:
        text = read_text(_yaml_program(project))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    return {
        key.value: key.start_mark.line + 1
        for section, body in _pairs(root)
        if section.value == "resources"
        for key, _ in _pairs(body)
    }


def _yaml_program(project: Project) -> Path:
    """Return the file that a YAML program is: one of its own, or the project's."""
    main = project.program / "Main.yaml"
    return main if main.is_file() else project.file


def _pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield what a mapping holds under names."""
    if isinstance(node, yaml.MappingNode):
        yield from (pair for pair in node.value if isinstance(pair[0], yaml.ScalarNode))


def _told(content: Mapping[str, Any]) -> Iterator[str]:
    yield str(content.get("sourcePosition") or "")
    for frame in content.get("stackTrace") or ():
        if isinstance(frame, dict):
            yield str(frame.get("sourcePosition") or "")


def _read(text: str, directory: Path) -> SourcePosition | None:
    if not text.startswith(_SCHEME):
        return None
    file, _, place = text.removeprefix(_SCHEME).partition("#")
    line = place.partition(",")[0]
    if not line.isdigit() or any(part in _NOT_THEIRS for part in Path(file).parts):
        return None
    path = (directory / file).resolve()
    if not path.is_relative_to(directory.resolve()):
        return None
    return SourcePosition(str(path.relative_to(directory.resolve())), int(line))
