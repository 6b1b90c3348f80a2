"""`/ignores`: what is ignored by rule, and how often."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Daemon, answered, page_of
from reconciler.api.queries import ListQuery
from reconciler.domain.ignoring import RuleMatches
from reconciler.wire.ignores import ignore_rule_of
from reconciler.wire.pages import page_object


async def list_ignores(service: Daemon, query: Annotated[ListQuery, Query()]) -> Response:
    """List the ignore rules in their order, with what each of them has ignored."""
    matches = await service.store.read(lambda view: view.findings.ignored_by_rule())
    rules = [
        ignore_rule_of(rule, matches.get(rule.name, RuleMatches())) for rule in service.ignores
    ]
    order = {rule.name: f"{place:08d}" for place, rule in enumerate(rules)}
    page = page_of(rules, query, key=lambda rule: order[rule.name])
    return answered(page_object(page, lambda rule: rule))
