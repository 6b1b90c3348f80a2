"""The kinds of things that have ids, and how one is found from what somebody typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

import click

from reconciler.cli.ages import absolute
from reconciler.cli.client.api import Api
from reconciler.cli.identities import SHORTEST, Related, choose, find_one
from reconciler.cli.labels import spoken, text_of
from reconciler.cli.paint import safe
from reconciler.domain.errors import NotFoundError, ReconcilerError
from reconciler.wire import models as wire
from reconciler.wire import routes

T = TypeVar("T")
_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What may be an id, or its beginning; an address has a dot or a colon in it."""

_LEAST: Final = 4
"""So many characters of an id name it among all runs."""

FINDING: Final[Related[wire.Finding]] = Related(
    noun="finding",
    all=routes.LIST_FINDINGS,
    single=routes.READ_FINDING,
    id_of=lambda item: item.id,
    listing="trueup findings",
    line=lambda item: f"{text_of(item.stack)}  {text_of(item.address)}  {item.state}",
    names_of=lambda item: (item.address, item.resource_id),
)
REMEDIATION: Final[Related[wire.Remediation]] = Related(
    noun="remediation",
    all=routes.LIST_REMEDIATIONS,
    single=routes.READ_REMEDIATION,
    id_of=lambda item: item.id,
    listing="trueup remediations",
    line=lambda item: f"{text_of(item.stack)}  {spoken(item.state)}",
)
RUN: Final[Related[wire.Run]] = Related(
    noun="run",
    all=routes.LIST_RUNS,
    single=routes.READ_RUN,
    id_of=lambda item: item.id,
    listing="trueup runs",
    line=lambda item: f"{text_of(item.stack)}  {spoken(item.state)}  {absolute(item.started_at)}",
)
POLICY: Final[Related[wire.Policy]] = Related(
    noun="policy",
    all=routes.LIST_POLICIES,
    single=routes.READ_POLICY,
    id_of=lambda item: item.policy_id,
    listing="trueup policy list",
    line=lambda item: text_of(item.name),
    names_of=lambda item: (item.name,),
)
TEMPLATE: Final[Related[wire.Template]] = Related(
    noun="template",
    all=routes.LIST_TEMPLATES,
    single=routes.READ_TEMPLATE,
    id_of=lambda item: item.template_id,
    listing="trueup template list",
    line=lambda item: text_of(item.resource_id or item.name),
    names_of=lambda item: (item.name, item.resource_id),
)
AGENT: Final[Related[wire.Agent]] = Related(
    noun="agent",
    all=routes.LIST_AGENTS,
    id_of=lambda item: item.agent_id,
    listing="trueup agent list",
    line=lambda item: f"{text_of(item.host)}  {text_of(item.state)}",
    names_of=lambda item: (item.host,),
)
TOKEN: Final[Related[wire.Token]] = Related(
    noun="token",
    all=routes.LIST_TOKENS,
    id_of=lambda item: item.token_id,
    listing="trueup token list",
    line=lambda item: f"{text_of(item.name)}  {text_of(item.role)}",
    names_of=lambda item: (item.name,),
)
STACK: Final[Related[wire.Stack]] = Related(
    noun="stack",
    all=routes.LIST_STACKS,
    single=routes.READ_STACK,
    id_of=lambda item: item.name,
    listing="trueup stack list",
    line=lambda item: text_of(item.directory),
)


def find_finding(api: Api, given: str, *first: str) -> wire.Finding:
    """Return the finding named by id, address or `STACK/ADDRESS`.

    What is open, or what the filter terms of `first` select, goes before all others. Raises as
    `choose`.
    """
    exact = api.find(routes.READ_FINDING, given) if _ID.fullmatch(given) else None
    if exact is not None:
        return exact
    try:
        return choose(_searched(api, given, *first), FINDING, given)
    except NotFoundError as none_open:
        try:
            return choose(_newest(_searched(api, given, "state:all")), FINDING, given)
        except NotFoundError:
            other = _beginning(api, REMEDIATION, given)
            if other is None:
                raise none_open from None
            raise NotFoundError(
                f"{given} is a remediation of {', '.join(map(text_of, other.addresses))}",
                remedy=f"show it: trueup remediation {other.id[:SHORTEST]}",
            ) from None


def _searched(api: Api, given: str, *terms: str) -> Iterator[wire.Finding]:
    """Yield what `given` may name; the daemon searches where it can."""
    words = list(terms)
    if not _ID.fullmatch(given) and '"' not in given:
        words += [f'"{part}"' for part in given.split("/", maxsplit=1)[-1:]]
    return api.each(routes.LIST_FINDINGS, filter=" ".join(words) or None)


def _newest(findings: Iterable[wire.Finding]) -> list[wire.Finding]:
    """Return the newest finding of each resource, so that an address names one."""
    newest: dict[tuple[str, str], wire.Finding] = {}
    for finding in findings:
        key = (finding.stack, finding.address)
        if key not in newest or newest[key].last_seen < finding.last_seen:
            newest[key] = finding
    return list(newest.values())


def find_remediation(api: Api, given: str) -> wire.Remediation:
    """Return the remediation that `given` names.

    Raises:
        NotFoundError: there is none; where it names a finding or a run, which one belongs to it.
        PermanentError: there are several.
    """
    try:
        return find_one(api, REMEDIATION, given)
    except NotFoundError:
        other = _of_another_kind(api, given)
        if other is None:
            raise
        raise other from None


def _of_another_kind(api: Api, given: str) -> NotFoundError | None:
    """Return what to say where a finding or a run was named instead of a remediation."""
    if (run := _beginning(api, RUN, given)) is not None:
        return NotFoundError(f"{given} is a run", remedy=_for_its(run.remediation_id))
    try:
        finding = find_finding(api, given)
    except ReconcilerError:
        return None
    remediations = remediations_of(api, finding)
    remedy = (
        _for_its(remediations[0].id)
        if remediations
        else f"it has no remediation; request one: trueup remediate {safe(given)}"
    )
    return NotFoundError(f"{safe(given)} is a finding", remedy=remedy)


def _for_its(remediation_id: str) -> str:
    """Return the command that was given, with the remediation in place of what it belongs to."""
    context = click.get_current_context()
    required = [
        f" {option.opts[0]} WHY"
        for option in context.command.params
        if isinstance(option, click.Option) and option.required
    ]
    command = f"{context.command_path} {remediation_id[:SHORTEST]}{''.join(required)}"
    return f"name its remediation: {command}"


def _beginning(api: Api, related: Related[T], given: str) -> T | None:
    if not _ID.fullmatch(given) or len(given) < _LEAST:
        return None
    items = api.each(related.all)
    return next((item for item in items if related.id_of(item).startswith(given)), None)


def remediations_of(api: Api, finding: wire.Finding) -> list[wire.Remediation]:
    """Return the remediations of one finding, newest first."""
    wanted = (
        item
        for item in api.each(routes.LIST_REMEDIATIONS, stack=finding.stack)
        if finding.id in item.finding_ids
    )
    return sorted(wanted, key=lambda item: item.created_at, reverse=True)
