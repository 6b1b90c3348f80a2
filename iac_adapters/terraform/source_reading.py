"""The code of a root module and its child modules: what declares which resource, and where.

Nothing is evaluated here; that is Terraform's own work (`recorder`). A file that the
parser does not understand, while Terraform may, is skimmed and warned about.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import orjson

from iac_adapters.terraform.addresses import resource_address
from iac_adapters.terraform.data_uses import DataUses, data_uses, joined
from iac_adapters.terraform.factory import TERRAGRUNT, TERRAGRUNT_MAKES_IT, TERRAGRUNT_REMEDY
from iac_adapters.terraform.file_references import file_references
from iac_adapters.terraform.hcl_errors import decode_hcl
from iac_adapters.terraform.ignored import IgnoreRules
from iac_adapters.terraform.known_texts import Scope
from iac_adapters.terraform.outline import RESOURCE_BLOCKS, BlockOutline, Outline
from iac_adapters.terraform.source import ResourceBlock, Source, Statement
from iac_adapters.terraform.source_cache import cached_outline
from iac_adapters.terraform.source_files import (
    combine,
    configuration_files,
    read_file,
    variable_and_lock_files,
)
from iac_adapters.terraform.subjects import subjects
from iac_adapters.terraform.traversals import parse_ignore_changes
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import SourcePosition

_DEEPEST: Final = 64


def load_source(
    directory: Path,
    *,
    data_dir: Path,
    cache_dir: Path | None,
    tool: str = "terraform",
    scope: Scope | None = None,
) -> Source:
    """Read the code below `directory`. Nothing is written but the cache of outlines.

    `scope` says what the root module knows of where and with what it is called.

    Raises:
        PermanentError: there is no code, or a file cannot be read or is binary.
    """
    reading = _Reading(directory, data_dir, cache_dir, tool)
    reading.module("", scope or Scope((), directory, directory, directory, ""), depth=0)
    if not reading.files:
        raise _without_code(directory)
    return reading.source()


def _without_code(directory: Path) -> PermanentError:
    if (directory / TERRAGRUNT).is_file():
        return PermanentError(
            f"{directory}/{TERRAGRUNT}: {TERRAGRUNT_MAKES_IT}", remedy=TERRAGRUNT_REMEDY
        )
    return PermanentError(
        f"{directory}: holds no Terraform configuration (*.tf or *.tf.json)",
        remedy="name a directory that holds *.tf files",
    )


@dataclass(slots=True)
class _Reading:
    """One walk over a module tree, collecting as it goes."""

    directory: Path
    data_dir: Path
    cache_dir: Path | None
    tool: str
    blocks: dict[str, ResourceBlock] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    texts: dict[Path, dict[Path, str]] = field(default_factory=dict)
    backend: str | None = None
    statements: list[Statement] = field(default_factory=list)
    outputs: dict[str, SourcePosition] = field(default_factory=dict)
    ephemeral_variables: bool = False
    unnamed_files: bool = False
    uses: list[DataUses] = field(default_factory=list)
    _installed: dict[str, Path] | None = None

    def source(self) -> Source:
        # The tool reads it in any case, and waits where it is a pipe.
        self._installed_modules()
        for file in variable_and_lock_files(self.directory):
            self.contents[str(file)] = read_file(file)
        return Source(
            directory=self.directory,
            blocks=self.blocks,
            warnings=tuple(self.warnings),
            digest=combine(sorted(self.contents.items())),
            files=tuple(self.files),
            backend=self.backend,
            statements=tuple(self.statements),
            outputs=self.outputs,
            ephemeral_variables=self.ephemeral_variables,
            unnamed_files=self.unnamed_files,
            data_uses=joined(self.uses),
        )

    def module(self, key: str, empty: Scope, *, depth: int) -> None:
        """Take in the module called by `key` (`a.b`), then those it calls.

        `empty` is its scope, to be given the code that lies in its folder.
        """
        folder = empty.folder
        path = ".".join(f"module.{name}" for name in key.split(".")) if key else ""
        primary, overrides = configuration_files(folder, tool=self.tool)
        calls: dict[str, BlockOutline] = {}
        for file in primary:
            for block in self._outline(file).blocks:
                self._take(path, file, block)
                if block.type == "module" and block.labels:
                    calls[block.labels[0]] = block
        for file in overrides:
            for block in self._outline(file).blocks:
                self._override(path, block)
                if block.type == "module" and block.labels and block.source:
                    calls[block.labels[0]] = block
        scope = replace(empty, texts=tuple(self.texts.get(folder, {}).values()))
        self._refer(key, scope)
        for name, call in calls.items():
            self._call(f"{key}.{name}" if key else name, scope, call, depth=depth)

    def _refer(self, key: str, scope: Scope) -> None:
        """Take in the files that a module's code reads, by the names that this call gives them."""
        read = file_references(self.texts.get(scope.folder, {}), scope, tool=self.tool)
        self.contents[f"{scope.folder}\0references of {key}"] = read.digest
        self.unnamed_files = self.unnamed_files or read.unnamed

    def _outline(self, file: Path) -> Outline:
        data = read_file(file)
        text = decode_hcl(file, data)
        shown = _relative(file, self.directory)
        outline = cached_outline(text, file=shown, cache_dir=self.cache_dir)
        self.files.append(file)
        self.uses.append(data_uses(text))
        self.contents[str(file)] = data
        self.texts.setdefault(file.parent, {})[file] = text
        if outline.warning is not None:
            self.warnings.append(outline.warning)
        return outline

    def _take(self, path: str, file: Path, block: BlockOutline) -> None:
        if block.type in RESOURCE_BLOCKS and len(block.labels) == 2:  # noqa: PLR2004
            resource = self._resource(path, file, block)
            self.blocks.setdefault(resource.address, resource)
        elif block.subject is not None:
            shown = _relative(file, self.directory)
            for subject in subjects(path, block.subject):
                self.statements.append(Statement(block.type, subject, shown, block.line))
        elif not path:
            self._take_root(file, block)

    def _take_root(self, file: Path, block: BlockOutline) -> None:
        """Take in what counts in the root module alone."""
        if block.type == "output" and block.labels:
            position = SourcePosition(_relative(file, self.directory), block.line)
            self.outputs[block.labels[0]] = position
        elif block.type == "terraform":
            self.backend = block.backend or self.backend
        elif block.ephemeral:
            self.ephemeral_variables = True

    def _resource(self, path: str, file: Path, block: BlockOutline) -> ResourceBlock:
        type_name, name = block.labels
        mode = RESOURCE_BLOCKS[block.type]
        return ResourceBlock(
            address=resource_address(path, mode=mode, type_name=type_name, name=name),
            mode=mode,
            type=type_name,
            name=name,
            file=_relative(file, self.directory),
            line=block.line,
            ignore_changes=self._ignored(file, block),
        )

    def _ignored(self, file: Path, block: BlockOutline) -> IgnoreRules:
        if block.ignore_changes is None:
            return IgnoreRules()
        try:
            return parse_ignore_changes(block.ignore_changes)
        except ValueError as error:
            place = f"{_relative(file, self.directory)}:{block.line}"
            self.warnings.append(f"{place}: {error}; its ignored attributes are not known")
            return IgnoreRules()

    def _override(self, path: str, block: BlockOutline) -> None:
        if block.type == "terraform" and not path:
            # A cloud block takes the place of a backend, and the other way round.
            self.backend = block.backend or self.backend
        if block.type not in RESOURCE_BLOCKS or len(block.labels) != 2:  # noqa: PLR2004
            return
        type_name, name = block.labels
        mode = RESOURCE_BLOCKS[block.type]
        address = resource_address(path, mode=mode, type_name=type_name, name=name)
        if (base := self.blocks.get(address)) is None:
            return
        if block.ignore_changes is not None:
            rules = self._ignored(self.directory / base.file, block)
            self.blocks[address] = replace(base, ignore_changes=rules)

    def _call(self, key: str, caller: Scope, call: BlockOutline, *, depth: int) -> None:
        folder = self._installed_modules().get(key)
        if folder is None and call.source is not None:
            folder = Path(os.path.normpath(caller.folder / call.source))
        path = ".".join(f"module.{name}" for name in key.split("."))
        if folder is None or not folder.is_dir():
            self.warnings.append(f"{path} is not installed; `{self.tool} init` installs it")
            return
        if depth >= _DEEPEST:
            self.warnings.append(f"{path}: modules call each other more than {_DEEPEST} deep")
            return
        called = replace(caller, folder=folder, caller=caller, name=call.labels[0])
        self.module(key, called, depth=depth + 1)

    def _installed_modules(self) -> dict[str, Path]:
        if self._installed is None:
            self._installed = self._read_manifest()
        return self._installed

    def _read_manifest(self) -> dict[str, Path]:
        manifest = self.data_dir / "modules" / "modules.json"
        if not manifest.exists():
            return {}
        data = read_file(manifest)
        self.contents[str(manifest)] = data
        try:
            return dict(_manifest_entries(orjson.loads(data), self.directory))
        except (ValueError, KeyError, TypeError):
            self.warnings.append(f"{manifest}: is broken; `{self.tool} init` writes it anew")
            return {}


def _manifest_entries(document: Any, root: Path) -> Iterator[tuple[str, Path]]:
    for module in document["Modules"]:
        yield str(module["Key"]), Path(os.path.normpath(root / str(module["Dir"])))


def _relative(file: Path, root: Path) -> str:
    return os.path.relpath(file, root)
