"""What a report must say of the changes that are in force, and what the stock plan must."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from reconciler.cli.paint import Paint
from reconciler.cli.render import report_lines
from reconciler.domain.model import Origin
from reconciler.wire.scan import finding_object, json_bytes, scan_object
from tests.worlds.mutations import paths_match
from tests.worlds.oracle import of_a_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.domain.model import Finding, StackReport
    from tests.worlds.deploy import Deployed
    from tests.worlds.mutations import Mutation
    from tests.worlds.oracle import OracleChange

SECRETS: Final = (
    "stolen-value",
    "partner-token-1",
    "correct-horse",
    "payment-key-of-the-demo",
    "first-value",
    "copy of primary",
)
_INDEX: Final = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')


def quiet(report: StackReport) -> bool:
    """Say whether everything was read and nothing deviates."""
    return not report.findings and not report.unreadable and report.counts.resources > 0


def found(report: StackReport) -> list[dict[str, Any]]:
    """Return the findings whole, as they leave the process."""
    return [finding_object(finding) for finding in report.findings]


def kinds(report: StackReport) -> dict[str, str]:
    """Return each finding's kind by address."""
    return {finding.address: finding.kind.value for finding in report.findings}


def essence(report: StackReport) -> dict[str, tuple[str, Origin | None, bool]]:
    """Return what both engines must say alike of each finding: kind, origin, replacement."""
    return {
        finding.address: (finding.kind.value, finding.origin, finding.requires_replace)
        for finding in of_a_plan(report)
    }


def told_secrets(report: StackReport) -> list[str]:
    """Return the secrets of the worlds that can be read anywhere in what we print or keep."""
    told = json_bytes(scan_object([report])).decode()
    told += "\n".join(report_lines(report, paint=Paint(width=100_000), verbose=True))
    told += repr(report)
    return [secret for secret in SECRETS if secret in told]


def opens_its_block(finding: Finding, world: Deployed) -> bool:
    """Say whether the finding's line really opens the block of the resource it names."""
    if finding.source is None:
        return False
    lines = (world.directory / finding.source.file).read_text().splitlines()
    kind, name = _INDEX.sub("", finding.address).split(".")[-2:]
    return lines[finding.source.line - 1].startswith(f'resource "{kind}" "{name}"')


def disagreements(
    report: StackReport,
    turn: Sequence[Mutation],
    oracle: Mapping[str, OracleChange],
    world: Deployed,
) -> list[str]:
    """Return every point where report, changes in force and stock plan do not say the same."""
    expected = {mutation.address for mutation in turn}.union(*(one.also for one in turn))
    ours = {str(finding.address): finding for finding in of_a_plan(report)}
    return [
        *(f"lost: {address}" for address in sorted(expected - ours.keys())),
        *(f"false: {address}" for address in sorted(ours.keys() - expected)),
        *(f"not planned: {address}" for address in sorted(expected - oracle.keys())),
        *(f"only planned: {address}" for address in sorted(oracle.keys() - expected)),
        *(f"unreadable: {address}: {reason}" for address, reason in report.unreadable),
        *(f"secret told: {secret}" for secret in told_secrets(report)),
        *(f"{m.name}: {wrong}" for m in turn for wrong in _of_finding(m, ours.get(m.address))),
        *(f"{m.name}: {wrong}" for m in turn for wrong in _of_plan(m, oracle.get(m.address))),
        *_of_places(ours.values(), oracle, world),
    ]


def _of_finding(mutation: Mutation, finding: Finding | None) -> Iterator[str]:
    if finding is None:
        return
    if finding.kind.value != mutation.kind:
        yield f"found {finding.kind.value}"
    if finding.origin is not Origin.OUT_OF_BAND:
        yield f"origin {finding.origin}"
    paths = {str(change.path) for change in finding.changes}
    if not paths_match(mutation.paths, paths):
        yield f"found at {sorted(paths)}"


def _of_plan(mutation: Mutation, change: OracleChange | None) -> Iterator[str]:
    """Yield what the stock plan says that the mutation does not expect."""
    if change is None:
        return
    creates = change.actions == ("create",)
    if creates is not (mutation.kind == "missing"):
        yield f"planned {change.actions}"
    if mutation.kind == "missing":
        return
    expected = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in mutation.paths}
    actual = change.top_level_paths() - mutation.echoes
    if not paths_match(expected, actual):
        yield f"planned at {sorted(actual)}"


def _of_places(
    findings: Iterable[Finding], oracle: Mapping[str, OracleChange], world: Deployed
) -> Iterator[str]:
    for finding in findings:
        if not opens_its_block(finding, world):
            yield f"{finding.address}: declared at {finding.source}"
        planned = oracle.get(finding.address)
        replaces = planned is not None and {"create", "delete"} <= set(planned.actions)
        if finding.requires_replace is not replaces:
            yield f"{finding.address}: requires_replace is {finding.requires_replace}"
