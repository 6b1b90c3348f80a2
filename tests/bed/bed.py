"""A stack of the bed: deployed once, with the drift that it knows, in rounds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.bed.drift import Drift
from tests.makers import MakersStack

STACKS: Final = Path(__file__).parent / "stacks"
Rounds = Sequence[Sequence[Drift]]


@dataclass(frozen=True, slots=True)
class Bed:
    """A deployed stack; the drifts of one round may be in force together."""

    name: str
    stack: MakersStack
    rounds: Rounds
    variables: Mapping[str, str] = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What the tool and its providers are given."""
        return {**self.stack.environment, **self.variables}


def made(
    name: str,
    folder: Path,
    *,
    mirror: Path,
    terraform: Path,
    variables: Mapping[str, str],
    rounds: Callable[[MakersStack], Rounds],
) -> Bed:
    """Deploy the stack called `name` below `folder`, its variables from the environment."""
    code = (STACKS / name / "main.tf").read_text()
    directory = folder / name / "code"
    shutil.copytree(STACKS / name, directory, dirs_exist_ok=True)
    stack = MakersStack.made(folder / name, mirror=mirror, terraform=terraform, code=code)
    stack.apply(**variables)
    return Bed(name, stack, rounds(stack), variables)
