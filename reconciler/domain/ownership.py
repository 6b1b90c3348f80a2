"""Who else writes a resource, as its tags and labels say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

Json = Mapping[str, Any]

_TAGS: Final = ("tags", "tags_all", "labels", "annotations")
_OWNERS: Final = (
    ("aws:cloudformation:stack-name", "CloudFormation stack {}"),
    ("aws:autoscaling:groupName", "Auto Scaling group {}"),
    ("argocd.argoproj.io/instance", "Argo CD application {}"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux kustomization {}"),
    ("helm.toolkit.fluxcd.io/name", "Flux release {}"),
    ("crossplane.io/claim-name", "Crossplane claim {}"),
)
_MANAGED_BY: Final = (
    "trueup/managed-by",
    "managed-by",
    "ManagedBy",
    "app.kubernetes.io/managed-by",
)
_OURS: Final = frozenset({"terraform", "opentofu", "tofu", "pulumi", "trueup"})


def owner_of(details: Json) -> str | None:
    """Return the other system that a live tag in a finding's `details` gives the resource to.

    A tag that names Terraform, OpenTofu, Pulumi or trueup names no other.
    """
    tags = dict(_live_tags(details))
    for name in _MANAGED_BY:
        owner = tags.get(name)
        if owner and owner.lower() not in _OURS:
            return owner
    return None


def other_writer(details: Json) -> str | None:
    """Return who else may have written the resource, as far as its live tags say."""
    tags = dict(_live_tags(details))
    for name, words in _OWNERS:
        if tags.get(name):
            return words.format(tags[name])
    return owner_of(details)


def _live_tags(details: Json) -> Iterator[tuple[str, str]]:
    """Yield the tags that changed, as they are live: a whole map, or one tag by its path."""
    for change in details.get("changes") or ():
        path, live = change.get("path") or "", change.get("live")
        top, _, rest = str(path).replace('["', ".").replace('"]', "").partition(".")
        if top not in _TAGS:
            continue
        if isinstance(live, dict):
            yield from ((str(key), value) for key, value in live.items() if isinstance(value, str))
        elif rest and isinstance(live, str):
            yield rest, live
