"""Which differences replace a resource because its program says so: `replaceOnChanges`.

Source: `applyReplaceOnChanges` in pkg/resource/deploy/step_generator.go of pulumi/pulumi 3.259.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iac_adapters.pulumi.property_paths import covered, parse_property_path
from iac_adapters.pulumi.provider import DiffAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from reconciler.domain.model import Drifted, Verdict


def replacing_answer(answer: DiffAnswer, paths: Sequence[str]) -> DiffAnswer:
    """Return the provider's `answer` as the engine reads it for a resource with these `paths`."""
    if not paths or answer.verdict is not Said.DIFFERENT:
        return answer
    forcing = [parse_property_path(path) for path in paths]
    names = [name for name in answer.properties if covered(parse_property_path(name), forcing)]
    return replace(
        answer,
        replacing=tuple(dict.fromkeys((*answer.replacing, *names))),
        paths={
            path: forces or covered(parse_property_path(path), forcing)
            for path, forces in answer.paths.items()
        },
    )


def replacing_verdict(verdict: Verdict, answer: DiffAnswer, paths: Sequence[str]) -> Verdict:
    """Return `verdict` of a resource whose provider compares nothing: then the engine does."""
    if not paths or answer.verdict is not Said.UNKNOWN or not isinstance(verdict, Drifted):
        return verdict
    forcing = [parse_property_path(path) for path in paths]
    changes = tuple(
        replace(change, forces_replacement=covered(parse_property_path(change.path)[:1], forcing))
        for change in verdict.changes
    )
    replaced = any(change.forces_replacement for change in changes)
    return replace(verdict, changes=changes, requires_replace=verdict.requires_replace or replaced)
