"""What the CLI's own refresh says of a stack: our answers are held against it.

Source: engine events of pulumi 3.259. `refresh --preview-only` ends each resource with a
`resOutputsEvent` whose `op` is `same`, `update` or `delete`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iac_adapters.pulumi.events import done_in, events_of
from tests.worlds.pulumi.mutations.mutation import Answer
from tests.worlds.pulumi.project import PulumiProject

_ANSWERS: Final[Mapping[str, Answer]] = {"same": "same", "update": "drifted", "delete": "gone"}
_STREAMED: Final = {"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"}


class OracleFailedError(RuntimeError):
    """The refresh did not come to an answer for every resource; its last words are the message."""


def refresh_answers(
    project: PulumiProject, variables: Mapping[str, str] | None = None
) -> dict[str, Answer]:
    """Return the CLI's answer for each resource by logical name; nothing is written anywhere.

    Raises:
        CliFailedError: it ended with an error.
        OracleFailedError: it did not finish.
    """
    out = project.run(
        "refresh", "--preview-only", "--json", variables={**_STREAMED, **(variables or {})}
    )
    events = list(events_of(out.encode()))
    steps = [step for event in events if (step := done_in(event)) is not None]
    begun = {step.urn for step in steps if step.stage == "pre"}
    ended = {step.urn: _ANSWERS[step.op] for step in steps if step.stage == "outputs"}
    is_whole = any("summaryEvent" in event for event in events)
    if not is_whole or begun - ended.keys():
        raise OracleFailedError(out[-2000:])
    return {urn.rpartition("::")[2]: answer for urn, answer in ended.items()}
