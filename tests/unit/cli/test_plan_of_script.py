"""A plan that runs a script says all that will run, in both places where people approve it."""

from __future__ import annotations

from reconciler.cli.paint import Paint
from reconciler.cli.plan_lines import plan_lines
from reconciler.wire.decoding import decode
from reconciler.wire.plans import Plan
from tui.ink import Line
from tui.lines.plan import plan_lines as drawn_lines

PLAN = decode(
    Plan,
    {
        "stack": "shop",
        "targets": ["thing.a"],
        "summary": "1 script to run for 1 resource",
        "digest": "d" * 64,
        "resources": [{"address": "thing.a", "type": "thing", "action": "script", "changes": []}],
        "script": {
            "name": "fix",
            "path": "/srv/scripts/fix",
            "sha256": "a" * 64,
            "seconds": 60.0,
            "memory": 2**29,
            "processes": 64,
            "open_files": 256,
            "file_size": 2**24,
            "disk": 2**28,
            "network": False,
            "isolated": True,
            "environment": ["AWS_REGION"],
            "given": {"findings": [{"address": "thing.a"}]},
            "lack": "no namespaces here",
        },
    },
)
SAID = (
    "> script",
    "/srv/scripts/fix",
    "a" * 64,
    "at most 60 s, 512 MiB of memory per process, 64 processes",
    "without network",
    "AWS_REGION",
    '"address": "thing.a"',
    "no namespaces here",
)


def _text(drawn: Line) -> str:
    return "".join(span.text for span in drawn)


def test_a_plan_of_a_script_shows_the_file_its_hash_limits_and_input() -> None:
    shown = "\n".join(plan_lines(PLAN, paint=Paint()))
    drawn = "\n".join(map(_text, drawn_lines(PLAN)))
    for words in SAID:
        assert words in shown
        assert words in drawn
