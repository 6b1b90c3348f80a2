"""What the stock `terraform plan` says of a stack: our own answers are held against it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.domain.model import Origin
from tests.simulator import run_tool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.domain.model import Finding, StackReport

NO_ACTION = frozenset({("no-op",), ("read",)})


class OracleFailedError(RuntimeError):
    """The command did not come to an answer; its own words are the message."""


@dataclass(frozen=True, slots=True)
class OracleChange:
    """One resource that the plan would touch, values as `terraform show -json` prints them."""

    actions: tuple[str, ...]
    before: Any
    after: Any
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    after_unknown: Any = field(default_factory=dict)

    def top_level_paths(self) -> frozenset[str]:
        """Name the top-level attributes whose known values differ."""
        if not isinstance(self.before, dict) or not isinstance(self.after, dict):
            return frozenset()
        return frozenset(
            name for name, value in self.after.items() if value != self.before.get(name)
        )


def of_a_plan(report: StackReport) -> list[Finding]:
    """Return the findings that a plan has a word about: of what no code declares it has none."""
    return [one for one in report.findings if one.origin is not Origin.UNDECLARED]


def plan_document(
    directory: Path,
    environment: Mapping[str, str],
    executable: Path,
    arguments: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Plan the stack and return the plan as JSON; nothing is left behind in `directory`.

    Raises:
        ToolError: The command ended with an error.
        OracleFailedError: The plan is not complete.
    """
    with tempfile.TemporaryDirectory(prefix="oracle-") as outside:
        plan = str(Path(outside) / "plan")
        asked = ("plan", "-input=false", "-lock=false", "-no-color", f"-out={plan}", *arguments)
        run_tool(executable, directory, *asked, environment=environment)
        shown = run_tool(executable, directory, "show", "-json", plan, environment=environment)
    document: dict[str, Any] = json.loads(shown)
    # A plan that met errors is written all the same, with no change in it.
    if document.get("errored") or document.get("complete") is False:
        raise OracleFailedError(f"{executable.name} plan: incomplete plan of {directory.name}")
    return document


def plan_actions(
    directory: Path,
    environment: Mapping[str, str],
    executable: Path,
) -> dict[str, OracleChange]:
    """Return every managed resource that a fresh plan would create, update, replace or delete.

    Raises:
        ToolError: The command ended with an error.
        OracleFailedError: The plan is not complete.
    """
    document = plan_document(directory, environment, executable)
    found: dict[str, OracleChange] = {}
    for resource in document.get("resource_changes", []):
        change = resource["change"]
        actions = tuple(change["actions"])
        if resource["mode"] != "managed" or actions in NO_ACTION:
            continue
        found[resource["address"]] = OracleChange(
            actions=actions,
            before=change.get("before"),
            after=change.get("after"),
            replace_paths=tuple(tuple(path) for path in change.get("replace_paths", ())),
            after_unknown=change.get("after_unknown", {}),
        )
    return found
