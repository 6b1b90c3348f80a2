"""What is secret about a Pulumi stack beside its record: its configuration and its program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from iac_adapters.pulumi.project import Project
from iac_adapters.pulumi.secrets import UNDECIPHERABLE, passphrase_decrypter
from iac_adapters.redaction.environment import file_texts, telling_texts
from iac_adapters.redaction.literals import literals_in
from iac_adapters.redaction.recognise import looks_generated, secret_texts
from iac_adapters.redaction.redactor import Redactor
from reconciler.bounded_files import open_regular, read_bytes
from reconciler.domain.errors import PermanentError
from reconciler.domain.secret_names import is_telling
from reconciler.ports import StackReference

if TYPE_CHECKING:
    from iac_adapters.pulumi.cli import Cli

_PROGRAMS: Final = ("*.py", "*.yaml", "*.yml", "*.json", "*.ts", "*.js", "*.go", "*.cs", "*.java")
_LARGEST_BYTES: Final = 1 << 20
_MOST_FILES: Final = 200


def config_words(project: Project, cli: Cli) -> Iterator[str]:
    """Yield the secrets of the stack's configuration; none where the passphrase is not known."""
    try:
        content = yaml.safe_load(read_bytes(project.stack_file(cli.stack)))
    except (OSError, yaml.YAMLError):
        return
    if not isinstance(content, dict) or not isinstance(content.get("config"), dict):
        return
    sealed = list(_sealed(content["config"]))
    salt = content.get("encryptionsalt")
    if not sealed or not isinstance(salt, str):
        return
    try:
        decrypt = passphrase_decrypter(salt, cli.environment, stack=cli.stack)
    except PermanentError:
        return  # whoever needs it to read the stack says so
    for ciphertext in sealed:
        try:
            yield from secret_texts(decrypt(ciphertext))
        except UNDECIPHERABLE:
            continue


def written_redactor(reference: StackReference) -> Redactor:
    """Return what takes out the secrets of environment and program, whatever can be loaded."""
    environment = {**os.environ, **reference.environment}
    words = [*telling_texts(environment), *file_texts(reference.environment)]
    return Redactor(frozenset((*words, *_of_program(reference.directory))))


def _sealed(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, inner in node.items():
            if key == "secure" and isinstance(inner, str):
                yield inner
            else:
                yield from _sealed(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _sealed(inner)


def _of_program(directory: Path) -> Iterator[str]:
    files = [file for pattern in _PROGRAMS for file in sorted(directory.glob(pattern))]
    for file in files[:_MOST_FILES]:
        try:
            # The file that blocks is the one whose error is told: never wait for it here.
            with open_regular(file) as stream:
                text = stream.read(_LARGEST_BYTES).decode(errors="replace")
        except OSError:
            continue
        for literal in literals_in(text, is_json=file.suffix == ".json"):
            if looks_generated(literal.text) or any(map(is_telling, literal.names)):
                yield from secret_texts(literal.text)
