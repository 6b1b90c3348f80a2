"""Who saw a drift: only the source that saw it may say that it is gone."""

from __future__ import annotations

from typing import Final, NewType

from reconciler.domain.principals import Principal, PrincipalKind

Source = NewType("Source", str)

SCAN: Final = Source("scan")
"""A scan of the stack by trueup itself."""


AGENTS: Final = "agent:"
"""How the source of every agent begins."""

WATCH: Final = "watch:"


def agent_source(agent_id: str) -> Source:
    """Return the source that the agent of one host is."""
    return Source(f"{AGENTS}{agent_id}")


def is_of_agent(source: Source) -> bool:
    """Whether the agent of a host is that source: its report follows within an interval."""
    return source.startswith(AGENTS)


def watch_source(agent_id: str) -> Source:
    """Return the source that says that an agent is silent: trueup itself, which waits for it."""
    return Source(f"{WATCH}{agent_id}")


def report_source(token_name: str) -> Source:
    """Return the source that reports with the token of that name.

    A token that replaces another keeps the source by keeping the name.
    """
    return Source(f"report:{token_name}")


def source_of(principal: Principal) -> Source:
    """Return the source whose reports `principal` sends."""
    if principal.kind is PrincipalKind.AGENT:
        return agent_source(principal.subject)
    return report_source(principal.subject)
