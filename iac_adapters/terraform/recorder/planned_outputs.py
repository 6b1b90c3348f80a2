"""Which outputs of the root module a plan would change. Pure.

Source: JSON output format 1.x, `output_changes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from iac_adapters.terraform.exact_json import exact_dumps, exact_loads
from iac_adapters.terraform.plan_values import with_unknown
from iac_adapters.terraform.recorder.output_feeders import Locals, output_feeders
from reconciler.domain.origin import contains_unknown
from reconciler.domain.values import Value

UNTOLD: Final = "untold"
"""The action of an output that a plan did not come to: it failed before."""
_NOTHING: Final = ["no-op"]
_UNTOUCHED: Final = "noop"


@dataclass(frozen=True, slots=True, repr=False)
class PlannedOutput:
    """One output that the plan would change; its values may be secrets.

    `after` holds unknowns where only an apply tells the value. `before_json` and `after_json`
    are kept as the plan prints them. `feeders` are the resources, without instance keys, that
    its value comes from.
    """

    name: str
    action: str
    before_json: bytes
    after_json: bytes
    unknown_json: bytes
    sensitive: bool
    feeders: frozenset[str] = frozenset()

    @property
    def before(self) -> Value:
        """The recorded value."""
        value: Value = exact_loads(self.before_json)
        return value

    @property
    def after(self) -> Value:
        """The value that an apply would record, unknown where nobody can tell yet."""
        return with_unknown(exact_loads(self.after_json), exact_loads(self.unknown_json))

    @property
    def is_unknown(self) -> bool:
        """Whether only an apply can tell the value: of a new resource, or of `timestamp()`."""
        return contains_unknown(self.after)

    def same_change(self, other: PlannedOutput) -> bool:
        """Whether both plans would make the same of the same output."""
        return self._change() == other._change()

    def _change(self) -> tuple[object, ...]:
        return (self.name, self.action, self.before_json, self.after_json, self.unknown_json)

    def packed(self) -> list[Any]:
        """Return what `unpacked` reads back."""
        return [
            self.name,
            self.action,
            self.before_json,
            self.after_json,
            self.unknown_json,
            self.sensitive,
            sorted(self.feeders),
        ]

    @classmethod
    def unpacked(cls, fields: list[Any]) -> PlannedOutput:
        """Return what `packed` gave."""
        name, action, before, after, unknown, sensitive, feeders = fields
        return cls(name, action, before, after, unknown, sensitive, frozenset(feeders))


def changes_outputs(events: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a plan's event stream announces an output that it would change."""
    planned = (event["outputs"] for event in events if event.get("type") == "outputs")
    return any(
        output.get("action") != _UNTOUCHED for outputs in planned for output in outputs.values()
    )


def outputs_told(events: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """Return which outputs a plan's event stream says anything of, be it that they stay."""
    told = (event["outputs"] for event in events if event.get("type") == "outputs")
    return frozenset(name for outputs in told for name in outputs)


def untold_output(name: str) -> PlannedOutput:
    """Return the output `name`, of which nothing is known."""
    return PlannedOutput(name, UNTOLD, b"null", b"null", b"false", sensitive=False)


def holds_changed_outputs(document: Mapping[str, Any]) -> bool:
    """Whether a plan, as `show -json` prints it, would change any output."""
    changes = document.get("output_changes") or {}
    return any(change.get("actions") != _NOTHING for change in changes.values())


def planned_outputs(document: Mapping[str, Any], locals_: Locals) -> tuple[PlannedOutput, ...]:
    """Return the outputs that a plan would change, by name.

    `locals_` says what the code's local values refer to: the plan does not hold them.
    """
    changes = document.get("output_changes") or {}
    feeders = output_feeders(document, locals_)
    return tuple(
        _output(name, change, feeders.get(name, frozenset()))
        for name, change in sorted(changes.items())
        if change.get("actions") != _NOTHING
    )


def _output(name: str, change: Mapping[str, Any], feeders: frozenset[str]) -> PlannedOutput:
    marks = change.get("before_sensitive"), change.get("after_sensitive")
    return PlannedOutput(
        name=name,
        action=change["actions"][0],
        before_json=exact_dumps(change.get("before")),
        after_json=exact_dumps(change.get("after")),
        unknown_json=exact_dumps(change.get("after_unknown", False)),
        sensitive=any(mark not in (None, False, {}, []) for mark in marks),
        feeders=feeders,
    )
