"""Beds deployed at most once, each on a server of its own."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bed import bed as beds
from tests.bed import brokers, corner, files, names, postgresql
from tests.bed.bed import Bed
from tests.bed.bind import find_bind, running_bind
from tests.bed.rabbitmq import find_rabbitmq, running_rabbitmq
from tests.postgres import find_postgres, running_postgres

NAMES: Final = ("files", "postgresql", "rabbitmq", "dns", "corner")
SERVERS: Final = {
    "postgresql": ("postgres", find_postgres),
    "rabbitmq": ("rabbitmq", find_rabbitmq),
    "dns": ("bind", find_bind),
}
"""By bed: what its server is called among the parts of a machine, and how it is found."""


@dataclass(frozen=True, slots=True)
class Beds:
    """Makes a bed when it is first asked for; `open` holds the servers."""

    folder: Path
    mirror: Path
    terraform: Path
    open: ExitStack
    _made: dict[str, Bed] = field(default_factory=dict)

    def made(self, name: str) -> Bed:
        """Return the bed called `name`, deployed; its server must be there.

        Raises:
            ServerError: its server did not come up.
        """
        if name not in self._made:
            self._made[name] = self._make(name)
        return self._made[name]

    def _make(self, name: str) -> Bed:
        at = {"mirror": self.mirror, "terraform": self.terraform}
        match name:
            case "files":
                web = self.open.enter_context(files.running_web())
                return beds.made(
                    name, self.folder, **at, variables=files.variables(web),
                    rounds=lambda stack: files.rounds(stack, web),
                )  # fmt: skip
            case "postgresql":
                programs = find_postgres()
                assert programs is not None
                running = running_postgres(programs, settings=postgresql.SETTINGS)
                address = self.open.enter_context(running)
                return beds.made(
                    name, self.folder, **at, variables=postgresql.variables(address),
                    rounds=lambda _: postgresql.rounds(address),
                )  # fmt: skip
            case "rabbitmq":
                program = find_rabbitmq()
                assert program is not None
                broker = self.open.enter_context(running_rabbitmq(program))
                return beds.made(
                    name, self.folder, **at, variables=brokers.variables(broker),
                    rounds=lambda _: brokers.rounds(broker),
                )  # fmt: skip
            case "dns":
                program = find_bind()
                assert program is not None
                server = self.open.enter_context(running_bind(program))
                return beds.made(
                    name, self.folder, **at, variables=names.variables(server),
                    rounds=lambda _: names.rounds(server),
                )  # fmt: skip
            case "corner":
                drift = self.folder / "drift"
                return beds.made(
                    name, self.folder, **at, variables=corner.variables(drift),
                    rounds=lambda stack: corner.rounds(
                        drift, stack.directory / "terraform.tfstate"
                    ),
                )  # fmt: skip
            case _:
                message = f"no such bed: {name}"
                raise ValueError(message)
