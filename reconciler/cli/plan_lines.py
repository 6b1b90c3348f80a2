"""A plan as people read it: what would be destroyed first, and the digest last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from reconciler.cli.change_lines import difference_lines
from reconciler.cli.client.received import read_value
from reconciler.cli.labels import SEVERITIES, spoken, text_of, wrapped
from reconciler.cli.paint import Paint, safe
from reconciler.wire import models as wire

_ACTIONS: Final = {
    "delete": ("- delete", "critical"),
    "replace": ("-+ replace", "critical"),
    "invoke": ("! invoke", "critical"),
    "other": ("? other", "critical"),
    "forget": ("x forget", "medium"),
    "script": ("> script", "medium"),
    "update": ("~ update", "medium"),
    "create": ("+ create", "good"),
}
_ORDER: Final = tuple(_ACTIONS)
DESTRUCTIVE: Final = frozenset({"delete", "replace", "invoke", "other"})
_INDENT: Final = " " * 11


FindingsByAddress: TypeAlias = Mapping[str, wire.Finding]
"""The findings that a plan corrects, by address."""


def plan_lines(
    plan: wire.Plan,
    *,
    paint: Paint,
    findings: FindingsByAddress = MappingProxyType({}),
    awaited: bool = True,
) -> Iterator[str]:
    """Yield the plan; nothing of it is left out. `awaited` unless its approval is over."""
    for resource in sorted(plan.resources, key=_rank):
        yield from _title(resource, paint, findings)
        yield from _changes(resource, paint)
    if plan.script:
        yield from _script(plan.script, paint)
    outputs = plan.outputs
    if outputs:
        names = ", ".join(safe(output) for output in outputs)
        yield f"{paint('medium', '~ outputs')}  {names}"
    if plan.resources or outputs:
        yield ""
    yield text_of(plan.summary)
    if plan.concerns:
        word = "requires" if awaited else "required"
        yield paint("medium", f"{word} approval:")
        for sentence in plan.concerns:
            yield from wrapped(f"! {text_of(sentence)}", indent="  ", paint=paint)
    yield f"digest {text_of(plan.digest)}"


def destroys(plan: wire.Plan) -> bool:
    """Whether anything that exists would not survive it, or nobody knows."""
    return any(resource.action in DESTRUCTIVE for resource in plan.resources)


def plan_overview(
    plan: wire.Plan, *, paint: Paint, findings: FindingsByAddress, most: int
) -> Iterator[str]:
    """Yield a line per resource, the most severe last before whoever reads it has to decide."""
    resources = sorted(plan.resources, key=lambda resource: _weight(resource, findings))
    left_out = len(resources) - most
    if left_out > 0:
        yield paint("dim", f"  {left_out} more above")
    for resource in resources[max(left_out, 0) :]:
        yield from (f"  {line}" for line in _title(resource, paint, findings, margin=2))


def _weight(resource: wire.PlannedResource, findings: FindingsByAddress) -> tuple[bool, int, str]:
    """Return how much a resource weighs: what does not survive most, then severity."""
    finding = findings.get(resource.address)
    severity = finding.severity if finding else ""
    rank = len(SEVERITIES) - SEVERITIES.index(severity) if severity in SEVERITIES else 0
    return resource.action in DESTRUCTIVE, rank, resource.address


def _title(
    resource: wire.PlannedResource, paint: Paint, findings: FindingsByAddress, *, margin: int = 0
) -> Iterator[str]:
    """Yield what is done to which resource, its severity and why: one line where that fits."""
    action: str = resource.action
    word, style = _ACTIONS.get(action, (f"? {spoken(action)}", "critical"))
    title = f"{paint(style, f'{word:<10}')} {paint('strong', text_of(resource.address))}"
    finding = findings.get(resource.address)
    if finding is None:
        yield title
        return
    severity = text_of(finding.severity)
    source = finding.source
    place = f"  {text_of(source.file)}:{source.line}" if source else ""
    head = f"{title}  {paint(severity, severity)}"
    why = text_of(finding.severity_reason or "")
    beside = f"{place}  {why}" if why else place
    plain = f"{word:<10} {text_of(resource.address)}  {severity}{beside}"
    if len(plain) + margin <= paint.width:
        yield f"{head}{paint('dim', beside)}"
        return
    yield f"{head}{paint('dim', place)}"
    if why:
        yield from wrapped(why, indent=_INDENT, paint=paint, style="dim")


def _rank(resource: wire.PlannedResource) -> tuple[int, str]:
    action: str = resource.action
    return _ORDER.index(action) if action in _ORDER else -1, resource.address


def _changes(resource: wire.PlannedResource, paint: Paint) -> Iterator[str]:
    for change in resource.changes:
        lines = difference_lines(
            safe(change.path),
            read_value(change.before),
            read_value(change.after),
            indent=_INDENT,
            paint=paint,
        )
        for line in lines:
            yield line.rstrip()


def _script(script: wire.PlannedScript, paint: Paint) -> Iterator[str]:
    """Yield what will run: the file and its hash, its limits, and all that it will be given."""
    yield ""
    yield f"{paint('medium', '> runs')}     {text_of(script.path)}"
    yield f"{_INDENT}sha256 {text_of(script.sha256)}"
    yield (
        f"{_INDENT}at most {script.seconds:g} s, {_mib(script.memory)} of memory per process,"
        f" {script.processes} processes, {script.open_files} open files,"
        f" files of {_mib(script.file_size)}"
        + (f", {_mib(script.disk)} of files in all" if script.disk is not None else "")
    )
    network = "with the network" if script.network else "without network"
    kind = "isolated in namespaces" if script.isolated else "not isolated"
    yield f"{_INDENT}{kind}, {network}"
    names = ", ".join(map(text_of, script.environment)) or "none"
    yield f"{_INDENT}variables of the stack: {names}"
    if script.lack:
        yield from wrapped(f"! {text_of(script.lack)}", indent=_INDENT, paint=paint)
    yield f"{_INDENT}standard input:"
    given = json.dumps(script.given, indent=2, sort_keys=True, ensure_ascii=False)
    for line in given.splitlines():
        yield f"{_INDENT}  {safe(line)}"


def _mib(size: int) -> str:
    return f"{size / 2**20:g} MiB"
