"""What a scan of a Pulumi stack could not look at, as warnings of its context."""

from __future__ import annotations

from dataclasses import replace

from iac_adapters.pulumi.children.looking import Look
from iac_adapters.pulumi.cli_engine import CliRefresh
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import Evaluation
from iac_adapters.pulumi.evaluations import missing_host


def with_evaluation(context: Context, evaluation: Evaluation | None) -> Context:
    """Return `context` with a warning where the program was not run, or not as a whole."""
    if evaluation is None:
        host = missing_host(context)
        said = f"the program was not run: {host} is not installed" if host is not None else ""
    else:
        said = "" if evaluation.whole else "`pulumi preview` refuses what the code imports"
    if not said:
        return context
    warning = f"{said}; changes of the code that are not applied yet are not shown"
    return replace(context, warnings=(*context.warnings, warning))


def with_look(context: Context, look: Look) -> Context:
    """Return `context` with a warning where nobody can be asked for added children."""
    if not look.failure:
        return context
    warning = f"children that no code declares are not asked for: {look.failure}"
    return replace(context, warnings=(*context.warnings, warning))


def with_refresh(context: Context, found: CliRefresh) -> Context:
    """Return `context` with a warning where the CLI did not tell what follows from drift."""
    if not found.unasked:
        return context
    warning = f"what an update changes because of drift elsewhere is not shown: {found.unasked}"
    return replace(context, warnings=(*context.warnings, warning))
