"""Scripts of fake worlds: checked as files are, and run by the runner of the worlds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.domain.errors import PermanentError
from reconciler.domain.scripts import PlannedScript, ScriptRule
from reconciler.domain.values import Json
from reconciler.ports import RunnerJob
from tests.fakes import PLAN_FILE


@dataclass(slots=True)
class WorldScripts:
    """Implements `Scripts`: `allowed` is the hash in the settings, `there` that of the file."""

    allowed: dict[str, str] = field(default_factory=dict)
    there: dict[str, str] = field(default_factory=dict)
    lack: str | None = None

    @classmethod
    def of(cls, *names: str) -> WorldScripts:
        hashes = {name: f"{name}-1" for name in names}
        return cls(dict(hashes), dict(hashes))

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self.allowed)

    def change(self, name: str, sha256: str, *, allowed: bool = True) -> None:
        """Change the file, and where it is `allowed` what the settings say of it as well."""
        self.there[name] = sha256
        if allowed:
            self.allowed[name] = sha256

    def save(
        self, name: str, given: Json, *, folder: Path, environment: Mapping[str, str]
    ) -> tuple[PlannedScript, RunnerJob]:
        if name not in self.allowed:
            raise PermanentError(f"trueup.toml has no [[script]] named {name!r}", remedy="add it")
        if self.there[name] != self.allowed[name]:
            raise PermanentError(
                f"script {name} is not the allowed one: its SHA-256 is {self.there[name]}",
                remedy="write the new sha256",
            )
        rule = ScriptRule(name, f"/scripts/{name}", self.allowed[name])
        (folder / PLAN_FILE).write_text(json.dumps({"given": dict(given)}))
        (finding, *_) = given["findings"]
        argv = ("fake", "script", str(folder / PLAN_FILE), finding["stack"])
        return PlannedScript(rule, given, lack=self.lack), RunnerJob(argv, folder, environment)
