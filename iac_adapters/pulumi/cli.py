"""Run the Pulumi CLI for one stack, and say in plain words why it failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host.command import ToolRun, cut_short, run_command
from iac_adapters.plugin_host.provider_errors import Cause, cause_of
from iac_adapters.pulumi.events import errors_in, events_of, stderr_in
from iac_adapters.pulumi.sdk import REMEDY as SDK_REMEDY
from iac_adapters.pulumi.tracebacks import without_tracebacks
from iac_adapters.redaction.redactor import Redactor
from reconciler.domain.errors import PermanentError, ReconcilerError, RetryableError

_NO_PLUGIN: Final = re.compile(
    r"no resource plugin 'pulumi-resource-([\w-]+)' found"
    r"(?: in the workspace at version v([\w.+-]+))?"
)
_ADDED: Final = {
    "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
    "NO_COLOR": "1",
    # A program's modules are not to leave byte code beside them.
    "PYTHONDONTWRITEBYTECODE": "1",
}
_SHOWN_CHARACTERS: Final = 1500
_RUNNING: Final = ("preview", "up")
_COUNTING: Final = ("preview", "refresh")
_COUNT: Final = b'"summaryEvent"'
_SAYING_NOTHING: Final = frozenset({"preview failed", "update failed"})
_LOCKED: Final = "the stack is currently locked by"
PASSING: Final = frozenset({Cause.THROTTLED, Cause.UNREACHABLE})
# Plan violations print the values on both sides, secrets among them.
_VALUES: Final = re.compile(r"(violates plan: [a-z ]*:? ?).*", re.DOTALL)
# YAML programs are quoted by the line an error is about, secrets among what stands there.
_EXCERPT: Final = re.compile(r"^(\s*\d+:).*$", re.MULTILINE)
# Every option of a command can be given by a variable too, targets among them; logs tell secrets.
_DISTURBING: Final = ("PULUMI_OPTION_", "PULUMI_DEBUG", "PULUMI_LOG", "TF_LOG")
_REMEDIES: Final = (
    ("incorrect passphrase", "correct PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"),
    ("passphrase must be set", "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE"),
    ("no stack named", "name one with --stack or `pulumi_stack`, or make it: `pulumi stack init`"),
    ("Missing required configuration", "set it with `pulumi config set`"),
    ("invalid YAML file", "correct Pulumi.yaml, or the Pulumi.STACK.yaml beside it"),
    ("Could not automatically download and install resource", "run `pulumi install` there"),
    ("Pulumi SDK is missing", SDK_REMEDY),
    ("failed to load language plugin", "install the language's host: it comes with Pulumi"),
    ("No module named", "install the program's requirements: `pulumi install`"),
    ("PULUMI_ACCESS_TOKEN must be set", "run `pulumi login`, or set PULUMI_BACKEND_URL"),
)


@dataclass(frozen=True, slots=True, repr=False)
class Cli:
    """The CLI, for one stack. `environment` is all it gets, and may hold credentials."""

    executable: Path
    directory: Path
    stack: str
    environment: Mapping[str, str]
    redactor: Redactor = field(default_factory=Redactor)
    program: tuple[str, ...] = ()
    """What commands that run the program are told where it is no project on disk."""

    @property
    def undisturbed(self) -> dict[str, str]:
        """Return the environment without what would change a command or have it tell more."""
        return {n: v for n, v in self.environment.items() if not n.startswith(_DISTURBING)}

    def arguments(self, *command: str) -> list[str]:
        """Return a command's words, with the stack named and nothing asked of anybody."""
        program = self.program if command[0] in _RUNNING else ()
        return [*command, "--stack", self.stack, "--non-interactive", *program]

    async def run(
        self,
        *command: str,
        timeout_s: float,
        holds_lock: bool = False,
        heard: Callable[[bytes], None] | None = None,
    ) -> ToolRun:
        """Run one command to its end, whatever that is. Raises what `run_command` raises.

        Raises:
            RetryableError: it ended well, and its events did not come to their end.
        """
        run = await run_command(
            self.executable,
            self.arguments(*command),
            directory=self.directory,
            environment={**self.undisturbed, **_ADDED},
            timeout_s=timeout_s,
            holds_lock=holds_lock,
            heard=heard,
        )
        tells = command[0] in _COUNTING and "--json" in command
        if tells and run.exit_code == 0 and _COUNT not in run.stdout:
            raise cut_short(self.directory, f"pulumi {command[0]}")
        return run

    def failure(self, run: ToolRun, doing: str) -> ReconcilerError:
        """Return the error for a command that ended otherwise than with 0."""
        text = self.reason(run)
        message = f"{self.directory}: {doing}: {text}"
        if _LOCKED in text:
            return RetryableError(
                message, remedy="wait until that has ended; `pulumi cancel` only if it is dead"
            )
        remedy = _installing(text) or next(
            (remedy for words, remedy in _REMEDIES if words in text), None
        )
        if remedy is None and cause_of(text) in PASSING:
            return RetryableError(message, remedy="try again when it answers")
        return PermanentError(
            message, remedy=remedy or f"run `pulumi preview --stack {self.stack}` there to see more"
        )

    def reason(self, run: ToolRun) -> str:
        """Return what the command itself said, without secrets."""
        events = list(events_of(run.stdout))
        said = [error.text for error in errors_in(events)]
        if all(text in _SAYING_NOTHING for text in said):
            said = stderr_in(events) or said
        said += [line for line in run.stderr.splitlines() if line.strip()] if not said else []
        text = "\n".join(said) or f"it ended with exit code {run.exit_code}"
        return speakable(text, self.redactor)


def _installing(text: str) -> str | None:
    """Return how to install the plugin that the CLI has looked for in vain."""
    found = _NO_PLUGIN.search(text)
    if found is None:
        return None
    wanted = " ".join(part for part in found.groups() if part)
    return f"run `pulumi install` there, or `pulumi plugin install resource {wanted}`"


def speakable(text: str, redactor: Redactor) -> str:
    """Return a message of the engine, a program or a provider with what is secret blanked."""
    text = without_tracebacks(_EXCERPT.sub(r"\1 ...", _VALUES.sub(r"\1...", text)))
    text = redactor.without(text).strip()
    text = text.removeprefix("error: ")
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
