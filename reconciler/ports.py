"""What the engine asks of the outside, and what it may rely on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar, runtime_checkable

from reconciler.domain.errors import RetryableError
from reconciler.domain.model import Observed, ResourceAddress, Snapshot, StackName
from reconciler.domain.plan import Plan
from reconciler.domain.scripts import PlannedScript
from reconciler.domain.values import Json
from reconciler.stack_options import StackOptions

if TYPE_CHECKING:  # a scan loads no records
    from reconciler.domain.edges import Edge
    from reconciler.domain.notices import Notice

Options = TypeVar("Options", bound=StackOptions)


@dataclass(frozen=True, slots=True)
class StackReference:
    """Which stack to read, as configuration or the command line named it.

    `engine` is `auto`, `plugin` or `cli`. `environment` is laid over the process's
    own for the tool and its plugins; it may hold credentials and is never stored. `options` are
    of the tool's own model, or of none: all its defaults are meant then.
    """

    name: StackName
    directory: Path
    tool: str
    engine: str = "auto"
    options: StackOptions | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def instance(self) -> str:
        """Which of the directory's stacks it is. See `StackOptions.instance`."""
        return (self.options or StackOptions()).instance(self.environment)

    def options_as(self, model: type[Options]) -> Options:
        """Return the options as `model`; its defaults where none were given.

        Raises:
            TypeError: they are another tool's.
        """
        if self.options is None:
            return model()
        if not isinstance(self.options, model):
            raise TypeError(f"{self.name}: the options are not {model.__name__}")
        return self.options


class Clock(Protocol):
    """The only source of time in the engine."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Declaration:
    """One resource's declared form, secrets replaced by keyed digests.

    `definition` is a JSON object: the evaluated configuration. `baseline_hash` is a keyed
    digest of what the last apply recorded; it changes when, and only when, that does.
    """

    address: ResourceAddress
    type: str
    definition: Json
    baseline_hash: str


@dataclass(frozen=True, slots=True)
class RunnerJob:
    """One command for the runner. `environment` is all the command gets, and never stored."""

    argv: tuple[str, ...]
    directory: Path
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunnerProcess:
    """Which process a runner is: an id alone may mean another one after a while."""

    pid: int
    started_at_s: float
    boot_id: str


@dataclass(frozen=True, slots=True)
class Exited:
    """The runner left its record: the command ended by itself with `exit_code`."""

    exit_code: int
    ended_at: datetime
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """It is at work."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """It is gone and left no record: nobody knows how far it came."""


@dataclass(frozen=True, slots=True)
class NeverBegun:
    """Its folder was made, and no runner took a job there: nothing was run, nor will be."""


RunnerState: TypeAlias = Exited | Running | Vanished | NeverBegun


@dataclass(frozen=True, slots=True)
class Done:
    """The tool says it did all it set out to do."""

    summary: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It ended with an error and a state that is whole; `reason` holds no secret."""

    reason: str
    stale: bool = False
    """The plan no longer fitted the state, so nothing at all was done."""
    read_first: bool = False
    """What it did counts and not how it ended: the next step is a fresh read."""


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Nobody can tell what happened; only a new observation can."""

    reason: str
    for_person: bool = False
    """It left what no read resolves, such as a state to be put back; `reason` says how."""


Outcome: TypeAlias = Done | Failed | InDoubt


class Step(StrEnum):
    """Where one resource of a running apply stands."""

    PENDING = "pending"
    CREATING = "creating"
    UPDATING = "updating"
    DELETING = "deleting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of a run's log as a person reads it; `address` and `step` when it is about one."""

    text: str
    address: ResourceAddress | None = None
    step: Step | None = None


class IacAdapter(Protocol):
    """One infrastructure-as-code tool, read-only so far as detection goes."""

    async def load(self, reference: StackReference) -> Snapshot:
        """Return the stack as recorded and declared; no cloud object is read.

        Nothing is written into the stack's directory, its backend or the cloud.

        Raises:
            RetryableError: the backend could not be reached.
            PermanentError: the code, the state or the set-up is unusable as it is.
        """
        ...

    def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Read and judge `addresses` (all when None), yielding each as it is known.

        Every address asked for is yielded exactly once; a failed read is `Unreadable`.
        """
        ...

    async def declarations(self, snapshot: Snapshot) -> tuple[Declaration, ...]:
        """Return every resource's declared form by address; the cloud is not asked."""
        ...

    async def plan(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        folder: Path,
        anew: Collection[ResourceAddress] = (),
    ) -> Plan:
        """Return what correcting exactly `addresses` would do, and save the plan in `folder`.

        `folder` is private to the caller (mode 0700) and empty; what is saved holds secrets.
        Of `anew`, which are among `addresses`, what provisions is made anew although it is as
        recorded: so that what it did to a host is done again.
        The state is locked while the plan is made; nothing is changed.

        Raises:
            RetryableError: the state is locked by somebody, or a backend did not answer.
            PermanentError: the code or the set-up allows no plan.
        """
        ...

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        """Return the command that does exactly what the plan saved in `folder` says."""
        ...

    def progress(self, line: bytes, *, stack: StackName | None = None) -> Progress | None:
        """Return what one line of the run's log means; None when it is of no interest.

        `stack` is whose run it is: what a provider said is repeated without that stack's
        secrets, and not at all where they are not known.
        """
        ...

    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        """Return what a run of `correction` came to, from what it left behind; reads only."""
        ...

    def without_secrets(self, text: str, *, stack: StackName) -> str | None:
        """Return `text` without the secrets of `stack`; None where they are not known now."""
        ...

    async def close(self) -> None:
        """End every process that was started; closing twice is closing once."""
        ...


@runtime_checkable
class Isolating(Protocol):
    """What an `IacAdapter` offers besides where its resources can be put into quarantine.

    A plan that is saved here is carried out by `correction`, and its end told by `outcome`.
    """

    async def edges(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        named: Collection[str] = (),
    ) -> tuple[Edge, ...]:
        """Return what connects `addresses`, as `domain.edges` finds it; no cloud object is read."""
        ...

    async def plan_detaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Return what destroying exactly `edges` would do, and save the plan in `folder`.

        Nothing else is refreshed, so that the record keeps what it holds of drifted resources.

        Raises:
            RetryableError, PermanentError: see `IacAdapter.plan`.
        """
        ...

    async def plan_attaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Return what creating `edges` again would do, and save the plan in `folder`.

        What they depend on is taken as it is recorded: drift of it is not corrected by this.
        An edge that is there already, and one that the code does not declare any more, is in
        no plan.

        Raises:
            RetryableError, PermanentError: see `IacAdapter.plan`.
        """
        ...

    def forgetting(self, snapshot: Snapshot, address: ResourceAddress) -> str:
        """Return the command that takes `address` off the state and leaves the world as it is."""
        ...


class Claim(IntEnum):
    """How sure a tool is that a directory is a stack of its own; the stronger claim wins."""

    SOURCES = 1
    """Files of its language lie there, which another tool's project may hold as well."""
    PROJECT = 2
    """A file that makes the directory a project of this tool."""


@dataclass(frozen=True, slots=True)
class DiscoveredStack:
    """A stack that `trueup init` proposes; `lines` are options of the tool, as TOML."""

    directory: Path
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that `trueup init` proposes no stack for, though it looks like one: why, what to do.

    Those of one tool that share `why` and `remedy` are named together.
    """

    file: Path
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class AdapterSetup:
    """What an adapter is opened with.

    `data_dir` is private and lasting, `cache_dir` may be emptied at any time. `key` keys every
    digest of a value. `progress` takes sentences about long work. Warm plugins hold at most
    `plugin_memory_bytes` together; None leaves it to the adapter. `repeats` says that a stack is
    scanned again and again, so that what is not urgent may be spread over scans.
    """

    data_dir: Path
    cache_dir: Path
    key: bytes = field(repr=False)
    progress: Callable[[str], None] | None = None
    plugin_memory_bytes: int | None = None
    repeats: bool = True


class AdapterFactory(Protocol):
    """One tool as it is registered: what it recognises, what a stack of it may say.

    The entry point in the group `trueup.adapters` names a class that implements this and takes
    no arguments; the entry point's name is the tool's. Importing it must be light: it happens
    wherever a stack is named, before it is known whose it is. A tool that may be started in any
    folder below a stack says so by `looks_above = True`.
    """

    looks_for: str
    """What makes a directory a stack, for the sentence that says there is none: `*.tf file`."""
    options: type[StackOptions]

    def detect(self, directory: Path) -> Claim | None:
        """Return whether `directory` is a stack of this tool, by what lies in it.

        Raises:
            OSError: it cannot be listed.
        """
        ...

    def discover(self, claimed: Sequence[Path]) -> Sequence[DiscoveredStack | LeftOut]:
        """Return which of the directories that this tool won are stacks of their own.

        What a person would miss among them is returned as `LeftOut`.
        """
        ...

    def open(self, setup: AdapterSetup) -> IacAdapter:
        """Return a fresh adapter; the caller closes it."""
        ...


class ApplyLocks(Protocol):
    """Who may apply: one at a time per stack, over all data directories of a user on a host."""

    def acquire(self, reference: StackReference) -> int:
        """Take the lock of the stack; return a file descriptor that holds it until closed.

        Whoever inherits the descriptor holds the lock too. Nobody is waited for.

        Raises:
            RetryableError: somebody has it.
            PermanentError: the lock cannot be made.
        """
        ...


class Runner(Protocol):
    """Runs one job per folder in a process that outlives the daemon."""

    async def start(
        self, job: RunnerJob, folder: Path, *, holding: int | None = None
    ) -> RunnerProcess:
        """Start `job`; its output goes to `folder/log`, its end to `folder/exit.json`.

        Returns once the runner exists. It ignores our signals and our death. It and the
        command keep the file descriptor `holding` open to their end.
        """
        ...

    def state(self, process: RunnerProcess | None, folder: Path) -> RunnerState:
        """Return what is known of it, from its record and from the process table.

        Without `process` it is looked for by its folder, which is right only for a runner
        that an earlier daemon may have started.
        """
        ...

    async def wait(self, process: RunnerProcess, folder: Path) -> Exited | Vanished:
        """Return when it has ended, also one that an earlier daemon started."""
        ...

    def interrupt(self, process: RunnerProcess) -> bool:
        """Ask it once to stop; a second call does nothing, since a second signal loses data."""
        ...


class Scripts(Protocol):
    """The scripts that the settings allow, as they lie on the daemon's host."""

    @property
    def names(self) -> frozenset[str]:
        """Which there are; empty where scripts are off."""
        ...

    def save(
        self, name: str, given: Json, *, folder: Path, environment: Mapping[str, str]
    ) -> tuple[PlannedScript, RunnerJob]:
        """Keep a copy of the script in `folder`; return the run and the command that does it.

        The copy is of exactly the content that its rule allows, and goes when the run ends.
        `given` becomes the standard input; of the daemon's variables, and of `environment` over
        them, it gets what its rule names.

        Raises:
            PermanentError: no rule allows it, or its file is missing, unsafe or another one.
        """
        ...


class RunLogs(Protocol):
    """The raw logs of runs, which may hold secrets; `log` is `FOLDER/log` of a run's folder."""

    def read(self, log: Path, offset: int, most_bytes: int) -> bytes:
        """Return what stands in `log` from `offset` on, sealed or not; nothing before it is."""
        ...

    def seal(self, log: Path) -> None:
        """Encrypt the log of a run that is over; one that is sealed or not there is left alone."""
        ...


class ChannelBusyError(RetryableError):
    """A channel asks to be left alone for a while: `after`, where it says how long."""

    def __init__(self, message: str, *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class Notifier(Protocol):
    """One channel: a mail server, a chat room, a pager, a receiver of webhooks."""

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        """Make the channel show `notice`; return what it takes to change that message later.

        `receipt` is what the last call for this alert returned, empty at first. The same notice
        twice is harmless: both carry the same key. What ends with an error may have been shown.

        Raises:
            RetryableError: not now; `ChannelBusyError` when it was asked to wait.
            PermanentError: never, as it is configured: a wrong key, a room that is not there.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
