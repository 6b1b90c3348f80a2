"""What is kept of a host, changed as a report says, and recomputed from what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.protocol.messages import Report, SectionChange
from agent.protocol.tree import leaf_digests, root_digest, section_digest
from reconciler.domain.agents import AgentSection
from reconciler.engine.agent_refusals import AgentRefusedError
from reconciler.engine.kept_leaves import packed_leaves, unpacked_leaves


@dataclass(frozen=True, slots=True)
class SectionsChange:
    """The sections of a host after a report; those that it changed, and the names that are gone."""

    sections: dict[str, AgentSection]
    fresh: Mapping[str, AgentSection]
    dropped: frozenset[str]


def changed_sections(
    agent_id: str, kept: Mapping[str, AgentSection], report: Report
) -> SectionsChange:
    """Return what the kept sections become by `report`: their root is the one it announced.

    Raises:
        AgentRefusedError: `wrong-hash`: what was sent does not give that root.
    """
    fresh = {
        name: _changed(agent_id, name, kept.get(name), change)
        for name, change in report.sections.items()
    }
    dropped = frozenset(report.dropped) - fresh.keys()
    sections = {**kept, **fresh}
    for name in dropped:
        sections.pop(name, None)
    digests = {name: bytes.fromhex(section.digest) for name, section in sections.items()}
    if root_digest(digests).hex() != report.root:
        raise AgentRefusedError(
            "wrong-hash", "what was sent does not give the root that was announced"
        )
    return SectionsChange(sections, fresh, dropped)


def _changed(
    agent_id: str, name: str, before: AgentSection | None, change: SectionChange
) -> AgentSection:
    leaves = {} if before is None or change.whole else unpacked_leaves(before.body)
    for key in change.removed:
        leaves.pop(key, None)
    leaves.update(change.changed)
    ordered = sorted(leaves.items())
    digests = b"".join(leaf_digests(name, ordered))
    return AgentSection(
        agent_id=agent_id,
        name=name,
        status=change.status,
        digest=section_digest(name, change.status, digests).hex(),
        leaves=len(leaves),
        body=packed_leaves(dict(ordered)),
    )
