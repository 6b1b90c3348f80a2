"""The kinds of things that have ids, and how one is found from what somebody typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.cli.client.api import Api
from reconciler.cli.identities import Kin, choose
from reconciler.cli.words import spoken, text_of
from reconciler.domain.errors import NotFoundError
from reconciler.domain.records import Json

_ID: Final = re.compile(r"[A-Za-z0-9_-]+")
"""What may be an id, or its beginning; an address has a dot or a colon in it."""

FINDING: Final = Kin(
    noun="finding",
    key="id",
    listing="trueup findings",
    line=lambda one: f"{text_of(one['stack'])}  {text_of(one['address'])}  {one['state']}",
    names=("address", "resource_id"),
)
REMEDIATION: Final = Kin(
    noun="remediation",
    key="id",
    listing="trueup remediations",
    line=lambda one: f"{text_of(one['stack'])}  {spoken(one['state'])}",
)
RUN: Final = Kin(
    noun="run",
    key="id",
    listing="trueup runs",
    line=lambda one: f"{text_of(one['stack'])}  {spoken(one['state'])}  {one['started_at']}",
)
POLICY: Final = Kin(
    noun="policy",
    key="policy_id",
    listing="trueup policy list",
    line=lambda one: text_of(one["name"]),
    names=("name",),
)
TEMPLATE: Final = Kin(
    noun="template",
    key="template_id",
    listing="trueup template list",
    line=lambda one: text_of(one.get("resource_id") or one.get("name")),
    names=("name", "resource_id"),
)
TOKEN: Final = Kin(
    noun="token",
    key="token_id",
    listing="trueup token list",
    line=lambda one: f"{text_of(one['name'])}  {text_of(one['role'])}",
    names=("name",),
)
STACK: Final = Kin(
    noun="stack",
    key="name",
    listing="trueup stack list",
    line=lambda one: text_of(one["directory"]),
)


def find_finding(api: Api, given: str) -> Json:
    """Return the finding named by id, address or `STACK/ADDRESS`.

    What is open goes before what has healed. Raises as `choose`.
    """
    exact = api.find("findings", given) if _ID.fullmatch(given) else None
    if exact is not None:
        return exact
    try:
        return choose(_searched(api, given), FINDING, given)
    except NotFoundError as none_open:
        try:
            return choose(_newest(_searched(api, given, "state:all")), FINDING, given)
        except NotFoundError:
            raise none_open from None


def _searched(api: Api, given: str, *terms: str) -> Iterator[Json]:
    """Yield what `given` may name; the daemon searches where it can."""
    words = list(terms)
    if not _ID.fullmatch(given) and '"' not in given:
        words += [f'"{part}"' for part in given.split("/", maxsplit=1)[-1:]]
    return api.each("findings", filter=" ".join(words) or None)


def _newest(findings: Iterable[Json]) -> list[Json]:
    """Return the newest finding of each resource, so that an address names one."""
    newest: dict[tuple[str, str], Json] = {}
    for one in findings:
        key = (one["stack"], one["address"])
        if key not in newest or newest[key]["last_seen"] < one["last_seen"]:
            newest[key] = one
    return list(newest.values())
