"""A root module apart: the stack's provider and plugins, and a state of its own.

What is planned and applied there leaves the stack's state, its backend and its code alone. What is
written there holds credentials and secrets; it lies in the run's private folder under a name that
goes with the plan.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import orjson

from iac_adapters.children.apart import scratch_of
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.terraform.command import ToolRun, run_tool
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.correction import PLAN_FILE, applying
from iac_adapters.terraform.diagnostics_text import parse_events, plain_text, render_diagnostics
from iac_adapters.terraform.installed import LOCK_FILE
from iac_adapters.terraform.loaded import LoadedResource, ProviderKey
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.shown_plan import show_plan
from iac_adapters.terraform.values import decode
from iac_adapters.terraform.workspace import data_directory
from reconciler.domain.errors import PermanentError
from reconciler.domain.values import Value
from reconciler.ports import RunnerJob

PROVIDER: Final = "stack"
"""What the provider is called there."""
_CODE: Final = "main.tf.json"
_STATE: Final = "terraform.tfstate"
_TIMEOUT_S: Final = 600.0
_OF_THE_STACK: Final = ("TF_DATA_DIR", "TF_WORKSPACE")


def job_apart(context: Context, *, folder: Path) -> RunnerJob:
    """Return the command that does exactly what the plan saved in `folder` says."""
    return RunnerJob(
        argv=(
            str(context.executable),
            "apply",
            "-input=false",
            "-json",
            str((folder / PLAN_FILE).absolute()),
        ),
        directory=scratch_of(folder).absolute(),
        environment=apart_environment(context.environment),
    )


def apart_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` for a command in the root module apart."""
    return {k: v for k, v in applying(environment).items() if k not in _OF_THE_STACK}


def provider_of(resources: Iterable[LoadedResource]) -> ProviderKey:
    """Return the one provider configuration that `resources` belong to.

    Raises:
        PermanentError: they belong to several, or none is known of them.
    """
    keys = {key.digest: key for item in resources if (key := item.provider) is not None}
    if not keys:
        raise PermanentError(
            "the provider of these resources was not started, so nothing is planned with it",
            remedy="run `trueup scan --engine plugin`, which says why; a stack of engine `cli` is"
            " read without its providers",
        )
    if len(keys) > 1:
        raise PermanentError(
            "these resources belong to several provider configurations",
            remedy="ask for those of one configuration at a time",
        )
    return next(iter(keys.values()))


@dataclass(frozen=True, slots=True, repr=False)
class ModuleApart:
    """The root module apart of one plan that is to be made in `folder`."""

    context: Context
    key: ProviderKey
    schemas: Mapping[str, ProviderSchema]
    folder: Path
    redactor: Redactor
    remedy: str
    """What a person can do instead, where no plan can be made."""
    without: Collection[str] = ()
    """What of the provider's configuration is left out."""

    @property
    def directory(self) -> Path:
        """Where it lies."""
        return scratch_of(self.folder)

    @property
    def schema(self) -> ProviderSchema:
        """The schema of the provider."""
        return self.schemas[self.key.installed.source]

    def lay_out(self) -> None:
        """Make the directory, with the stack's lock file and plugins."""
        context, directory = self.context, self.directory
        (directory / ".terraform").mkdir(mode=0o700, parents=True)
        directory.chmod(0o700)
        lock = context.directory / LOCK_FILE
        if lock.is_file():
            (directory / LOCK_FILE).write_bytes(lock.read_bytes())
        plugins = data_directory(context.directory, context.environment) / "providers"
        (directory / ".terraform" / "providers").symlink_to(plugins.absolute())

    def write_code(self, blocks: Mapping[str, Any]) -> None:
        """Write the code: the provider as it was evaluated, credentials included, and `blocks`."""
        required = {PROVIDER: {"source": self.key.installed.source}}
        code = {
            "terraform": {"required_providers": required},
            "provider": {PROVIDER: self._configuration()},
            **blocks,
        }
        self._write(_CODE, orjson.dumps(code, default=str))

    def write_state(self, state: bytes) -> None:
        """Write the state of its own."""
        self._write(_STATE, state)

    async def run(
        self, arguments: Sequence[str], variables: Mapping[str, str] = MappingProxyType({})
    ) -> ToolRun:
        """Run the tool there, with `variables` on top of its environment."""
        return await run_tool(
            self.context.executable,
            arguments,
            directory=self.directory,
            environment={**apart_environment(self.context.environment), **variables},
            timeout_s=_TIMEOUT_S,
        )

    async def saved_plan(self) -> Mapping[str, Any]:
        """Save a plan of all that is there; return its `show -json`, secrets in plain text.

        Raises:
            PermanentError: the tool made none; the message says why.
        """
        file = str((self.folder / PLAN_FILE).absolute())
        planned = await self.run(["plan", "-input=false", "-json", f"-out={file}"])
        if planned.exit_code != 0:
            raise self.failure(planned)
        (self.directory / _CODE).unlink()  # the plan holds the configuration; once is enough
        shown = await self._shown(Path(file))
        if shown.exit_code != 0:
            raise self.failure(shown)
        document: dict[str, Any] = json.loads(shown.stdout, parse_float=Decimal)
        return document

    async def _shown(self, file: Path) -> ToolRun:
        source = self.key.installed.source
        return await show_plan(
            self.run, file, schemas={source: self.schema}, types=self.context.types
        )

    def failure(self, run: ToolRun) -> PermanentError:
        """Return why the tool made no plan."""
        diagnostics, _ = parse_events(run.stdout)
        text = self.redactor.without(render_diagnostics(diagnostics) or plain_text(run.stderr))
        return PermanentError(
            f"it cannot be planned apart from the stack: {text}", remedy=self.remedy
        )

    def _write(self, name: str, content: bytes) -> None:
        file = self.directory / name
        file.touch(mode=0o600)
        file.write_bytes(content)

    def _configuration(self) -> dict[str, Any]:
        config = message("ConfigureRequest").FromString(self.key.configure).config.msgpack
        values = decode(config, self.schema.configuration) if config else None
        return {
            name: as_code(value)
            for name, value in (values or {}).items()
            if value not in (None, [], {}) and name not in self.without
        }


def as_code(value: Value) -> Any:
    """Return `value` as JSON code: nothing in it is a template, and what is null is left out."""
    match value:
        case str():
            return value.replace("${", "$${").replace("%{", "%%{")
        case list():
            return [as_code(item) for item in value]
        case dict():
            return {k: as_code(v) for k, v in value.items() if v is not None}
        case _:
            return value
